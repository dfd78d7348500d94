"""How far local time is from UTC, as a table: engines' own zone functions differ."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pyarrow as pa

FIRST_YEAR, LAST_YEAR = 2000, 2040
_STEP = timedelta(days=7)
_EVER = datetime(1, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_NEVER = datetime(2262, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def build_zone_offsets(zones: list[str]) -> pa.Table:
    """Rows zone, from_at, until_at (naive UTC), offset_seconds for IANA zones; unknown ones have none."""
    rows: list[tuple[str, datetime, datetime, int]] = []
    for zone in zones:
        try:
            rows += _list_stretches(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            continue
    names, starts, ends, seconds = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "zone": pa.array(names, pa.string()),
            "from_at": pa.array(starts, pa.timestamp("us")),
            "until_at": pa.array(ends, pa.timestamp("us")),
            "offset_seconds": pa.array(seconds, pa.int64()),
        }
    )


def _list_stretches(zone: str) -> list[tuple[str, datetime, datetime, int]]:
    info = zoneinfo.ZoneInfo(zone)
    moment, last = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    start, offset = _EVER, _find_offset(info, moment)
    found = []
    while moment < last:
        after = moment + _STEP
        if _find_offset(info, after) != offset:
            change = _find_change(info, moment, after)
            found.append((zone, start, change.replace(tzinfo=None), offset))
            start, offset = change.replace(tzinfo=None), _find_offset(info, change)
        moment = after
    return [*found, (zone, start, _NEVER, offset)]


def _find_offset(info: zoneinfo.ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(info).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _find_change(info: zoneinfo.ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second with another offset than `before`; two changes within a week are taken for one."""
    offset = _find_offset(info, before)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _find_offset(info, middle) == offset:
            before = middle
        else:
            after = middle
    return after
