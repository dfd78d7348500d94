"""The outbox: unique rows, conditional steps, the opt-out asked again."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from tenure.base import clock
from tenure.base.errors import ConflictError, NotFoundError
from tenure.channels import api, outbox
from tenure.channels.models import Delivery
from tenure.channels.outbox import Result
from tenure.customers import api as customers

pytestmark = pytest.mark.django_db


def test_planning_twice_adds_nobody_twice(plan):
    assert plan(25_000) == 25_000
    assert plan(25_010) == 10
    assert api.count_states(1)["planned"] == 25_010


def test_a_new_occurrence_is_a_new_mail(plan):
    plan(2)
    rows = pa.record_batch({"customer_id": [0, 1], "address": ["p0@example.com", "p1@example.com"]})
    assert api.add_deliveries(1, rows, "email", occurrence=1) == 2


def test_a_row_is_claimed_once_and_oldest_first(plan):
    plan(5)
    first, second = outbox.claim_batch(3), outbox.claim_batch(3)
    assert [row.address for row in first] == ["p0@example.com", "p1@example.com", "p2@example.com"]
    assert [row.customer_id for row in second] == [3, 4]
    assert outbox.claim_batch(3) == []


def test_a_row_is_not_claimed_before_its_time():
    rows = pa.table({"customer_id": [1], "address": ["a@example.com"]})
    with clock.virtual(datetime(2026, 1, 1, 12, tzinfo=UTC)) as time:
        due_at = clock.now() + timedelta(hours=1)
        api.add_deliveries(1, rows, "email", not_before=due_at)
        assert outbox.claim_batch(10) == []
        assert outbox.find_next_due_at() == due_at
        time.advance(hours=1)
        assert len(outbox.claim_batch(10)) == 1
        assert outbox.find_next_due_at() is None


def test_only_a_claimed_row_is_handed_off_and_only_once(plan):
    plan(3)
    claimed = [row.id for row in outbox.claim_batch(2)]
    planned = Delivery.objects.get(state="planned").pk
    assert outbox.mark_handed_off([*claimed, planned]) == set(claimed)
    assert outbox.mark_handed_off(claimed) == set()


def test_who_opts_out_after_the_claim_gets_nothing(plan):
    plan(3)
    ids = [row.id for row in outbox.claim_batch(3)]
    customers.suppress("email", "P1@Example.com", "unsubscribed")
    customers.suppress("sms", "p2@example.com", "unsubscribed")
    assert outbox.mark_handed_off(ids) == {ids[0], ids[2]}
    fallen = Delivery.objects.get(id=ids[1])
    assert (fallen.state, fallen.error_code) == ("cancelled", "unsubscribed")


def test_a_retry_waits_longer_each_time_and_ends_as_failed(plan):
    plan(1)
    with clock.virtual(datetime(2026, 1, 1, tzinfo=UTC)) as time:
        waits = []
        for attempt in range(1, outbox.MAX_ATTEMPTS + 1):
            row = outbox.claim_batch(1)[0]
            outbox.mark_handed_off([row.id])
            outbox.record_results([Result(row.id, "retry", "450", "450 busy", attempt)])
            kept = Delivery.objects.get()
            if kept.state == "planned":
                waits.append((kept.not_before - clock.now()).total_seconds())
            time.advance(hours=5)
    assert waits == [30, 60, 120, 240, 480, 960, 1920]
    assert (kept.state, kept.error_code, kept.error, kept.attempt_count) == ("failed", "450", "450 busy", 8)


def test_a_crash_leaves_in_doubt_only_what_was_handed_off(plan):
    plan(4)
    ids = [row.id for row in outbox.claim_batch(3)]
    outbox.mark_handed_off(ids[:2])
    outbox.record_results([Result(ids[0], "sent")])
    assert api.recover_after_crash() == (1, 1)
    assert api.count_states(1) == {
        "planned": 2, "claimed": 0, "sent": 1, "failed": 0, "in_doubt": 1, "cancelled": 0,
    }  # fmt: skip
    doubtful = api.list_in_doubt(1)
    assert [row.id for row in doubtful] == [ids[1]] and doubtful[0].handed_off_at is not None


def test_a_person_settles_a_doubt_once(plan):
    plan(2)
    ids = [row.id for row in outbox.claim_batch(2)]
    outbox.mark_handed_off(ids)
    api.recover_after_crash()
    api.resolve_in_doubt(ids[0], sent=True)
    api.resolve_in_doubt(ids[1], sent=False)
    assert [row.state for row in Delivery.objects.order_by("id")] == ["sent", "planned"]
    with pytest.raises(ConflictError):
        api.resolve_in_doubt(ids[0], sent=False)
    with pytest.raises(NotFoundError):
        api.resolve_in_doubt(10**9, sent=True)


def test_cancelling_stops_what_has_not_left(plan):
    plan(4)
    ids = [row.id for row in outbox.claim_batch(3)]
    outbox.mark_handed_off(ids[:1])
    assert api.cancel(1) == 3
    assert outbox.mark_handed_off(ids[1:]) == set()
    states = api.count_states(1)
    assert (states["claimed"], states["cancelled"]) == (1, 3)


def test_a_result_does_not_overwrite_a_settled_row(plan):
    plan(1)
    row = outbox.claim_batch(1)[0]
    api.cancel(1)
    outbox.record_results([Result(row.id, "failed", "550", "late", 1), Result(row.id, "sent")])
    assert Delivery.objects.get().state == "cancelled"


def test_sent_rows_are_told_until_they_are_marked(plan):
    plan(2)
    ids = [row.id for row in outbox.claim_batch(2)]
    outbox.mark_handed_off(ids)
    outbox.record_results([Result(ids[0], "sent")])
    assert [row.id for row in outbox.list_untold()] == [ids[0]]
    assert outbox.list_untold()[0].sent_at.tzinfo is not None
    outbox.mark_told([ids[0]])
    assert outbox.list_untold() == []


def test_why_rows_failed_is_counted(plan):
    plan(3)
    ids = [row.id for row in outbox.claim_batch(3)]
    outbox.record_results([Result(one, "failed", "550", "550 No such person", 1) for one in ids[:2]])
    assert api.count_errors(1) == [("failed", "550", "550 No such person", 2)]
    assert api.find_delivery_address(ids[0]) == "p0@example.com"
    assert api.find_delivery_address(10**9) is None
