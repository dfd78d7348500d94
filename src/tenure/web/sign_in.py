"""Who may try to sign in, and how often.

Wrong tries are counted for an account at a network address, for an account wherever they come from, and for an
address. Many people may share an address, so that one over its limit still lets the right password in.
"""

import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from tenure.base import clock

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 8
TRIES_PER_ACCOUNT_EVERYWHERE = 60
TRIES_PER_ADDRESS = 40
TELL_EVERY = timedelta(hours=1)
MOST_KEYS = 20_000

_lock = threading.Lock()
_tries: dict[str, deque[datetime]] = {}
_told: dict[str, datetime] = {}


def find_wait_minutes(email: str, address: str) -> int | None:
    """How long this account has to wait, or None when a password may be tried."""
    return _find_wait(_account_keys(email, address))


def find_address_wait_minutes(address: str) -> int | None:
    """How long wrong passwords from this address have to wait; the right one has not."""
    return _find_wait(((_address_key(address), TRIES_PER_ADDRESS),))


def record_failure(email: str, address: str) -> None:
    """Count a wrong try. The keys and the tries kept of each are bounded."""
    with _lock:
        for key, limit in (*_account_keys(email, address), (_address_key(address), TRIES_PER_ADDRESS)):
            tries = _tries.pop(key, None) or deque(maxlen=limit)
            tries.append(clock.now())
            _tries[key] = tries
        while len(_tries) > MOST_KEYS:
            del _tries[next(iter(_tries))]


def forget_failures(email: str, address: str) -> None:
    """After a success this account starts afresh at this address; the address does not."""
    with _lock:
        _tries.pop(_pair_key(email, address), None)


def should_tell(subject: str) -> bool:
    """Whether to record that this account or address is limited: once an hour."""
    with _lock:
        before, now = _told.get(subject), clock.now()
        if before is not None and before <= now < before + TELL_EVERY:
            return False
        _told.pop(subject, None)
        _told[subject] = now
        while len(_told) > MOST_KEYS:
            del _told[next(iter(_told))]
        return True


def find_network_address(meta: Mapping[str, str], trusted_proxies: int) -> str:
    """Where a request comes from: its peer, or what the outermost trusted proxy wrote in X-Forwarded-For."""
    forwarded = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if trusted_proxies > 0 and len(forwarded) >= trusted_proxies:
        return forwarded[-trusted_proxies][:64]
    return meta.get("REMOTE_ADDR", "")


def forget_all() -> None:
    with _lock:
        _tries.clear()
        _told.clear()


def _find_wait(keys: tuple[tuple[str, int], ...]) -> int | None:
    with _lock:
        full = [tries for key, limit in keys if len(tries := _recent(key)) >= limit]
        waits = [tries[0] + WINDOW - clock.now() for tries in full]
    return max(1, round(max(waits).total_seconds() / 60)) if waits else None


def _account_keys(email: str, address: str) -> tuple[tuple[str, int], ...]:
    return (
        (_pair_key(email, address), TRIES_PER_ACCOUNT),
        (f"account {email}", TRIES_PER_ACCOUNT_EVERYWHERE),
    )


def _pair_key(email: str, address: str) -> str:
    return f"pair {email}|{address}"


def _address_key(address: str) -> str:
    return f"address {address}"


def _recent(key: str) -> deque[datetime]:
    tries = _tries.get(key, deque())
    while tries and tries[0] <= clock.now() - WINDOW:
        tries.popleft()
    if not tries:
        _tries.pop(key, None)
    return tries
