"""How a segment's size came about, from the log of changes, and what it has in common with others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.segments.definitions.library import SavedSegment

CAUSES = {
    "event": "something happened", "time": "time passed", "definition": "the definition changed", "import": "a file was imported",
    "scoring": "customers were scored again", "gone": "the customer is gone",
}  # fmt: skip


@dataclass(frozen=True)
class DayOfChanges:
    """What a day (UTC) brought, and the size at its end."""

    day: date
    entered_count: int
    exited_count: int
    size: int


@dataclass(frozen=True)
class CauseOfChanges:
    """Entries and exits of one day for one reason."""

    day: date
    cause: str
    entered_count: int
    exited_count: int

    @property
    def words(self) -> str:
        return CAUSES.get(self.cause, self.cause)


@dataclass(frozen=True)
class Overlap:
    """How many members of a segment are in another one too, and what share of the first that is."""

    saved: SavedSegment
    both_count: int
    other_count: int
    share: float | None


def list_size_changes(days: int = 7) -> dict[int, int]:
    """Entries less exits of the last `days` by segment id. One query."""
    changes = _changes_since(days)
    rows = lakes.current().read_rows(
        changes.group_by("segment_id").agg(net=changes.is_entry.ifelse(1, -1).sum())
    )
    return {row["segment_id"]: int(row["net"]) for row in rows}


def read_causes(segment_id: int, days: int = 30) -> list[CauseOfChanges]:
    """Entries and exits per day and cause, the latest day first."""
    changes = _changes_since(days)
    mine = changes.filter(changes.segment_id == segment_id)
    by_day = mine.mutate(day=mine.changed_at.date()).group_by("day", "cause")
    rows = lakes.current().read_rows(
        by_day.agg(entered=lambda t: t.is_entry.sum(), exited=lambda t: (~t.is_entry).sum()).order_by(
            ibis.desc("day"), "cause"
        )
    )
    return [CauseOfChanges(row["day"], row["cause"], int(row["entered"]), int(row["exited"])) for row in rows]


def list_days(causes: Sequence[CauseOfChanges], size_now: int, days: int = 30) -> list[DayOfChanges]:
    """The size at the end of each of the last days, counted back from now."""
    entered: dict[date, int] = {}
    exited: dict[date, int] = {}
    for one in causes:
        entered[one.day] = entered.get(one.day, 0) + one.entered_count
        exited[one.day] = exited.get(one.day, 0) + one.exited_count
    listed, size, day = [], size_now, clock.today()
    for _ in range(days + 1):
        listed.append(DayOfChanges(day, entered.get(day, 0), exited.get(day, 0), size))
        size -= entered.get(day, 0) - exited.get(day, 0)
        day -= timedelta(days=1)
    return listed[::-1]


def list_overlaps(
    saved: SavedSegment, others: Sequence[SavedSegment], sizes: Mapping[str, int]
) -> list[Overlap]:
    """With every other segment, the largest first. One query."""
    others = [one for one in others if one.id != saved.id]
    if not others:
        return []
    memberships = lakes.table("memberships")
    mine = memberships.filter(_build_bit(memberships, saved))
    sums = {f"s{one.slot}": _build_bit(mine, one).sum() for one in others}
    row = lakes.current().read_rows(mine.aggregate(**sums))[0]
    size = sizes.get(saved.segment.name, 0)
    found = [
        Overlap(
            one,
            int(row[f"s{one.slot}"] or 0),
            sizes.get(one.segment.name, 0),
            int(row[f"s{one.slot}"] or 0) / size if size else None,
        )
        for one in others
    ]
    return sorted(found, key=lambda one: (-one.both_count, one.saved.segment.name))


def _changes_since(days: int) -> ibis.Table:
    changes = lakes.table("membership_changes")
    since = clock.now().replace(tzinfo=None) - timedelta(days=days)
    return changes.filter(changes.changed_at >= ibis.timestamp(since.isoformat()))


def _build_bit(memberships: ibis.Table, saved: SavedSegment) -> ibis.expr.types.BooleanValue:
    word = memberships[f"w{saved.slot // lakes.SLOTS_PER_WORD}"]
    return (word & ibis.literal(1 << (saved.slot % lakes.SLOTS_PER_WORD), "int64")) != 0
