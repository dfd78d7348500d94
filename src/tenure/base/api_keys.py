"""API keys: programs that may do what a role may do. Shown once, kept as a hash, found by a part that is no secret."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from tenure.base import clock
from tenure.base.access import RANKS, Caller
from tenure.base.audit import record_audit
from tenure.base.errors import NotFoundError, TenureError, UnauthenticatedError
from tenure.base.models import ApiKey

MARK = "ak_"
USED_EVERY = timedelta(minutes=1)
"""How exact `last_used_at` is: not every call writes."""
_START_LENGTH = len(MARK) + 12
_NOBODYS_HASH = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


@dataclass(frozen=True)
class ApiKeyView:
    """A key as lists show it; never the key itself."""

    id: int
    name: str
    start: str
    role: str
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_api_key(name: str, role: str, actor: str) -> str:
    """Make a key. It is shown this once: only its hash is kept. Errors: no name, unknown role."""
    name = name.strip()
    if not name or len(name) > 100:
        raise TenureError("bad_name", "Give the key a name of at most 100 characters.", "name")
    if role not in RANKS:
        raise TenureError("unknown_role", f"Role must be one of {', '.join(RANKS)}.", "role")
    start = f"{MARK}{secrets.token_hex(6)}"
    key = f"{start}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        ApiKey.objects.create(
            name=name, start=start, key_hash=_hash(key), role=role, created_by=actor, created_at=clock.now()
        )
        record_audit(actor, "api_key.created", name, role=role, start=start)
    return key


def list_api_keys() -> list[ApiKeyView]:
    """Every key, the newest first."""
    fields = ("id", "name", "start", "role", "created_by", "created_at", "last_used_at", "revoked_at")
    return [ApiKeyView(**row) for row in ApiKey.objects.order_by("-id").values(*fields)]


def revoke_api_key(key_id: int, actor: str) -> None:
    """From now on the key opens nothing. Errors: there is no such active key."""
    with transaction.atomic():
        row = ApiKey.objects.filter(id=key_id, revoked_at=None).first()
        if row is None:
            raise NotFoundError("no_such_key", "There is no such active API key. Reload the list.")
        ApiKey.objects.filter(id=key_id).update(revoked_at=clock.now())
        record_audit(actor, "api_key.revoked", row.name, start=row.start)


def get_caller(key: str) -> Caller:
    """Who shows a key. Errors: it is no key, or is revoked.

    A key that nobody has takes as long as one with a wrong secret: one row is looked for and two hashes are compared.
    """
    row = ApiKey.objects.filter(start=key[:_START_LENGTH]).first()
    is_right = hmac.compare_digest(_hash(key), row.key_hash if row else _NOBODYS_HASH)
    if row is None or not is_right:
        raise UnauthenticatedError(
            "bad_key",
            "This API key is not known. Look whether it was copied whole, or make one under Settings, API keys.",
        )
    if row.revoked_at is not None:
        raise UnauthenticatedError(
            "revoked_key", f"The API key {row.name!r} was revoked. Make another one under Settings, API keys."
        )
    now = clock.now()
    if row.last_used_at is None or row.last_used_at <= now - USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
        ApiKey.objects.filter(stale, id=row.pk).update(last_used_at=now)
    return Caller(f"API key {row.name}", row.role)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
