"""What a campaign would do: counted before anything is written."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.base.words import shorten
from tenure.campaigns import message
from tenure.campaigns.audience import (
    LATELY_DAYS,
    SKIP_SENTENCES,
    AudienceChunk,
    SkipReason,
    count_contacted_lately,
    stream_audience,
)
from tenure.campaigns.links import list_untracked
from tenure.experiments import api as experiments
from tenure.lake import api as lakes

SAMPLE_SIZE = 3


@dataclass(frozen=True)
class SamplePerson:
    """Somebody who would get it."""

    customer_id: int
    name: str
    address: str


@dataclass(frozen=True)
class PlanPreview:
    """The plan in numbers. `held_out_count` is what `control_share` would hold out of the eligible."""

    segment: str
    audience_count: int
    skipped: tuple[tuple[str, str, int], ...]
    eligible_count: int
    held_out_count: int
    recently_bought_count: int
    contacted_lately_count: int
    proposal: experiments.ControlProposal
    sample: tuple[SamplePerson, ...]
    notes: tuple[str, ...] = ()

    @property
    def treatment_count(self) -> int:
        return self.eligible_count - self.held_out_count

    @property
    def contacted_sentence(self) -> str:
        """That part of the audience got another campaign lately; empty when nobody did."""
        if not self.contacted_lately_count:
            return ""
        return f"{self.contacted_lately_count:,} of this audience got another campaign in the last {LATELY_DAYS} days."

    def as_dict(self) -> dict[str, Any]:
        return {
            "segment": self.segment,
            "audience": self.audience_count,
            "skipped": {reason: people for reason, _, people in self.skipped},
            "eligible": self.eligible_count,
            "held_out": self.held_out_count,
            "contacted_lately": self.contacted_lately_count,
            "proposed_control_share": self.proposal.control_share,
            "proposal": self.proposal.sentence,
            "notes": list(self.notes),
            "sample": [{"customer_id": one.customer_id, "name": one.name} for one in self.sample],
        }


def compute_plan_preview(
    segment: str, control_share: float, measure_days: int, body: str = ""
) -> PlanPreview:
    """Count the audience and its losers, and propose a control group. `body` is looked through for notes.

    Buyers are expected at the rate at which those eligible bought in the last `measure_days`.
    """
    losers: Counter[str] = Counter()
    audience = eligible = buyers = 0
    first: list[int] = []
    with lakes.current().heavy():
        for chunk in stream_audience(segment, measure_days):
            audience += len(chunk.customer_ids)
            is_eligible = pc.is_null(chunk.reasons)
            eligible += pc.sum(is_eligible).as_py() or 0
            buyers += pc.sum(pc.and_(is_eligible, chunk.bought_lately)).as_py() or 0
            losers.update(_count_reasons(chunk))
            if len(first) < SAMPLE_SIZE:
                first += (
                    pc.filter(chunk.customer_ids, is_eligible).slice(0, SAMPLE_SIZE - len(first)).to_pylist()
                )
        contacted = count_contacted_lately(segment)
    proposal = experiments.propose_control_share(
        eligible, buyers / eligible if eligible else None, control_share
    )
    return PlanPreview(
        segment=segment,
        audience_count=audience,
        skipped=tuple((reason.value, SKIP_SENTENCES[reason], losers[reason.value]) for reason in SkipReason),
        eligible_count=eligible,
        held_out_count=round(eligible * control_share),
        recently_bought_count=buyers,
        contacted_lately_count=contacted,
        proposal=proposal,
        sample=_read_sample(first),
        notes=_list_notes(body),
    )


def _list_notes(body: str) -> tuple[str, ...]:
    untracked = list_untracked(body)
    if not untracked:
        return ()
    shown = ", ".join(shorten(link, 60) for link in untracked[:3])
    more = f" and {len(untracked) - 3} more" if len(untracked) > 3 else ""
    return (f"Clicks are not counted on links with Liquid in their address: {shown}{more}.",)


def find_sample(customer_id: int | None) -> SamplePerson | None:
    """That customer, if still known."""
    found = _read_sample([customer_id]) if customer_id is not None else ()
    return found[0] if found else None


def _count_reasons(chunk: AudienceChunk) -> dict[str, int]:
    counted: pa.StructArray = pc.value_counts(pc.drop_null(chunk.reasons))
    return {row["values"]: row["counts"] for row in counted.to_pylist()}


def _read_sample(customer_ids: list[int]) -> tuple[SamplePerson, ...]:
    people = message.read_people(customer_ids)
    return tuple(
        SamplePerson(customer_id, _name(people[customer_id]), str(people[customer_id].get("email") or ""))
        for customer_id in customer_ids
        if customer_id in people
    )


def _name(person: dict[str, Any]) -> str:
    parts = [str(person[part]) for part in ("first_name", "last_name") if person.get(part)]
    return str(person.get("name") or " ".join(parts) or person.get("id") or "")
