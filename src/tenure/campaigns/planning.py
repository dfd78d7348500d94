"""From a segment to a trace, and from the trace to the outbox. Every step can be repeated after a crash.

1. the campaign is marked as being planned (ledger)
2. all its decisions are written in one transaction of the lake; once there, they are never derived again
3. its links and the plan's moment are written (ledger)
4. the outbox is filled from the trace, in chunks that leave alone what is there already
5. the campaign is marked as handed over; it is sent when its outbox has nothing left to do
"""

import logging
from collections.abc import Callable
from datetime import datetime

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from tenure.base import clock
from tenure.base.errors import ConflictError, NotFoundError
from tenure.campaigns import message
from tenure.campaigns.audience import CHANNEL, CHUNK_ROWS, AudienceChunk, stream_audience
from tenure.campaigns.models import Campaign, CampaignLink
from tenure.channels import api as channels
from tenure.customers import api as customers
from tenure.experiments import api as experiments
from tenure.lake import api as lakes

logger = logging.getLogger(__name__)
State = Campaign.State
Progress = Callable[[float, str], None]

DECISION_FIELDS = pa.schema(
    [
        ("campaign_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("decided_at", pa.timestamp("us")),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("arm", pa.string()),
    ]
)


def start(campaign_id: int) -> bool:
    """Take a draft out of the drafts: from now on it is being planned. False when it was taken already.

    Errors: `no_such_campaign`, `campaign_cancelled`.
    """
    return _move(campaign_id, (State.DRAFT,), State.PLANNING)


def send(campaign_id: int, progress: Progress = lambda share, text: None) -> None:
    """Bring a campaign as far as it goes: planned, handed over, sent. Doing it again changes nothing.

    Errors: `no_such_campaign`, `campaign_cancelled`.
    """
    campaign = _get(campaign_id)
    if campaign.state == State.CANCELLED:
        raise ConflictError("campaign_cancelled", f"{campaign.name!r} was cancelled. Make a new campaign.")
    if campaign.state in (State.DRAFT, State.PLANNING):
        _move(campaign_id, (State.DRAFT, State.PLANNING), State.PLANNING)
        campaign = _get(campaign_id)
        progress(0.0, "Choosing who gets it")
        write_trace(campaign)
        complete_plan(campaign)
    if _get(campaign_id).state in (State.PLANNED, State.PAUSED):
        _move(campaign_id, (State.PLANNED, State.PAUSED), State.SENDING)
    if _is_handing_over(campaign_id):
        progress(0.5, "Filling the outbox")
        fill_outbox(campaign_id)
    settle(campaign_id)
    progress(1.0, "Handed over")


def write_trace(campaign: Campaign) -> int:
    """Write one decision per person of the audience, unless they are there already. Gives how many are."""
    lake = lakes.current()
    present = _count_decisions(campaign.pk)
    if present:
        return present
    decided_at = clock.now()
    definition = campaign.definition
    with lake.heavy():
        chunks = [
            _decide(chunk, campaign, decided_at)
            for chunk in stream_audience(definition["segment"], campaign.measure_days)
        ]
        trace = pa.Table.from_batches(chunks, DECISION_FIELDS)

        def append_once(work: lakes.Transaction) -> int:
            already = int(work.read_value(_build_count(campaign.pk)) or 0)
            return already or work.append("decisions", trace)

        return lake.write(append_once)


def complete_plan(campaign: Campaign) -> None:
    """Write the links and say when the campaign was planned."""
    urls = message.list_links(campaign)
    with transaction.atomic():
        CampaignLink.objects.bulk_create(
            [CampaignLink(campaign_id=campaign.pk, position=at, url=url) for at, url in enumerate(urls)],
            ignore_conflicts=True,
        )
        Campaign.objects.filter(id=campaign.pk, state=State.PLANNING).update(
            state=State.PLANNED, planned_at=clock.now()
        )


def fill_outbox(campaign_id: int) -> int:
    """One outbox row per person planned; who has one already keeps it. Gives how many are new."""
    new = 0
    for batch in lakes.current().stream(build_recipients(campaign_id), CHUNK_ROWS):
        if not _is_handing_over(campaign_id):
            channels.cancel(campaign_id)
            return new
        new += channels.add_deliveries(campaign_id, batch, CHANNEL)
        channels.notify()
    Campaign.objects.filter(id=campaign_id, queued_at__isnull=True).update(queued_at=clock.now())
    if _get(campaign_id).state == State.CANCELLED:
        channels.cancel(campaign_id)
    return new


def build_recipients(campaign_id: int) -> ibis.Table:
    """customer_id and address of everybody planned, by the trace; nobody's address twice."""
    decisions, merges = lakes.table("decisions"), lakes.table("merges")
    everybody = customers.build_customers()
    planned = decisions.filter(decisions.campaign_id == campaign_id, decisions.outcome == "planned")
    moved = merges.select(from_id=merges.from_customer_id, into_id=merges.into_customer_id)
    followed = planned.left_join(moved, [("customer_id", "from_id")]).select("customer_id", "into_id")
    current = followed.mutate(current_id=ibis.coalesce(followed.into_id, followed.customer_id))
    contacts = everybody.select(
        contact_id=everybody.customer_id, address=everybody.email.strip().lower().nullif("")
    )
    addressed = current.join(contacts, [("current_id", "contact_id")]).select("customer_id", "address")
    known = addressed.filter(addressed.address.notnull())
    first = ibis.row_number().over(ibis.window(group_by=known.address, order_by=known.customer_id))
    placed = known.mutate(place=first)
    return placed.filter(placed.place == 0).select("customer_id", "address")


def settle(campaign_id: int) -> None:
    """A campaign being sent is sent once its outbox has nothing left to do; failed when every mail failed."""
    campaign = _get(campaign_id)
    if campaign.state != State.SENDING or campaign.queued_at is None:
        return
    states = channels.count_states(campaign_id)
    if states["planned"] + states["claimed"] == 0:
        is_in_vain = states["failed"] and not states["sent"] and not states["in_doubt"]
        Campaign.objects.filter(id=campaign_id, state=State.SENDING).update(
            state=State.FAILED if is_in_vain else State.SENT, sent_at=clock.now()
        )


def settle_all() -> int:
    """Settle every campaign that is being sent; for the ticker. Gives how many are still being sent."""
    for campaign_id in Campaign.objects.filter(state=State.SENDING).values_list("id", flat=True):
        settle(campaign_id)
    return Campaign.objects.filter(state=State.SENDING).count()


def resume_interrupted() -> int:
    """At start: go on with campaigns whose planning or handing over a dead process left. Gives how many."""
    unfinished = Campaign.objects.filter(state=State.PLANNING) | Campaign.objects.filter(
        state__in=(State.PLANNED, State.SENDING), queued_at__isnull=True
    )
    ids = list(unfinished.order_by("id").values_list("id", flat=True))
    for campaign_id in ids:
        logger.info("going on with campaign %s", campaign_id)
        send(campaign_id)
    return len(ids)


def discard(campaign_id: int) -> None:
    """Cancel a draft. Errors: `not_a_draft` when somebody sent it meanwhile."""
    if not Campaign.objects.filter(id=campaign_id, state=State.DRAFT).update(state=State.CANCELLED):
        raise explain_not_draft(_get(campaign_id))


def explain_not_draft(campaign: Campaign) -> ConflictError:
    """Why a campaign that was taken for a draft can be neither changed nor discarded."""
    now = str(State(campaign.state).label).lower()
    message = f"{campaign.name!r} is no draft any more: it is {now}. Open its page to see how far it is."
    return ConflictError("not_a_draft", message)


def cancel(campaign_id: int) -> int:
    """Stop a campaign: what has not been handed to a channel stays unsent. Gives how many those are.

    Errors: `campaign_sent` when it is too late.
    """
    open_states = (State.DRAFT, State.PLANNING, State.PLANNED, State.SENDING, State.PAUSED)
    if not Campaign.objects.filter(id=campaign_id, state__in=open_states).update(state=State.CANCELLED):
        campaign = _get(campaign_id)
        if campaign.state in (State.SENT, State.FAILED):
            raise ConflictError(
                "campaign_sent", f"{campaign.name!r} is {campaign.state}. It cannot be cancelled any more."
            )
    return channels.cancel(campaign_id)


def _decide(chunk: AudienceChunk, campaign: Campaign, decided_at: datetime) -> pa.RecordBatch:
    ids = chunk.customer_ids.to_numpy(zero_copy_only=False)
    is_eligible = pc.is_null(chunk.reasons).to_numpy(zero_copy_only=False)
    is_control = np.zeros(ids.size, dtype=bool)
    is_control[is_eligible] = experiments.assign_arms(campaign.salt, ids[is_eligible], campaign.control_share)
    arms = np.where(is_control, "control", "treatment")
    outcomes = np.where(is_eligible, np.where(is_control, "held_out", "planned"), "skipped")
    moment = pa.scalar(decided_at.replace(tzinfo=None), pa.timestamp("us"))
    return pa.RecordBatch.from_arrays(
        [
            pa.repeat(pa.scalar(campaign.pk, pa.int64()), ids.size),
            chunk.customer_ids.cast(pa.int64()),
            pa.repeat(moment, ids.size),
            pa.array(outcomes.tolist(), pa.string()),
            chunk.reasons.cast(pa.string()),
            pa.array(arms.tolist(), pa.string(), mask=~is_eligible),
        ],
        schema=DECISION_FIELDS,
    )


def _build_count(campaign_id: int) -> ibis.Table:
    decisions = lakes.table("decisions")
    return decisions.filter(decisions.campaign_id == campaign_id).aggregate(rows=lambda t: t.count())


def _count_decisions(campaign_id: int) -> int:
    return int(lakes.current().read_value(_build_count(campaign_id)) or 0)


def _is_handing_over(campaign_id: int) -> bool:
    return Campaign.objects.filter(id=campaign_id, state=State.SENDING, queued_at__isnull=True).exists()


def _get(campaign_id: int) -> Campaign:
    campaign = Campaign.objects.filter(id=campaign_id).first()
    if campaign is None:
        raise NotFoundError("no_such_campaign", f"There is no campaign {campaign_id}.")
    return campaign


def _move(campaign_id: int, before: tuple[State, ...], after: State) -> bool:
    if Campaign.objects.filter(id=campaign_id, state__in=before).update(state=after):
        return True
    campaign = _get(campaign_id)
    if campaign.state == State.CANCELLED:
        raise ConflictError("campaign_cancelled", f"{campaign.name!r} was cancelled. Make a new campaign.")
    return False
