"""The report against what was planted."""

import json
from datetime import timedelta

import numpy as np
import pytest

from tenure.base import clock
from tenure.campaigns import api
from tenure.campaigns.report import compute_total
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels.models import Delivery
from tenure.events import api as events
from tenure.events.api import NewEvent
from tenure.experiments.api import Estimate
from tenure.lake import api as lakes


def send(shop, people, is_out=True, **changes):
    shop.add_customers(people)
    draft = api.create_campaign(make_definition(**changes), "marie@shop.example")
    api.send_campaign(draft.id, "marie@shop.example")
    if is_out:
        Delivery.objects.filter(campaign_id=draft.id).update(state="sent")
        api.settle_all()
    decisions = shop.list_decisions(draft.id)
    return draft.id, {
        arm: sorted(n for n, row in decisions.items() if row[2] == arm) for arm in ("treatment", "control")
    }


def respond(campaign_id, event, customer_id, **more):
    properties = {"campaign_id": campaign_id, "is_bot": False, **more}
    return NewEvent("track", event, properties, clock.now() + timedelta(hours=1), customer_id=customer_id)


def test_the_planted_lift_lies_in_the_interval_and_is_said_in_a_sentence(shop):
    random = np.random.default_rng(3)
    campaign_id, arms = send(shop, 6_000, control_share=0.5)
    spent = {}
    for arm, share in (("treatment", 0.30), ("control", 0.20)):
        buyers = [n for n in arms[arm] if random.random() < share]
        spent |= {n: float(random.gamma(4.0, 10.0)) for n in buyers}
    shop.add_orders(spent)
    shop.time.advance(days=3)
    report = api.get_report(campaign_id)
    found = report.as_dict()
    assert found["difference"]["low"] < 4.0 < found["difference"]["high"]
    assert found["difference"]["low"] > 0
    assert found["assigned"] == {"treatment": len(arms["treatment"]), "control": len(arms["control"])}
    assert sum(found["revenue"].values()) == pytest.approx(sum(round(x, 2) for x in spent.values()))
    assert found["bought"]["control"] == sum(n in spent for n in arms["control"])
    assert found["statement"].startswith("This campaign earned €")
    assert " more per customer, between €" in found["statement"]
    assert not found["sample_ratio"]["is_alarming"]
    people, total = len(arms["treatment"]), found["total_difference"]
    assert total["people_count"] == people
    for part in ("value", "low", "high"):
        assert total[part] == pytest.approx(people * found["difference"][part], abs=total["value"] / 20)
    assert report.total_statement.startswith(
        f"About €{total['value']:,.0f} more in all for the {people:,} people"
    )
    json.dumps(found)


@pytest.mark.parametrize(
    ("estimate", "people", "shown"),
    [
        (Estimate(2.8123, 0.9, 4.7), 2_459, (6_900.0, 2_200.0, 11_600.0)),
        (Estimate(0.01, -2.0, 2.02), 1_000, (0.0, -2_000.0, 2_000.0)),
        (Estimate(0.04, 0.03, 0.05), 100, (4.0, 3.0, 5.0)),
        (Estimate(0.0, 0.0, 0.0), 100, (0.0, 0.0, 0.0)),
    ],
)
def test_the_total_is_rounded_to_what_it_can_carry(estimate, people, shown):
    total = compute_total(estimate, people)
    assert (total.value, total.low, total.high) == shown


def test_without_a_comparison_of_revenue_there_is_no_total():
    assert compute_total(Estimate(None, reason="too_few_buyers"), 100) is None


def test_only_paid_orders_of_the_measuring_time_count(shop):
    campaign_id, _ = send(shop, 40, control_share=0.0, measure_days=14)
    shop.add_orders({1: 10.0}, days_later=-1)
    shop.add_orders({2: 20.0}, days_later=13.9)
    shop.add_orders({3: 40.0}, days_later=14.1)
    shop.add_orders({4: 80.0}, days_later=5)
    shop.add_orders({999: 160.0}, days_later=5)
    shop.time.advance(days=10)
    early = api.get_report(campaign_id)
    assert (early.treatment.buyers_count, early.treatment.revenue.total, early.is_measuring) == (
        1,
        80.0,
        True,
    )
    shop.time.advance(days=10)
    late = api.get_report(campaign_id)
    assert (late.treatment.buyers_count, late.treatment.revenue.total, late.is_measuring) == (2, 100.0, False)
    assert late.treatment.revenue.total_of_squares == 80.0**2 + 20.0**2


def test_two_orders_of_one_person_are_one_buyer(shop):
    campaign_id, _ = send(shop, 40, control_share=0.0)
    shop.add_orders({1: 10.0})
    shop.add_orders({1: 30.0})
    shop.time.advance(days=3)
    report = api.get_report(campaign_id)
    assert report.treatment.buyers_count == 1
    assert report.treatment.revenue.total_of_squares == 40.0**2


def test_a_credit_note_lowers_revenue_and_makes_no_buyer(shop):
    campaign_id, _ = send(shop, 40, control_share=0.0)
    shop.add_orders({1: 30.0})
    shop.add_orders({1: 12.0, 2: 5.0}, kind="refunded")
    shop.time.advance(days=3)
    report = api.get_report(campaign_id)
    assert (report.treatment.buyers_count, report.treatment.revenue.total) == (1, 13.0)


def test_orders_of_a_merged_customer_count_where_they_were_assigned(shop):
    campaign_id, arms = send(shop, 400, control_share=0.5)
    loser, winner = arms["control"][0], arms["treatment"][0]
    shop.merge(max(loser, winner), min(loser, winner))
    shop.add_orders({min(loser, winner): 50.0})
    shop.time.advance(days=3)
    report = api.get_report(campaign_id)
    assert report.treatment.people_count + report.control.people_count == 399
    assert report.treatment.buyers_count + report.control.buyers_count == 1
    assert (report.treatment.buyers_count == 1) == (winner < loser)


def test_people_are_counted_not_opens_and_machines_are_left_out(shop):
    campaign_id, _ = send(shop, 40, control_share=0.0)
    shop.add_events(
        [
            respond(campaign_id, "Email Opened", 1),
            respond(campaign_id, "Email Opened", 1),
            respond(campaign_id, "Email Opened", 2),
            respond(campaign_id, "Email Opened", 3, is_bot=True),
            respond(campaign_id, "Email Link Clicked", 2),
            respond(campaign_id, "Unsubscribed", 2),
            respond(campaign_id + 1, "Email Opened", 4),
            respond(campaign_id * 10, "Email Opened", 5),
        ]
    )
    found = api.get_report(campaign_id).as_dict()
    assert (found["opened"], found["clicked"], found["unsubscribed"]) == (2, 1, 1)
    assert found["left_out"] == {"machine_opens": 1, "machine_clicks": 0}


def test_the_outbox_says_what_was_sent_failed_and_is_in_doubt(shop):
    campaign_id, _ = send(shop, 10, is_out=False, control_share=0.0)
    Delivery.objects.filter(customer_id__lte=6).update(state="sent")
    Delivery.objects.filter(customer_id=7).update(state="failed")
    Delivery.objects.filter(customer_id=8).update(state="in_doubt", handed_off_at=clock.now())
    report = api.get_report(campaign_id)
    found = report.as_dict()
    assert (found["sent"], found["failed"], found["in_doubt"], found["waiting"]) == (6, 1, 1, 2)
    assert [row.address for row in report.in_doubt] == ["person8@example.com"]


def test_under_100_buyers_in_the_control_group_speak_of_conversion(shop):
    campaign_id, arms = send(shop, 2_000, control_share=0.2)
    shop.add_orders(dict.fromkeys(arms["treatment"][:400] + arms["control"][:40], 50.0))
    shop.time.advance(days=3)
    found = api.get_report(campaign_id).as_dict()
    assert found["difference"] == {
        "value": None,
        "low": None,
        "high": None,
        "p_value": None,
        "reason": "too_few_buyers",
    }
    assert found["statement_about"] == "conversion"
    assert found["conversion"]["low"] > 0
    assert "each group needs 100 buyers, and one has 40" in found["statement"]


def test_without_control_group_there_is_no_statement(shop):
    campaign_id, _ = send(shop, 100, control_share=0.0)
    found = api.get_report(campaign_id).as_dict()
    assert found["statement"] == "Nobody was held out, so nobody can say what this campaign earned."
    assert found["difference"]["reason"] == "no_control_group"
    assert found["revenue_per_customer"] == {"treatment": 0.0, "control": None}


def test_a_draft_has_a_report_that_says_nothing_happened(shop):
    draft = api.create_campaign(make_definition(), "marie@shop.example")
    found = api.get_report(draft.name).as_dict()
    assert (found["state"], found["audience"], found["planned_at"]) == ("draft", 0, None)
    assert found["statement"] == "It is a draft: nothing is sent yet."


def test_who_did_not_get_it_is_counted_by_reason(shop):
    shop.add_customers(5, 1_000, email=None)
    campaign_id, _ = send(shop, 50, control_share=0.2)
    report = api.get_report(campaign_id)
    assert [(row.reason, row.people_count) for row in report.skipped] == [("no_address", 5)]
    assert report.audience_count == 55


def test_a_doubtful_mail_can_be_settled_by_a_person(shop):
    from tenure.base.errors import NotFoundError

    campaign_id, _ = send(shop, 2, control_share=0.0)
    Delivery.objects.update(state="in_doubt", handed_off_at=clock.now())
    api.settle_all()
    first, second = Delivery.objects.order_by("id")
    api.resolve_in_doubt(campaign_id, first.id, True, "marie@shop.example")
    api.resolve_in_doubt(campaign_id, second.id, False, "marie@shop.example")
    assert list(Delivery.objects.order_by("id").values_list("state", flat=True)) == ["sent", "planned"]
    assert api.get_campaign(campaign_id).state == "sending"
    with pytest.raises(NotFoundError, match="not in doubt"):
        api.resolve_in_doubt(campaign_id, first.id, True, "marie@shop.example")


def move(shop, customer_ids, direction, days_later=1.0):
    at = (shop.time.now() + timedelta(days=days_later)).replace(tzinfo=None)
    listed = ", ".join(f"({one})" for one in customer_ids)
    lakes.current().write(
        lambda tx: events.append_own(
            tx,
            f"SELECT col0 AS customer_id, 'Stage Changed' AS event, TIMESTAMP '{at}' AS occurred_at, "
            f"json_object('model', 'lifecycle', 'direction', '{direction}')::VARCHAR AS properties FROM (VALUES {listed})",
        )
    )


def test_who_moved_up_a_phase_is_compared_with_the_control_group(shop):
    campaign_id, arms = send(shop, 400, control_share=0.5, measure_days=14)
    move(shop, arms["treatment"][:60] + arms["control"][:20], "up")
    move(shop, arms["treatment"][:10], "up", days_later=2)
    move(shop, arms["control"][20:50], "down")
    move(shop, arms["control"][50:90], "up", days_later=15)
    shop.time.advance(days=3)
    moved = api.get_report(campaign_id).moved_up
    assert (moved.treatment.successes, moved.control.successes) == (60, 20)
    assert moved.treatment.count + moved.control.count == 400
    assert moved.difference.low > 0
    assert moved.statement.endswith("more.")
    assert "without the campaign: between" in moved.statement


def test_who_moved_up_is_said_without_a_comparison_where_nobody_was_held_out(shop):
    campaign_id, arms = send(shop, 40, control_share=0.0)
    move(shop, arms["treatment"][:4], "up")
    shop.time.advance(days=3)
    moved = api.get_report(campaign_id).moved_up
    assert (
        moved.statement == "10.0 of 100 customers moved up a phase; nobody was held out to compare them with."
    )
