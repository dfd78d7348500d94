"""Stretches of time that rules look at."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import ibis
from ibis.expr.types import BooleanValue, TimestampValue

from tenure.segments.compiling.moments import NOW, build_moment


@dataclass(frozen=True)
class Window:
    """The last `seconds` before now (now - seconds < t <= now), or whole days of the shop's zone, or ever.

    Nothing that lies in the future counts in any window.
    """

    seconds: int | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None

    @property
    def is_sliding(self) -> bool:
        return self.seconds is not None

    def build(self, moment: TimestampValue) -> BooleanValue | None:
        """Whether a moment, known to be past, lies in the window; None where every one does."""
        parts: list[BooleanValue] = []
        if (start := self.build_start()) is not None:
            parts.append(moment > start if self.is_sliding else moment >= start)
        if self.until_at is not None:
            parts.append(moment < build_moment(self.until_at))
        return None if not parts else (parts[0] if len(parts) == 1 else parts[0] & parts[1])

    def build_start(self) -> TimestampValue | None:
        if self.seconds is not None:
            return NOW - build_interval(self.seconds)
        return None if self.from_at is None else build_moment(self.from_at)

    def build_leaving(self, moment: TimestampValue) -> TimestampValue | None:
        """When a moment in the window leaves it; None where it never does."""
        return None if self.seconds is None else moment + build_interval(self.seconds)

    def find_start(self, now: datetime) -> datetime | None:
        """The window's first moment (aware); None for ever."""
        return self.from_at if self.seconds is None else now - timedelta(seconds=self.seconds)


EVER = Window()


def build_interval(seconds: int) -> ibis.expr.types.IntervalScalar:
    if seconds % 86_400 == 0:
        return ibis.interval(days=seconds // 86_400)
    return ibis.interval(seconds=seconds)


def build_days(from_on: date | None, to_on: date | None, zone: str) -> Window:
    """Whole days in a zone, both ends included."""
    return Window(
        from_at=None if from_on is None else _start_of(from_on, zone),
        until_at=None if to_on is None or to_on >= _LAST_DAY else _start_of(to_on + timedelta(days=1), zone),
    )


_LAST_DAY = date.max - timedelta(days=1)
"""Until then and later is ever: a moment after it could not be written in every zone."""


def _start_of(day: date, zone: str) -> datetime:
    if day == date.min:
        return datetime.combine(day, time.min, UTC)
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
