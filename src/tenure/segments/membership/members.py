"""Who is in a segment, from the stored bits."""

from collections.abc import Mapping
from datetime import datetime

import ibis

from tenure.lake import api as lakes
from tenure.segments.definitions.library import SavedSegment, get_segment, list_segments


def build_segment_members(name: str) -> ibis.Table:
    """The customers who are in a segment now: customer_id. Errors: no such segment."""
    memberships = lakes.table("memberships")
    return memberships.filter(_build_bit(memberships, get_segment(name))).select("customer_id")


def count_segment_members(name: str) -> int:
    return int(lakes.current().read_value(build_segment_members(name).count().as_table()))


def list_segment_sizes() -> Mapping[str, int]:
    """Every segment's number of members, by name. One query."""
    saved = list_segments()
    if not saved:
        return {}
    memberships, lake = lakes.table("memberships"), lakes.current()
    sums = {f"s{one.slot}": _build_bit(memberships, one).sum() for one in saved}
    key = ("segments", "sizes", tuple((one.id, one.slot) for one in saved))
    row = lake.answers.get(key, lambda: lake.read_rows(memberships.aggregate(**sums))[0])
    return {one.segment.name: int(row[f"s{one.slot}"] or 0) for one in saved}


def list_segments_of(customer_id: int) -> list[SavedSegment]:
    """The segments that a customer is in now."""
    memberships = lakes.table("memberships")
    rows = lakes.current().read_rows(memberships.filter(memberships.customer_id == customer_id))
    if not rows:
        return []
    words = [rows[0][f"w{number}"] or 0 for number in range(lakes.MEMBERSHIP_WORDS)]
    return [
        saved
        for saved in list_segments()
        if words[saved.slot // lakes.SLOTS_PER_WORD] >> (saved.slot % lakes.SLOTS_PER_WORD) & 1
    ]


def find_entered_at(name: str, customer_id: int) -> datetime | None:
    """Since when a customer is in a segment, by the log of changes."""
    changes = lakes.table("membership_changes")
    mine = changes.filter(
        changes.segment_id == get_segment(name).id, changes.customer_id == customer_id, changes.is_entry
    )
    found: datetime | None = lakes.current().read_value(mine.agg(at=mine.changed_at.max()))
    return found


def _build_bit(memberships: ibis.Table, saved: SavedSegment) -> ibis.expr.types.BooleanValue:
    word = memberships[f"w{saved.slot // lakes.SLOTS_PER_WORD}"]
    bit = ibis.literal(1 << (saved.slot % lakes.SLOTS_PER_WORD), "int64")
    return (word & bit) != 0
