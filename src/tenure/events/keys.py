"""Write keys: who may send events."""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from tenure.base import clock
from tenure.base.errors import NotFoundError
from tenure.events.models import WriteKey

_FRESH_SECONDS = 2.0


def create_write_key(name: str) -> str:
    """Make a key. It is shown this once: only its hash is kept."""
    key = "wk_" + secrets.token_urlsafe(24)
    WriteKey.objects.create(
        name=name or "key", key_hash=_hash(key), key_start=key[:8], created_at=clock.now()
    )
    return key


@dataclass(frozen=True)
class WriteKeyView:
    id: int
    name: str
    key_start: str
    created_at: datetime
    revoked_at: datetime | None


def list_write_keys() -> list[WriteKeyView]:
    """Every key, the newest first; never the key itself."""
    rows = WriteKey.objects.order_by("-id").values("id", "name", "key_start", "created_at", "revoked_at")
    return [WriteKeyView(**row) for row in rows]


def revoke_write_key(key_id: int) -> None:
    changed = WriteKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=clock.now())
    if not changed:
        raise NotFoundError("no_such_key", "There is no such active write key.")


class KeyRing:
    """The active keys, in memory; a change in the ledger is seen within two seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._loaded = -1e9
        self._known: dict[str, str] = {}

    def is_fresh(self) -> bool:
        return time.monotonic() - self._loaded < _FRESH_SECONDS

    def load(self) -> None:
        """Read the ledger. Not from an event loop."""
        with self._lock:
            rows = WriteKey.objects.filter(revoked_at=None).values_list("key_hash", "name")
            self._names = dict(rows)
            self._known = {}
            self._loaded = time.monotonic()

    def find_source(self, key: str) -> str | None:
        """The name of an active key, or None."""
        name = self._known.get(key)
        if name is None:
            name = self._names.get(_hash(key))
            if name is not None:
                self._known[key] = name
        return name


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
