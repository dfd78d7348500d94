"""Who a campaign is for, and who of them cannot get it: one query, streamed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tenure.base import clock
from tenure.campaigns.definition import EVERYONE, find_audience
from tenure.campaigns.models import Campaign
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.segments import api as segments

CHANNEL = "email"
CHUNK_ROWS = 20_000
LATELY_DAYS = 7
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?"
USABLE_ADDRESS = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}$"
"""Stricter than what a profile keeps; an international domain may be written out. A local part is ASCII."""


class SkipReason(StrEnum):
    """Why somebody of the audience gets no mail."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    DUPLICATE_ADDRESS = "duplicate_address"


SKIP_SENTENCES = {
    SkipReason.NO_ADDRESS: "No e-mail address is known.",
    SkipReason.BAD_ADDRESS: "The e-mail address cannot be one: no mail server would take it.",
    SkipReason.UNSUBSCRIBED: "They unsubscribed.",
    SkipReason.SUPPRESSED: "Mail to this address bounced, was reported as spam, or was stopped by hand.",
    SkipReason.DUPLICATE_ADDRESS: "Another customer with the same address gets it.",
}


@dataclass(frozen=True)
class AudienceChunk:
    """Some of the audience: ids, addresses, why not (null: eligible), and whether they bought lately."""

    customer_ids: pa.Array
    addresses: pa.Array
    reasons: pa.Array
    bought_lately: pa.Array


def build_audience(segment: str, measure_days: int) -> ibis.Table:
    """customer_id, address, reason (null where eligible by the lake alone), bought_lately; one row per customer.

    Of several customers with one address the lowest customer_id keeps it.
    """
    members = _build_members(segment)
    since = (clock.now() - timedelta(days=measure_days)).replace(tzinfo=None)
    known = members.select(
        members.customer_id,
        address=members.email.strip().lower().nullif(""),
        has_opted_out=members.email_opted_out_at.notnull(),
        bought_lately=(members.last_order_at >= ibis.literal(since)).fill_null(False),
    )
    place = ibis.row_number().over(
        ibis.window(group_by=[known.address, known.has_opted_out], order_by=known.customer_id)
    )
    placed = known.mutate(place=place)
    reason = ibis.cases(
        (placed.address.isnull(), SkipReason.NO_ADDRESS.value),
        (~placed.address.re_search(USABLE_ADDRESS), SkipReason.BAD_ADDRESS.value),
        (placed.has_opted_out, SkipReason.UNSUBSCRIBED.value),
        (placed.place > 0, SkipReason.DUPLICATE_ADDRESS.value),
        else_=ibis.null("string"),
    )
    return placed.select("customer_id", "address", "bought_lately", reason=reason)


def stream_audience(segment: str, measure_days: int) -> Iterator[AudienceChunk]:
    """The audience in chunks, the ledger's suppressions applied on top of what the lake knows."""
    audience = build_audience(segment, measure_days)
    if customers.has_hashed_suppressions():
        for batch in lakes.current().stream(audience.select("address").distinct(), CHUNK_ROWS):
            customers.recall_suppressions(CHANNEL, batch.column("address").to_pylist())
    suppressed = customers.list_suppressions(CHANNEL)
    stopped = suppressed.column("address").combine_chunks()
    was_asked = pc.equal(suppressed.column("reason").combine_chunks(), SkipReason.UNSUBSCRIBED.value)
    reasons = pc.if_else(was_asked, SkipReason.UNSUBSCRIBED.value, SkipReason.SUPPRESSED.value)
    for batch in lakes.current().stream(audience, CHUNK_ROWS):
        addresses = batch.column("address")
        place = pc.index_in(addresses, value_set=stopped)
        yield AudienceChunk(
            batch.column("customer_id"),
            addresses,
            pc.coalesce(pc.take(reasons, place), batch.column("reason")),
            batch.column("bought_lately"),
        )


def count_contacted_lately(segment: str) -> int:
    """How many of the audience another campaign of the last `LATELY_DAYS` was planned for, and was not discarded."""
    since = clock.now() - timedelta(days=LATELY_DAYS)
    states = (Campaign.State.SENDING, Campaign.State.PAUSED, Campaign.State.SENT)
    campaigns = Campaign.objects.filter(state__in=states, planned_at__gte=since).values_list("id", flat=True)
    ids = list(campaigns)
    if not ids:
        return 0
    decisions, merges = lakes.table("decisions"), lakes.table("merges")
    planned = decisions.filter(decisions.campaign_id.isin(ids), decisions.outcome == "planned")
    moved = merges.select(from_id=merges.from_customer_id, into_id=merges.into_customer_id)
    followed = planned.left_join(moved, [("customer_id", "from_id")]).select("customer_id", "into_id")
    reached = followed.select(customer_id=ibis.coalesce(followed.into_id, followed.customer_id))
    found = _build_members(segment).semi_join(reached, "customer_id")
    return int(lakes.current().read_value(found.aggregate(people=lambda t: t.count())) or 0)


def _build_members(segment: str) -> ibis.Table:
    everybody = customers.build_customers()
    if segment == EVERYONE:
        return everybody
    choice = find_audience(segment)
    if choice.kind == "phase":
        return everybody.filter(everybody.phase == choice.name)
    members = segments.build_members(choice.name)
    return everybody.semi_join(members, "customer_id")
