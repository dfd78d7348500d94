"""The first page's figures, against a shop small enough to count by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from tenure.base import clock
from tenure.base.models import Job
from tenure.events import api as events
from tenure.insights import api, concerns
from tenure.segments import api as segments

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def now():
    with clock.virtual(NOW) as time:
        yield time


def tell(*told: tuple[str, str, int, dict[str, object]]) -> None:
    """(customer, event, days ago, properties); an empty event name identifies."""
    rows = [
        events.NewEvent(
            type="track" if name else "identify", event=name or None, user_id=user, properties=properties,
            occurred_at=clock.now() - timedelta(days=days), message_id=f"m{number}-{user}",
        ).as_row(clock.now())
        for number, (user, name, days, properties) in enumerate(told)
    ]  # fmt: skip
    events.append_batch(events.build_batch(rows))
    segments.refresh()


def order(user: str, days: int, number: str, total: float) -> tuple[str, str, int, dict[str, object]]:
    return user, "Order Completed", days, {"order_id": number, "total": total, "currency": "EUR"}


def test_the_headline_counts_what_happened(services, now):
    tell(
        ("alice", "", 50, {"email": "alice@example.com"}),
        order("alice", 45, "1", 100),
        order("alice", 10, "2", 60),
        order("bob", 5, "3", 40),
        ("bob", "Order Refunded", 4, {"order_id": "3", "total": 15}),
        ("charlie", "Product Viewed", 3, {"name": "Beans"}),
    )
    head = api.get_dashboard().headline
    assert head.customers_count == 3
    assert head.revenue_amount == Decimal(85)
    assert head.previous_revenue_amount == Decimal(100)
    assert head.revenue_change_share == pytest.approx(-0.15)
    assert (head.buyers_count, head.repeat_buyers_count) == (2, 1)
    assert head.repeat_share == 0.5
    assert (head.reachable_count, head.reachable_share) == (1, pytest.approx(1 / 3))


def test_there_is_no_change_where_there_was_nothing_before(services, now):
    tell(order("alice", 5, "1", 10))
    head = api.get_dashboard().headline
    assert head.revenue_change_share is None
    assert head.previous_lapsed_count is None
    assert api.get_dashboard().movements is None


def test_weeks_run_from_monday_and_part_first_from_repeat_orders(services, now):
    monday = date(2026, 3, 9)
    tell(
        order("alice", 9, "1", 10),
        order("alice", 8, "2", 10),
        order("bob", 3, "3", 10),
        order("bob", 1, "4", 10),
    )
    weeks = {week.week_on: (week.first_count, week.repeat_count) for week in api.list_weeks(clock.today())}
    assert weeks[monday] == (2, 1)
    assert max(weeks) == monday


def test_an_order_without_a_customer_is_revenue_but_nobodys_first(services, now):
    tell(order("alice", 9, "1", 10))
    nobody = events.NewEvent(
        "track", "Order Completed", {"order_id": "x", "total": 5}, NOW - timedelta(days=9)
    )
    events.append_batch(events.build_batch([nobody.as_row(NOW)]))
    dashboard = api.get_dashboard()
    assert dashboard.headline.revenue_amount == Decimal(15)
    assert sum(week.first_count + week.repeat_count for week in dashboard.weeks) == 1


def test_every_customer_is_in_one_phase(services, now):
    tell(order("alice", 400, "1", 10), order("bob", 3, "2", 10), ("charlie", "Product Viewed", 1, {}))
    dashboard = api.get_dashboard()
    phases = {row.phase: row.customers_count for row in dashboard.phases}
    assert sum(phases.values()) == 3
    assert (phases["Acquisition"], phases["Retention"], phases["Reactivation"]) == (1, 1, 1)
    assert dashboard.headline.lapsed_count == 1
    assert sum(row.revenue_share for row in dashboard.phases) == pytest.approx(1)


def test_a_customer_who_fell_silent_has_moved_down(services, now):
    tell(order("alice", 120, "1", 50), order("bob", 110, "2", 10))
    movements = api.get_dashboard().movements
    assert movements.down_count == 2
    assert movements.up_count == 0
    assert {(row.from_phase, row.to_phase) for row in movements.rows} == {("Retention", "Reactivation")}


def test_silence_of_the_tracking_wants_attention(services, now):
    tell(order("alice", 1, "1", 10))
    assert not any("Nothing was received" in one.title for one in api.get_dashboard().concerns)
    now.advance(days=5)
    assert any("Nothing was received" in one.title for one in api.get_dashboard().concerns)


def test_there_is_no_last_campaign_before_the_first(services, now):
    assert api.find_last_campaign() is None


def test_the_last_campaign_is_the_latest_that_is_fully_measured(services, now, monkeypatch):
    class Sent:
        def __init__(self, ident: int, name: str, days_ago: int) -> None:
            self.id, self.name, self.measure_days = ident, name, 14
            self.planned_at = NOW - timedelta(days=days_ago)

    class Report:
        statement = "Earned 4.10 more per customer."

    asked = []
    monkeypatch.setattr(
        api.campaigns,
        "list_campaigns",
        lambda: [*(Sent(9 - n, f"New {n}", n) for n in range(6)), Sent(2, "Old", 20), Sent(1, "Older", 90)],
    )
    monkeypatch.setattr(api.campaigns, "get_report", lambda ident: asked.append(ident) or Report())
    last = api.find_last_campaign()
    assert (last.name, last.is_measuring, asked) == ("Old", False, [2])
    assert [one.name for one in last.others_measuring] == [f"New {n}" for n in range(6)]
    card = render_to_string("insights/_last_campaign.html", {"last": last})
    assert "Last proven campaign" in card
    assert "New 4" in card and "New 5" not in card and "and 1 more" in card


def list_titles() -> list[str]:
    return [one.title for one in api.get_dashboard().concerns]


def test_what_the_machinery_could_not_do_wants_attention(services, now, monkeypatch):
    tell(order("alice", 1, "1", 10))
    assert not any("doubt" in title or "failed" in title or "aside" in title for title in list_titles())
    fail = {
        "kind": "events.import",
        "actor": "a@b.c",
        "created_at": NOW,
        "finished_at": NOW,
        "state": "failed",
    }
    Job.objects.create(**fail, message="It is no table.")
    Job.objects.create(**fail, message="The disk is full.")
    monkeypatch.setattr(concerns.events, "count_parked", lambda: 1)
    campaign = type("Sent", (), {"id": 4, "name": "Hello", "planned_at": NOW})
    monkeypatch.setattr(concerns.campaigns, "list_campaigns", lambda: [campaign])
    monkeypatch.setattr(concerns.channels, "count_outbox", lambda: {"in_doubt": 2})
    monkeypatch.setattr(concerns.channels, "count_states", lambda ident: {"in_doubt": 2})
    found = {one.title: one for one in api.get_dashboard().concerns}
    assert found["2 messages of “Hello” in doubt"].href == "/campaigns/4/#in-doubt"
    assert found["2 imports failed"].text == "The disk is full."
    assert "1 event could not be read and is put aside" in found


def test_a_failed_job_is_settled_by_a_later_one_of_its_kind_or_a_week(services, now):
    tell(order("alice", 1, "1", 10))
    failed = {"kind": "campaigns.send.4", "actor": "a@b.c", "created_at": NOW, "state": "failed"}
    Job.objects.create(**failed, finished_at=NOW - timedelta(days=8))
    assert not any("failed" in title for title in list_titles())
    Job.objects.create(**failed, finished_at=NOW)
    assert "1 sending of a campaign failed" in list_titles()
    Job.objects.create(**{**failed, "state": "done"}, finished_at=NOW)
    assert not any("failed" in title for title in list_titles())


def test_one_customer_is_said_in_the_singular(services, now):
    tell(order("alice", 1, "1", 10))
    assert "1 customer bought once and not again" in list_titles()
