"""One broken segment never stops the others, and says what is wrong with it."""

from datetime import datetime

import pyarrow as pa
import pytest

from tenure.base.errors import TenureError
from tenure.segments import api as segments
from tenure.segments.compiling.needs import Facts
from tenure.segments.membership.compiled import Definitions
from tenure.segments.membership.engine import Engine
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


def test_what_fails_only_over_everybody_is_set_aside(
    live_shop: LiveShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_shop.save("broken", {"kind": "score", "dimension": "r", "bound": {"at_least": 4}})
    live_shop.save("viewers", VIEWED)
    live_shop.tell("ada", "Product Viewed")
    read = Engine._read_everybody

    def fail(self: Engine, definitions: Definitions, now: datetime) -> pa.Table:
        if any(saved.segment.name == "broken" for saved in definitions.segments):
            raise ValueError("too deep")
        return read(self, definitions, now)

    monkeypatch.setattr(Engine, "_read_everybody", fail)
    assert segments.rebuild_segments().names == ("viewers",)
    assert "too deep" in segments.get_segment("broken").trouble
    assert live_shop.members("viewers") == {"ada"}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Vienna", "America/New_York"])
def test_the_first_and_the_last_day_there_is_are_days(
    live_shop: LiveShop, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TENURE_TIMEZONE", zone)
    live_shop.save("ever", {**VIEWED, "window": {"from": "0001-01-01", "to": "9999-12-31"}})
    live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("ever") == {"ada"}
    assert segments.get_segment("ever").trouble == ""


@pytest.mark.parametrize("value", ["", [], "a" * 100_000])
def test_a_product_without_a_fitting_value_is_an_error_with_its_place(value: object) -> None:
    with pytest.raises(TenureError, match="rule: value") as caught:
        segments.parse_segment({"name": "buyers", "rule": {"kind": "bought", "value": value}})
    assert caught.value.code == "bad_rule"
