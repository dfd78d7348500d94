"""Addresses that are not to be written to. The ledger is the authority, asked again at every hand-off.

Of erased customers only a keyed hash of the address is kept. Where such an address comes back it is known again
by the hash, and is suppressed as it was.
"""

import hashlib
import hmac
from collections.abc import Iterable

import pyarrow as pa
from django.conf import settings
from django.db import transaction

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.customers.models import HashedSuppression, Suppression
from tenure.events.api import NewEvent, record_with_ledger

REASONS = ("unsubscribed", "hard_bounce", "complaint", "manual")
_MOST_PARAMETERS = 900


def suppress(channel: str, address: str, reason: str, event: NewEvent | None = None) -> bool:
    """Never write to `address` on `channel` again; `event` is recorded in the same transaction.

    Gives False, and records nothing, where the address is suppressed already.
    """
    if reason not in REASONS:
        raise TenureError("unknown_reason", f"reason must be one of {', '.join(REASONS)}.", "reason")
    recall_suppressions(channel, [address])
    with transaction.atomic():
        _, is_new = Suppression.objects.get_or_create(
            channel=channel,
            address=normalise(address),
            defaults={"reason": reason, "created_at": clock.now()},
        )
        if is_new and event is not None:
            record_with_ledger(event)
    return is_new


def is_suppressed(channel: str, address: str) -> bool:
    recall_suppressions(channel, [address])
    return Suppression.objects.filter(channel=channel, address=normalise(address)).exists()


def list_suppressed(channel: str, addresses: Iterable[str]) -> set[str]:
    """Those of `addresses` that are suppressed, as given."""
    by_normal = {normalise(address): address for address in addresses}
    recall_suppressions(channel, by_normal)
    found: set[str] = set()
    keys = list(by_normal)
    for start in range(0, len(keys), _MOST_PARAMETERS):
        rows = Suppression.objects.filter(channel=channel, address__in=keys[start : start + _MOST_PARAMETERS])
        found.update(by_normal[address] for address in rows.values_list("address", flat=True))
    return found


def list_suppressions(channel: str) -> pa.Table:
    """Every suppressed address of a channel (as `normalise` gives it) with its reason: address, reason."""
    rows = Suppression.objects.filter(channel=channel).values_list("address", "reason")
    addresses, reasons = [], []
    for address, reason in rows.iterator(chunk_size=20_000):
        addresses.append(address)
        reasons.append(reason)
    return pa.table({"address": pa.array(addresses, pa.string()), "reason": pa.array(reasons, pa.string())})


def has_hashed_suppressions() -> bool:
    """Whether any address is suppressed by its hash only."""
    return HashedSuppression.objects.exists()


def recall_suppressions(channel: str, addresses: Iterable[str | None]) -> int:
    """Suppress again what is suppressed by its hash; costs nothing while nobody was erased. Gives how many."""
    if not HashedSuppression.objects.filter(channel=channel).exists():
        return 0
    by_hash = {hash_address(channel, address): normalise(address) for address in addresses if address}
    keys, count = list(by_hash), 0
    for start in range(0, len(keys), _MOST_PARAMETERS):
        part = keys[start : start + _MOST_PARAMETERS]
        for row in HashedSuppression.objects.filter(channel=channel, address_hash__in=part):
            _, is_new = Suppression.objects.get_or_create(
                channel=channel,
                address=by_hash[row.address_hash],
                defaults={"reason": row.reason, "created_at": row.created_at},
            )
            count += is_new
    return count


def hash_suppressions(addresses: Iterable[str]) -> int:
    """Keep only the keyed hashes of these addresses; those that were not suppressed are suppressed by nothing.

    Inside a ledger transaction. Gives how many addresses are gone.
    """
    wanted = [normalise(address) for address in addresses]
    rows = Suppression.objects.filter(address__in=wanted)
    for row in rows:
        HashedSuppression.objects.get_or_create(
            channel=row.channel,
            address_hash=hash_address(row.channel, row.address),
            defaults={"reason": row.reason, "created_at": row.created_at},
        )
    return int(rows.delete()[0])


def hash_address(channel: str, address: str) -> str:
    """HMAC-SHA-256 with the installation's secret, in hex: of no use to whoever has not the secret."""
    key = b"suppression:" + settings.SECRET_KEY.encode()
    return hmac.new(key, f"{channel}:{normalise(address)}".encode(), hashlib.sha256).hexdigest()


def normalise(address: str) -> str:
    return address.replace("\xa0", " ").strip().lower()
