"""Membership follows every event, and the mere passing of time to the second."""

from datetime import timedelta

import pytest

from tenure.base import clock
from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.segments.tests.conftest import LiveShop

pytestmark = ON_EVERY_ENGINE

VIEWED_TWICE = {"kind": "event", "event": "Product Viewed", "times": {"at_least": 2}, "window": {"days": 7}}


def test_an_event_moves_a_customer_in_at_once(live_shop: LiveShop) -> None:
    live_shop.save("keen", VIEWED_TWICE)
    live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("keen") == set()
    live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("keen") == {"ada"}
    assert live_shop.told("Segment Entered") == [("ada", "keen")]


def test_time_moves_her_out_on_the_second_it_is_due(live_shop: LiveShop) -> None:
    live_shop.save("keen", VIEWED_TWICE)
    live_shop.tell("ada", "Product Viewed")
    live_shop.move(hours=1)
    live_shop.tell("ada", "Product Viewed")
    live_shop.move(days=7, hours=-1, seconds=-1)
    assert live_shop.members("keen") == {"ada"}
    live_shop.move(seconds=1)
    assert live_shop.members("keen") == set()
    assert live_shop.told("Segment Exited") == [("ada", "keen")]


@pytest.mark.parametrize("occurrence", ["first", "last"])
def test_what_time_has_taken_out_is_never_due_again(live_shop: LiveShop, occurrence: str) -> None:
    rule = {"kind": "event", "event": "Product Viewed", "occurrence": occurrence, "window": {"days": 7}}
    live_shop.tell("ada", "Product Viewed", timedelta(days=1))
    live_shop.tell("bob", "Product Viewed", timedelta(days=300))
    live_shop.save("lately", rule)
    assert live_shop.members("lately") == {"ada"}
    assert live_shop.engine.find_due() == clock.now() + timedelta(days=6)
    live_shop.move(days=6)
    assert live_shop.members("lately") == set()
    assert live_shop.engine.find_due() is None


def test_a_definition_takes_who_fits_already_and_tells_nobody(live_shop: LiveShop) -> None:
    live_shop.tell("ada", "Product Viewed", timedelta(days=1))
    live_shop.tell("ada", "Product Viewed", timedelta(days=2))
    live_shop.tell("bob", "Product Viewed", timedelta(days=8))
    live_shop.save("keen", VIEWED_TWICE)
    assert live_shop.members("keen") == {"ada"}
    assert live_shop.told("Segment Entered") == []


def test_a_late_event_counts_where_it_happened(live_shop: LiveShop) -> None:
    live_shop.save("keen", VIEWED_TWICE)
    live_shop.tell("ada", "Product Viewed")
    live_shop.tell("ada", "Product Viewed", timedelta(days=6, hours=23))
    assert live_shop.members("keen") == {"ada"}
    live_shop.move(hours=1)
    assert live_shop.members("keen") == set()


def test_an_event_of_the_future_counts_when_it_is_due(live_shop: LiveShop) -> None:
    live_shop.save("keen", VIEWED_TWICE)
    live_shop.tell("ada", "Product Viewed")
    live_shop.tell("ada", "Product Viewed", -timedelta(hours=2))
    assert live_shop.members("keen") == set()
    live_shop.move(hours=2)
    assert live_shop.members("keen") == {"ada"}


def test_entering_a_segment_is_an_event_that_rules_can_ask_for(live_shop: LiveShop) -> None:
    live_shop.save("keen", VIEWED_TWICE)
    entered = {"property": "segment", "value": "keen"}
    live_shop.save("was-keen", {"kind": "event", "event": "Segment Entered", "where": [entered]})
    for _ in range(2):
        live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("was-keen") == {"ada"}


def test_a_merged_customer_has_the_history_of_both(live_shop: LiveShop) -> None:
    live_shop.save("keen", VIEWED_TWICE)
    first = live_shop.build_row("ada", "Product Viewed", timedelta(0), {})
    unknown = live_shop.build_row("x", "Product Viewed", timedelta(0), {})
    live_shop.tell_all(
        [first, type(first)(**{**unknown.__dict__, "user_id": None, "anonymous_id": "browser"})]
    )
    assert live_shop.members("keen") == set()
    known = live_shop.build_row("ada", "identify", timedelta(0), {})
    live_shop.tell_all([type(first)(**{**known.__dict__, "anonymous_id": "browser"})])
    assert live_shop.members("keen") == {"ada"}


def test_a_trait_of_the_company_moves_everybody_who_belongs_to_it(live_shop: LiveShop) -> None:
    live_shop.save("enterprise", {"kind": "company", "trait": "plan", "value": "enterprise"})
    live_shop.group("ada", "acme", plan="free")
    live_shop.group("bob", "acme")
    assert live_shop.members("enterprise") == set()
    live_shop.group("ada", "acme", plan="enterprise")
    assert live_shop.members("enterprise") == {"ada", "bob"}
    live_shop.group("bob", "other")
    assert live_shop.members("enterprise") == {"ada"}


def test_visits_count_as_sessions(live_shop: LiveShop) -> None:
    live_shop.save("visitors", {"kind": "visits", "bound": {"at_least": 2}, "window": {"days": 7}})
    live_shop.tell("ada", "Product Viewed")
    live_shop.move(minutes=10)
    live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("visitors") == set()
    live_shop.move(minutes=31)
    live_shop.tell("ada", "Product Viewed")
    assert live_shop.members("visitors") == {"ada"}
