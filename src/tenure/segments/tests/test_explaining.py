"""Why somebody is in a segment, rule by rule, with what decides and when it changes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tenure.base import clock
from tenure.base.errors import NotFoundError
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.lake import api as lakes
from tenure.segments import api
from tenure.segments.definitions.definition import parse_segment
from tenure.segments.definitions.explaining import explain_node
from tenure.segments.definitions.library import save_segment
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.models import StaticList
from tenure.segments.rules import KINDS
from tenure.segments.rules.parsing import parse_rules

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def tell(user: str, *told: tuple[str, float, dict[str, object]]) -> None:
    """Events of one customer: name, days ago, properties."""
    rows = [
        events.NewEvent("track", name, properties, NOW - timedelta(days=days), user_id=user).as_row(NOW)
        for name, days, properties in told
    ]
    events.append_batch(events.build_batch(rows))


def explain(rule: dict[str, object], user: str = "ada") -> api.Explanation:
    save_segment(parse_segment({"name": "asked", "title": "Asked", "rule": rule}), "test")
    customer_id = customers.find_customer_id(user)
    assert customer_id is not None
    return api.explain_segment("asked", customer_id)


@pytest.fixture(autouse=True)
def at_noon(services):
    with clock.virtual(NOW):
        yield


def findings(reason) -> dict[str, object]:
    return {one.label: one.value for one in reason.findings}


def test_the_events_that_decide_are_named_latest_first_and_at_most_five():
    tell("ada", *(("Product Viewed", day, {"name": f"Bean {day}"}) for day in range(1, 9)))
    told = explain(
        {"kind": "event", "event": "Product Viewed", "times": {"at_least": 3}, "window": {"days": 30}}
    )
    assert told.is_member
    assert findings(told.reason)["how often"] == 8
    assert [one.what for one in told.reason.evidence] == [f"Looked at Bean {day}" for day in range(1, 6)]


def test_the_answer_changes_when_enough_events_have_left_the_window():
    tell("ada", *(("Product Viewed", day, {}) for day in range(1, 6)))
    told = explain(
        {"kind": "event", "event": "Product Viewed", "times": {"at_least": 3}, "window": {"days": 30}}
    )
    assert told.reason.next_change_at == NOW + timedelta(days=25)
    assert told.changes_at == NOW + timedelta(days=27)


def test_somebody_who_never_did_it_is_explained_by_a_nought():
    tell("ada", ("Product Viewed", 1, {}))
    told = explain(
        {"kind": "event", "event": "Order Completed", "times": {"exactly": 0}, "window": {"days": 30}}
    )
    assert told.is_member
    assert findings(told.reason) == {"how often": 0, "last": None}
    assert told.reason.evidence == ()
    assert told.changes_at is None
    assert told.looked_until_at is None


def test_groups_are_answered_part_by_part():
    tell("ada", ("Product Viewed", 1, {}), ("Order Completed", 2, {"order_id": "1", "total": 20}))
    bought = {"kind": "total", "function": "sum", "event": "Order Completed", "property": "total"}
    told = explain(
        {
            "all": [
                {"not": {"kind": "event", "event": "Product Removed"}},
                {"any": [{**bought, "bound": {"more_than": 50}}, {**bought, "bound": {"more_than": 10}}]},
            ]
        }
    )
    first, second = told.reason.parts
    assert (told.is_member, first.holds, second.holds) == (True, True, True)
    assert [part.holds for part in (*first.parts, *second.parts)] == [False, False, True]
    assert second.parts[0].place == "rule.all[1].any[0]"
    assert findings(second.parts[0])["total of total"] == 20


def test_only_her_own_events_count_and_those_merged_into_her():
    tell("ada", ("Product Viewed", 1, {}))
    tell("bob", ("Product Viewed", 1, {}), ("Product Viewed", 2, {}))
    rule = {"kind": "event", "event": "Product Viewed", "times": {"at_least": 3}}
    assert findings(explain(rule).reason)["how often"] == 1
    ada, bob = customers.find_customer_id("ada"), customers.find_customer_id("bob")
    lakes.current().write(
        lambda tx: tx.execute(
            f"INSERT INTO merges (merge_id, from_customer_id, into_customer_id, merged_at) VALUES (1, {bob}, {ada}, TIMESTAMP '2026-05-20 11:00:00')"
        )
    )
    told = explain(rule)
    assert (told.is_member, findings(told.reason)["how often"]) == (True, 3)


def test_products_in_orders_and_attributes_and_lists_are_shown():
    products = [{"product_id": "85123A", "name": "Lantern", "quantity": 2, "price": 9.5}]
    tell("ada", ("Order Completed", 3, {"order_id": "7", "total": 19, "products": products}))
    told = explain(
        {
            "all": [
                {"kind": "bought", "of": "product", "value": "85123A"},
                {"kind": "attribute", "name": "country", "operator": "unknown"},
            ]
        }
    )
    bought, country = told.reason.parts
    assert [(one.what, one.detail) for one in bought.evidence] == [("2 x Lantern, 19.00", "order 7")]
    assert findings(bought)["orders"] == 1
    assert findings(country) == {"country": None}
    listed = StaticList.objects.create(
        name="fair", title="Fair", source="test", created_by="test", created_at=NOW
    )
    ada = customers.find_customer_id("ada")
    lakes.current().write(
        lambda tx: tx.execute(
            f"INSERT INTO list_members VALUES ({listed.pk}, {ada}, TIMESTAMP '2026-05-01 00:00:00')"
        )
    )
    told = explain({"kind": "list", "name": "fair"})
    assert told.is_member
    assert [one.what for one in told.reason.evidence] == ["Put on the list"]


def test_another_segment_is_explained_by_its_own_rules():
    tell("ada", ("Product Viewed", 1, {}))
    lookers = {"name": "lookers", "rule": {"kind": "event", "event": "Product Viewed"}}
    save_segment(parse_segment(lookers), "test")
    told = explain({"not": {"kind": "segment", "name": "lookers"}})
    assert not told.is_member
    (inside,) = told.reason.parts
    assert inside.sentence == "is in the segment lookers"
    assert [part.sentence for part in inside.parts] == ["did “Product Viewed”"]
    assert inside.parts[0].evidence


def test_an_explanation_is_plain_data():
    tell("ada", ("Product Viewed", 1, {"name": "x'; DROP TABLE events; --", "price": 1.5}))
    told = explain(
        {
            "kind": "event",
            "event": "Product Viewed",
            "where": [{"property": "name", "value": "x'; DROP TABLE events; --"}],
            "window": {"days": 2},
        }
    )
    written = json.loads(json.dumps(told.as_dict()))
    assert written["is_member"] is True
    assert written["reason"]["evidence"][0]["at"] == (NOW - timedelta(days=1)).isoformat()
    assert written["changes_at"] == (NOW + timedelta(days=1)).isoformat()


def test_what_does_not_exist_is_said():
    tell("ada", ("Product Viewed", 1, {}))
    with pytest.raises(NotFoundError, match="no segment 'nothing'"):
        api.explain_segment("nothing", 1)
    explain({"kind": "event", "event": "Product Viewed"})
    with pytest.raises(NotFoundError, match="no customer 999"):
        api.explain_segment("asked", 999)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_is_explained(kind):
    tell("ada", ("Product Viewed", 1, {}), ("Order Completed", 2, {"order_id": "1", "total": 20}))
    ada, around = customers.find_customer_id("ada"), look_around()
    for example in kind.examples:
        told = explain_node(parse_rules({"all": [example, {"not": example}]}), ada, around)
        rule, negated = told.reason.parts
        assert (told.reason.holds, rule.holds) == (False, not negated.holds)
        assert rule.sentence
