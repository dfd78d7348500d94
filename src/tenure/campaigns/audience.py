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
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.segments import api as segments

CHANNEL = "email"
CHUNK_ROWS = 20_000


class SkipReason(StrEnum):
    """Why somebody of the audience gets no mail."""

    NO_ADDRESS = "no_address"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    DUPLICATE_ADDRESS = "duplicate_address"


SKIP_SENTENCES = {
    SkipReason.NO_ADDRESS: "No e-mail address is known.",
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
    everybody = customers.build_customers()
    members = everybody if segment == EVERYONE else _join_members(everybody, segment)
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
        (placed.has_opted_out, SkipReason.UNSUBSCRIBED.value),
        (placed.place > 0, SkipReason.DUPLICATE_ADDRESS.value),
        else_=ibis.null("string"),
    )
    return placed.select("customer_id", "address", "bought_lately", reason=reason)


def stream_audience(segment: str, measure_days: int) -> Iterator[AudienceChunk]:
    """The audience in chunks, the ledger's suppressions applied on top of what the lake knows."""
    audience = build_audience(segment, measure_days)
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


def _join_members(everybody: ibis.Table, segment: str) -> ibis.Table:
    choice = find_audience(segment)
    if choice.kind == "phase":
        return everybody.filter(everybody.phase == choice.name)
    members = segments.build_members(choice.name)
    return everybody.semi_join(members, "customer_id")
