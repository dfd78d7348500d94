"""From a segment to the outbox: who, who not and why; and once only."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tenure.base.errors import ConflictError, NotFoundError
from tenure.campaigns import api, planning
from tenure.campaigns.models import Campaign, CampaignLink
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels import api as channels
from tenure.channels.models import Delivery
from tenure.customers import api as customers
from tenure.experiments import api as experiments
from tenure.lake import api as lakes

ACTOR = "marie@shop.example"


def make_draft(**changes):
    return api.create_campaign(make_definition(**changes), ACTOR)


def test_everybody_of_the_segment_gets_one_decision_with_its_reason(shop):
    shop.add_customers(1, 1)
    shop.add_customers(1, 2, email=None)
    shop.add_customers(1, 3, email="  ")
    shop.add_customers(1, 4, email_opted_out_at=datetime(2026, 1, 1, tzinfo=UTC))
    shop.add_customers(1, 5)
    shop.add_customers(1, 6, email="Person1@Example.com")
    shop.add_customers(1, 7, segment="At Risk Customers", phase="Reactivation")
    customers.suppress("email", "person5@example.com", "hard_bounce")
    draft = make_draft(control_share=0.0)
    api.send_campaign(draft.id, ACTOR)
    assert shop.list_decisions(draft.id) == {
        1: ("planned", None, "treatment"),
        2: ("skipped", "no_address", None),
        3: ("skipped", "no_address", None),
        4: ("skipped", "unsubscribed", None),
        5: ("skipped", "suppressed", None),
        6: ("skipped", "duplicate_address", None),
    }
    assert list(Delivery.objects.values_list("customer_id", "address")) == [(1, "person1@example.com")]


def test_an_opted_out_twin_does_not_keep_the_address(shop):
    shop.add_customers(1, 1, email="a@b.example", email_opted_out_at=datetime(2026, 1, 1, tzinfo=UTC))
    shop.add_customers(2, 2, email="a@b.example")
    draft = make_draft(control_share=0.0)
    api.send_campaign(draft.id, ACTOR)
    assert [one[0] for one in sorted(shop.list_decisions(draft.id).items())] == [1, 2, 3]
    assert shop.list_decisions(draft.id)[2][0] == "planned"
    assert shop.list_decisions(draft.id)[3][1] == "duplicate_address"


def test_the_control_group_is_drawn_among_the_eligible_by_the_campaigns_salt(shop):
    shop.add_customers(2_000)
    shop.add_customers(500, 2_001, email=None)
    draft = make_draft(control_share=0.2)
    api.send_campaign(draft.id, ACTOR)
    decisions = shop.list_decisions(draft.id)
    held = {number for number, (outcome, _, _) in decisions.items() if outcome == "held_out"}
    assert max(held) <= 2_000
    assert 330 <= len(held) <= 470
    salt = Campaign.objects.get(id=draft.id).salt
    eligible = [number for number, (outcome, _, _) in decisions.items() if outcome != "skipped"]
    ids = np.array(sorted(eligible))
    assert set(ids[experiments.assign_arms(salt, ids, 0.2)].tolist()) == held
    assert all(decisions[number][2] == "control" for number in held)
    assert not Delivery.objects.filter(customer_id__in=held).exists()
    assert Delivery.objects.count() == 2_000 - len(held)


def test_a_phase_and_everyone_are_audiences_too(shop):
    shop.add_customers(3, 1)
    shop.add_customers(2, 10, segment="Loyal Customers")
    shop.add_customers(4, 20, segment="At Risk Customers", phase="Reactivation")
    assert api.preview(api.parse_definition(make_definition(segment="Veneration"))).audience_count == 5
    assert api.preview(api.parse_definition(make_definition(segment="everyone"))).audience_count == 9


def test_sending_twice_doubles_nothing(shop):
    shop.add_customers(30)
    draft = make_draft()
    api.send_campaign(draft.id, ACTOR)
    before = shop.list_decisions(draft.id), Delivery.objects.count()
    shop.add_customers(5, 100)
    api.send_campaign("Spring", ACTOR)
    assert (shop.list_decisions(draft.id), Delivery.objects.count()) == before


@pytest.mark.parametrize("step", ["write_trace", "complete_plan", "fill_outbox", "settle"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_step_is_made_good_by_going_on(shop, monkeypatch, step, moment):
    shop.add_customers(200)
    draft = make_draft(control_share=0.3)
    original = getattr(planning, step)

    def crash(*given):
        if moment == "after":
            original(*given)
        raise SystemError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(planning, step, crash)
        with pytest.raises(SystemError):
            api.send_campaign(draft.id, ACTOR)
    trace = shop.list_decisions(draft.id)
    shop.add_customers(50, 1_000)
    api.resume_interrupted()
    api.send_campaign(draft.id, ACTOR)
    decisions = shop.list_decisions(draft.id)
    assert not trace or decisions == trace
    planned = {number for number, (outcome, _, _) in decisions.items() if outcome == "planned"}
    assert set(Delivery.objects.values_list("customer_id", flat=True)) == planned
    assert Delivery.objects.count() == len(planned)
    assert api.get_campaign(draft.id).state == "sending"


def test_a_crash_between_two_chunks_of_the_outbox_is_made_good(shop, monkeypatch):
    monkeypatch.setattr(planning, "CHUNK_ROWS", 2_048)
    shop.add_customers(5_000)
    draft = make_draft(control_share=0.0)
    original, calls = channels.add_deliveries, []

    def crash_at_second(*given):
        calls.append(given)
        if len(calls) == 2:
            raise SystemError("power cut")
        return original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(channels, "add_deliveries", crash_at_second)
        with pytest.raises(SystemError):
            api.send_campaign(draft.id, ACTOR)
    assert 0 < Delivery.objects.count() < 5_000
    assert api.resume_interrupted() == 1
    assert Delivery.objects.count() == 5_000


def test_two_at_once_write_one_trace(shop):
    shop.add_customers(100)
    draft = make_draft()
    campaign = Campaign.objects.get(id=draft.id)
    planning.write_trace(campaign)
    first = shop.list_decisions(draft.id)
    original = planning._count_decisions
    planning._count_decisions = lambda campaign_id: 0
    try:
        assert planning.write_trace(campaign) == 100
    finally:
        planning._count_decisions = original
    assert shop.list_decisions(draft.id) == first


def test_the_links_are_stored_by_position(campaign):
    assert list(CampaignLink.objects.values_list("position", "url")) == [
        (0, "https://shop.example/new?a=1&utm_source=tenure&utm_medium=email&utm_campaign=spring")
    ]


def test_a_merge_between_trace_and_outbox_is_followed_and_nobody_is_written_to_twice(shop):
    shop.add_customers(3)
    draft = make_draft(control_share=0.0)
    planning.write_trace(Campaign.objects.get(id=draft.id))
    shop.merge(1, 2)
    api.send_campaign(draft.id, ACTOR)
    assert sorted(Delivery.objects.values_list("customer_id", "address")) == [
        (1, "person2@example.com"),
        (3, "person3@example.com"),
    ]


def test_a_campaign_is_sent_once_its_outbox_is_done(campaign):
    assert campaign.state == "sending"
    Delivery.objects.update(state="sent")
    assert api.settle_all() == 0
    assert api.get_campaign(campaign.id).state == "sent"


def test_nobody_eligible_is_sent_at_once(shop):
    shop.add_customers(3, email=None)
    draft = make_draft()
    assert api.send_campaign(draft.id, ACTOR).state == "sent"


def test_cancelling_stops_what_waits_and_cannot_be_sent_again(campaign):
    Delivery.objects.filter(customer_id=1).update(state="sent")
    assert api.cancel(campaign.id, ACTOR) == 19
    with pytest.raises(ConflictError, match="was cancelled"):
        api.send_campaign(campaign.id, ACTOR)


def test_a_sent_campaign_cannot_be_cancelled(campaign):
    Delivery.objects.update(state="sent")
    api.settle_all()
    with pytest.raises(ConflictError, match="cannot be cancelled any more"):
        api.cancel(campaign.id, ACTOR)


def test_cancelling_while_the_outbox_fills_leaves_nothing_to_send(shop, monkeypatch):
    monkeypatch.setattr(planning, "CHUNK_ROWS", 2_048)
    shop.add_customers(5_000)
    draft = make_draft(control_share=0.0)
    original = channels.add_deliveries

    def cancel_meanwhile(*given):
        added = original(*given)
        api.cancel(draft.id, ACTOR)
        return added

    monkeypatch.setattr(channels, "add_deliveries", cancel_meanwhile)
    assert api.send_campaign(draft.id, ACTOR).state == "cancelled"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}


def test_two_campaigns_of_one_name_are_refused(shop):
    make_draft()
    with pytest.raises(ConflictError, match="another name"):
        make_draft()


def test_an_unknown_campaign_is_said_with_the_known_ones(shop):
    make_draft()
    with pytest.raises(NotFoundError, match="There are 'Spring'"):
        api.send_campaign("Sprung", ACTOR)


def test_every_step_leaves_an_audit_row(campaign):
    from tenure.base.models import AuditEntry

    api.cancel(campaign.id, ACTOR)
    assert set(AuditEntry.objects.values_list("verb", flat=True)) == {
        "campaign.created",
        "campaign.sent",
        "campaign.cancelled",
    }


def test_the_preview_counts_without_writing(shop):
    recently = datetime(2026, 2, 25, tzinfo=UTC)
    shop.add_customers(
        900, last_order_at=lambda number: recently if number <= 90 else datetime(2025, 1, 1, tzinfo=UTC)
    )
    shop.add_customers(100, 1_000, email=None)
    found = api.preview(api.parse_definition(make_definition()))
    assert (found.audience_count, found.eligible_count, found.held_out_count) == (1_000, 900, 90)
    assert {reason: people for reason, _, people in found.skipped}["no_address"] == 100
    assert found.recently_bought_count == 90
    assert found.proposal.control_share == 0.5
    assert [person.name for person in found.sample] == ["Ada", "Ada", "Ada"]
    assert lakes.current().read_value(lakes.table("decisions").count().as_table()) == 0
    assert Delivery.objects.count() == 0
    assert found.as_dict()["skipped"]["no_address"] == 100
