"""The moment a segment is looked at: a placeholder in compiled text, so that text is compiled once."""

from datetime import UTC, datetime

import ibis
import ibis.expr.operations as ops
from ibis.expr.types import TimestampValue

PLACEHOLDER = "@now"
NOW: TimestampValue = ibis.literal(PLACEHOLDER).cast("timestamp(6)")
"""The moment of evaluation, naive UTC, in every expression of the segments."""

FAR_TEXT = "2262-01-01 00:00:00"
FAR: TimestampValue = ibis.literal(FAR_TEXT).cast("timestamp(6)")
"""Later than everything: engines differ in what the least of a NULL is, so there is none."""


def write_moment(moment: datetime) -> str:
    """An aware moment as the lake writes it: naive UTC, to the microsecond."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def put_now(sql: str, now: datetime) -> str:
    """Compiled text for a moment (aware)."""
    return sql.replace(f"'{PLACEHOLDER}'", f"'{write_moment(now)}'")


def build_moment(moment: datetime) -> TimestampValue:
    return ibis.literal(write_moment(moment)).cast("timestamp(6)")


def build_earliest(moments: list[TimestampValue]) -> TimestampValue:
    """The earliest of moments that are not NULL; `FAR` where there is none.

    Each moment once, and each span of time is added once, to the earliest of those that it is added to: over a hundred
    rules this costs a third of adding and comparing each.
    """
    by_span: dict[ops.Node | None, dict[ops.Node, TimestampValue]] = {}
    for moment in moments:
        for start, span in _list_parts(moment.op()):
            by_span.setdefault(span, {})[start] = start.to_expr()
    earliest = []
    for span, starts in by_span.items():
        known = [start.fill_null(FAR) for start in starts.values()]
        first = known[0] if len(known) == 1 else ibis.least(*known)
        earliest.append(first if span is None else first + span.to_expr())
    if not earliest:
        return FAR
    if list(by_span) == [None]:
        return earliest[0]
    return ibis.least(*earliest, FAR)


def _list_parts(moment: ops.Node) -> list[tuple[ops.Node, ops.Node | None]]:
    """What an earliest moment is the earliest of: moments, each with the span that is added to it."""
    if moment == FAR.op():
        return []
    if isinstance(moment, ops.Least):
        return [part for each in moment.arg for part in _list_parts(each)]
    if isinstance(moment, ops.Coalesce) and len(moment.arg) == 2 and moment.arg[1] == FAR.op():
        return _list_parts(moment.arg[0])
    if isinstance(moment, ops.TimestampAdd) and isinstance(moment.right, ops.Literal):
        starts = _list_parts(moment.left)
        if all(span is None for _, span in starts):
            return [(start, moment.right) for start, _ in starts]
    return [(moment, None)]
