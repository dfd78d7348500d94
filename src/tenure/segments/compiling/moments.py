"""The moment a segment is looked at: a placeholder in compiled text, so that text is compiled once."""

from datetime import UTC, datetime

import ibis
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
    """The earliest of moments that are not NULL; `FAR` where there is none."""
    known = [moment.fill_null(FAR) for moment in moments]
    if not known:
        return FAR
    return known[0] if len(known) == 1 else ibis.least(*known)
