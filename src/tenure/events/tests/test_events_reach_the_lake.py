import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.events.tracking import decode_batch
from tenure.lake import api as lakes

pytestmark = ON_EVERY_ENGINE

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def send(*calls: dict[str, Any]) -> None:
    decoded = decode_batch(
        json.dumps({"batch": calls}).encode(), NOON + timedelta(days=30), "test", False, True
    )
    assert decoded.rejections == []
    events.current().inbox.accept_and_wait(len(decoded.rows), events.encode_rows(decoded.rows))
    events.wait_until_folded()


def identify(user_id: str, at: datetime = NOON, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user_id, "traits": traits, "timestamp": at.isoformat()}


def track(event: str, at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "timestamp": at.isoformat(), **fields}


def order(user_id: str, order_id: str, total: float, at: datetime = NOON) -> dict[str, Any]:
    return track("Order Completed", at, userId=user_id, properties={"order_id": order_id, "total": total})


def count_events() -> int:
    return int(lakes.current().read_value(lakes.table("events").count().as_table()))


def test_an_accepted_event_is_on_the_customers_timeline(services: object) -> None:
    send(identify("alice", email=" Alice@Example.com ", firstName="Alice"), order("alice", "o1", 40))
    view = customers.get_customer_by_identifier("alice@example.com")
    assert (view.customer_id, view.email, view.name) == ("alice", "alice@example.com", "Alice")
    assert (view.order_count, float(view.revenue)) == (1, 40.0)
    assert [event.event for event in view.events] == ["Order Completed", None]


def test_a_message_sent_twice_is_kept_once(services: object) -> None:
    message = {**order("alice", "o1", 40), "messageId": "m-1"}
    send(message, message)
    send(message)
    assert count_events() == 1
    assert customers.get_customer_by_identifier("alice").order_count == 1


def test_a_refund_lowers_revenue_and_a_full_one_unpays_the_order(services: object) -> None:
    send(order("alice", "o1", 40), order("alice", "o2", 60))
    send(track("Order Refunded", userId="alice", properties={"order_id": "o1", "total": 15}))
    view = customers.get_customer_by_identifier("alice")
    assert (view.order_count, float(view.revenue)) == (2, 85.0)
    send(track("Order Cancelled", userId="alice", properties={"order_id": "o2"}))
    view = customers.get_customer_by_identifier("alice")
    assert (view.order_count, float(view.revenue)) == (1, 25.0)


def test_a_refund_that_arrives_before_its_order_counts_the_same(services: object) -> None:
    later = NOON + timedelta(hours=-1)
    send(track("Order Refunded", NOON, userId="alice", properties={"order_id": "o1", "total": 15}))
    assert float(customers.get_customer_by_identifier("alice").revenue) == -15.0
    send(order("alice", "o1", 40, later))
    view = customers.get_customer_by_identifier("alice")
    assert (view.order_count, float(view.revenue)) == (1, 25.0)


def test_an_anonymous_visitor_who_signs_in_keeps_her_history(services: object) -> None:
    send(identify("alice", email="alice@example.com"))
    send(track("Product Viewed", anonymousId="cookie-1"))
    assert customers.find_customer_id("cookie-1") != customers.find_customer_id("alice")
    send({**identify("alice"), "anonymousId": "cookie-1"})
    view = customers.get_customer_by_identifier("cookie-1")
    assert view.customer_id == "alice"
    assert view.event_count == 3
    assert view.email == "alice@example.com"
    assert "Product Viewed" in [event.event for event in view.events]
    assert lakes.current().read_value(customers.build_customers().count().as_table()) == 1


def test_an_unknown_visitor_becomes_the_known_customer_without_a_merge(services: object) -> None:
    send(track("Product Viewed", anonymousId="cookie-1"))
    send({**identify("alice"), "anonymousId": "cookie-1"})
    view = customers.get_customer_by_identifier("alice")
    assert (view.customer_id, view.event_count) == ("alice", 2)
    assert lakes.current().read_value(lakes.table("merges").count().as_table()) == 0


def test_two_people_on_one_device_stay_two_people(services: object) -> None:
    send({**identify("alice"), "anonymousId": "kiosk"})
    send({**identify("bob"), "anonymousId": "kiosk"})
    assert customers.find_customer_id("alice") != customers.find_customer_id("bob")


def test_an_alias_joins_two_known_customers_because_it_says_so(services: object) -> None:
    send(order("old", "o1", 10), order("new", "o2", 20))
    send({"type": "alias", "previousId": "old", "userId": "new"})
    assert customers.find_customer_id("old") == customers.find_customer_id("new")
    view = customers.get_customer_by_identifier("old")
    assert (view.customer_id, view.order_count, float(view.revenue)) == ("new", 2, 30.0)


def test_the_latest_value_of_a_trait_wins_whatever_the_order_of_arrival(services: object) -> None:
    send(identify("alice", NOON, city="Oslo", plan="pro"))
    send(identify("alice", NOON - timedelta(days=1), city="Bergen", shoe_size=38))
    view = customers.get_customer_by_identifier("alice")
    assert view.traits == {"city": "Oslo", "plan": "pro", "shoe_size": 38}
    send(identify("alice", NOON + timedelta(days=1), plan=None))
    assert "plan" not in customers.get_customer_by_identifier("alice").traits


def test_an_order_without_a_customer_counts_for_the_shop_only(services: object) -> None:
    import pyarrow as pa

    row = (
        "m1",
        "track",
        "Order Completed",
        None,
        None,
        None,
        None,
        None,
        0,
        0,
        '{"order_id":"x","total":9}',
        None,
        "t",
    )
    events.append_batch(events.build_batch([row]))
    orders = customers.build_orders()
    assert isinstance(lakes.current().read(orders), pa.Table)
    assert float(lakes.current().read_value(orders.net_amount.sum().as_table())) == 9.0
    assert lakes.current().read_value(customers.build_customers().count().as_table()) == 0


def test_events_survive_a_restart_between_the_inbox_and_the_lake(services: Any) -> None:
    decoded = decode_batch(json.dumps({"batch": [order("alice", "o1", 40)]}).encode(), NOON, "t", True, True)
    events.current().inbox.accept_and_wait(1, events.encode_rows(decoded.rows))
    assert count_events() == 0
    services.pump.drain()
    services.pump.drain()
    assert count_events() == 1


def test_customers_have_their_segment_right_after_an_import(services: object, tmp_path: Path) -> None:
    from tenure.events.imports import api as imports

    file = tmp_path / "orders.csv"
    file.write_text("order_id,customer_id,ordered_at,amount\no1,alice,2026-01-05,40\no2,bob,2026-01-06,10\n")
    imports.run_import("orders", file)
    view = customers.get_customer_by_identifier("alice")
    assert (view.segment, view.f) == ("Falling Asleep Customers", 1)


def test_a_chain_of_merges_in_one_batch_ends_at_one_customer(services: object) -> None:
    for name in ("a", "b", "c", "d"):
        send(order(name, f"o-{name}", 10))
    send(
        {"type": "alias", "previousId": "a", "userId": "b"},
        {"type": "alias", "previousId": "b", "userId": "c"},
        {"type": "alias", "previousId": "c", "userId": "d"},
        {"type": "alias", "previousId": "d", "userId": "a"},
    )
    view = customers.get_customer_by_identifier("a")
    assert (view.customer_id, view.order_count, float(view.revenue)) == ("d", 4, 40.0)
    assert sorted(view.identifiers["user_id"]) == ["a", "b", "c", "d"]
    assert lakes.current().read_value(customers.build_customers().count().as_table()) == 1
    merges = lakes.table("merges")
    assert lakes.current().read_value(merges.into_customer_id.nunique().as_table()) == 1


def test_a_mail_that_we_send_does_not_mean_that_the_customer_was_seen(services: object) -> None:
    send(order("alice", "o1", 40))
    before = customers.get_customer_by_identifier("alice")
    later = NOON + timedelta(days=3)
    events.record(events.NewEvent("track", "Email Sent", {}, later, customer_id=before.id))
    events.wait_until_folded()
    view = customers.get_customer_by_identifier("alice")
    assert (view.last_seen_at, view.event_count) == (before.last_seen_at, 2)
    events.record(events.NewEvent("track", "Email Opened", {}, later, customer_id=before.id))
    events.wait_until_folded()
    assert customers.get_customer_by_identifier("alice").last_seen_at == later


def test_absurd_amounts_stop_nobody(services: Any) -> None:
    send(*[order("rich", f"o{number}", 999_999_999_999) for number in range(3)])
    send(*[order("rich", f"p{number}", 999_999_999_999) for number in range(150)])
    send(order("rich", "q", 99_999_999_999_999))
    send(track("Order Refunded", userId="rich", properties={"order_id": "q", "total": 5}))
    assert services.inbox.count_parked() == 0
    assert customers.get_customer_by_identifier("rich").order_count == 153


def test_orders_with_an_empty_id_stay_apart(services: object) -> None:
    send(order("alice", "", 10), order("alice", " ", 10))
    view = customers.get_customer_by_identifier("alice")
    assert (view.order_count, float(view.revenue)) == (2, 20.0)


def test_only_a_currency_code_is_taken_as_a_currency(services: object) -> None:
    for number, currency in enumerate(["eur", "x" * 5_000, "<b>", None]):
        send(
            track(
                "Order Completed",
                userId="a",
                properties={"order_id": f"o{number}", "total": 1, "currency": currency},
            )
        )
    rows = lakes.current().read_rows(lakes.table("order_events").select("currency").distinct())
    assert {row["currency"] for row in rows} == {"EUR", None}
