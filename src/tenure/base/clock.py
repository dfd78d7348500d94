"""The only source of time. Tests, the sandbox and backtests drive a virtual clock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

_virtual: "VirtualClock | None" = None
_lock = threading.Lock()


class VirtualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._now = _aware(at)

    def now(self) -> datetime:
        return self._now

    def move_to(self, at: datetime) -> None:
        self._now = _aware(at)

    def advance(self, **duration: float) -> None:
        """Move on by a `timedelta(**duration)`, for example `advance(days=1)`."""
        self._now += timedelta(**duration)


def now() -> datetime:
    """The present moment, aware, UTC."""
    virtual = _virtual
    return virtual.now() if virtual else datetime.now(UTC)


def today() -> date:
    """The present day in UTC."""
    return now().date()


@contextmanager
def virtual(at: datetime) -> Iterator[VirtualClock]:
    """Run a block, in every thread, on a virtual clock that starts at `at` (aware)."""
    global _virtual
    with _lock:
        before, _virtual = _virtual, VirtualClock(at)
        current = _virtual
    try:
        yield current
    finally:
        _virtual = before


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the clock takes aware datetimes")
    return at.astimezone(UTC)
