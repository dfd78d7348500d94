"""One broken segment never stops the others, and says what is wrong with it."""

import pytest

from tenure.segments import api as segments
from tenure.segments.compiling.needs import Facts
from tenure.segments.rules.base import Surroundings
from tenure.segments.rules.score import ScoreRule
from tenure.segments.tests.conftest import LiveShop

VIEWED = {"kind": "event", "event": "Product Viewed"}


def test_a_segment_that_cannot_be_evaluated_is_set_aside(
    live_shop: LiveShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_shop.save("viewers", VIEWED)

    def fail(self: ScoreRule, facts: Facts, around: Surroundings) -> None:
        raise ValueError("a bug in a rule")

    monkeypatch.setattr(ScoreRule, "build", fail)
    live_shop.save("broken", {"kind": "score", "dimension": "r", "bound": {"at_least": 4}})
    live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("viewers") == {"ada"}
    assert "a bug in a rule" in segments.get_segment("broken").trouble
    assert segments.get_segment("viewers").trouble == ""


def test_who_is_suppressed_is_not_reachable_any_more(live_shop: LiveShop) -> None:
    from tenure.customers import api as customers

    live_shop.save("reachable", {"kind": "reachable", "channel": "email"})
    live_shop.tell("ada", "identify", email="ada@example.com")
    live_shop.tell("bob", "identify", email="bob@example.com")
    assert live_shop.members("reachable") == {"ada", "bob"}
    customers.suppress("email", "ada@example.com", "complaint")
    live_shop.tell("bob", "Product Viewed")
    assert live_shop.members("reachable") == {"bob"}


def test_a_deleted_segment_leaves_nobody_in_the_next_one(live_shop: LiveShop) -> None:
    live_shop.save("viewers", VIEWED)
    live_shop.tell("ada", "Product Viewed")
    segments.delete_segment("viewers", "test")
    live_shop.save("buyers", {"kind": "event", "event": "Order Completed"})
    assert live_shop.members("buyers") == set()
