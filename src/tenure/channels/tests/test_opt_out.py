"""However plans, claims, opt-outs and crashes interleave: no hand-off starts after an opt-out."""

import pyarrow as pa
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.channels import api, outbox
from tenure.channels.models import Delivery
from tenure.channels.outbox import Result
from tenure.customers import api as customers

PEOPLE = 5
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("plan"), st.integers(1, 2)),
        st.tuples(st.just("claim"), st.integers(1, 3)),
        st.tuples(st.just("mark"), st.integers(1, 3)),
        st.tuples(st.just("opt out"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("answer"), st.sampled_from(["sent", "failed", "in_doubt", "planned"])),
        st.tuples(st.just("crash"), st.none()),
        st.tuples(st.just("cancel"), st.integers(1, 2)),
    ),
    max_size=30,
)


class Run:
    """The steps, carried out; `handed_off` counts hand-offs that may have reached somebody."""

    def __init__(self) -> None:
        self.claimed: list[api.ClaimedDelivery] = []
        self.marked: list[api.ClaimedDelivery] = []
        self.opted_out: set[str] = set()
        self.reached: list[int] = []

    def step(self, kind: str, value: object) -> None:
        getattr(self, "do_" + kind.replace(" ", "_"))(value)

    def do_plan(self, campaign_id: int) -> None:
        addresses = [f"p{number}@example.com" for number in range(PEOPLE)]
        rows = pa.table({"customer_id": list(range(PEOPLE)), "address": addresses})
        api.add_deliveries(campaign_id, rows, "email")

    def do_claim(self, count: int) -> None:
        self.claimed += outbox.claim_batch(count)

    def do_mark(self, count: int) -> None:
        rows, self.claimed = self.claimed[:count], self.claimed[count:]
        allowed = outbox.mark_handed_off([row.id for row in rows])
        started = [row for row in rows if row.id in allowed]
        assert not {row.address for row in started} & self.opted_out
        self.marked += started

    def do_opt_out(self, number: int) -> None:
        customers.suppress("email", f"p{number}@example.com", "unsubscribed")
        self.opted_out.add(f"p{number}@example.com")

    def do_answer(self, state: str) -> None:
        if self.marked:
            row = self.marked.pop()
            outbox.record_results([Result(row.id, state)])
            self.reached += [row.id] if state in ("sent", "in_doubt") else []

    def do_crash(self, _: None) -> None:
        api.recover_after_crash()
        self.reached += [row.id for row in self.marked]
        self.claimed, self.marked = [], []

    def do_cancel(self, campaign_id: int) -> None:
        api.cancel(campaign_id)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_hand_off_starts_after_an_opt_out_and_none_happens_twice(steps):
    with transaction.atomic():
        run = Run()
        for kind, value in steps:
            run.step(kind, value)
        run.do_crash(None)
        assert len(run.reached) == len(set(run.reached))
        kept = Delivery.objects.filter(id__in=run.reached).values_list("state", flat=True)
        assert set(kept) <= {"sent", "in_doubt"} and len(kept) == len(run.reached)
        transaction.set_rollback(True)
