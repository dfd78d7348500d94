"""Who may try to sign in, and how often."""

import threading
from collections import deque
from datetime import datetime, timedelta

from tenure.base import clock

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 8
TRIES_PER_ADDRESS = 40

_lock = threading.Lock()
_tries: dict[str, deque[datetime]] = {}


def find_wait_minutes(email: str, address: str) -> int | None:
    """How long this account at this network address has to wait, or None when it may try."""
    waits = []
    with _lock:
        for key, limit in _keys(email, address):
            tries = _recent(key)
            if len(tries) >= limit:
                waits.append(tries[0] + WINDOW - clock.now())
    return max(1, round(max(waits).total_seconds() / 60)) if waits else None


def record_failure(email: str, address: str) -> None:
    """Count a failed try."""
    with _lock:
        if len(_tries) > 10_000:
            for key in list(_tries):
                _recent(key)
        for key, _ in _keys(email, address):
            _tries.setdefault(key, deque()).append(clock.now())


def forget_failures(email: str, address: str) -> None:
    """After a success this account starts afresh; the network address does not."""
    with _lock:
        _tries.pop(f"{email}|{address}", None)


def forget_all() -> None:
    with _lock:
        _tries.clear()


def _keys(email: str, address: str) -> tuple[tuple[str, int], ...]:
    return ((f"{email}|{address}", TRIES_PER_ACCOUNT), (address, TRIES_PER_ADDRESS))


def _recent(key: str) -> deque[datetime]:
    tries = _tries.get(key, deque())
    while tries and tries[0] <= clock.now() - WINDOW:
        tries.popleft()
    if not tries:
        _tries.pop(key, None)
    return tries
