"""Addresses that are not to be written to. The ledger is the authority, asked again at every hand-off."""

from collections.abc import Iterable

import pyarrow as pa
from django.db import transaction

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.customers.models import Suppression
from tenure.events.api import NewEvent, record_with_ledger

REASONS = ("unsubscribed", "hard_bounce", "complaint", "manual")
_MOST_PARAMETERS = 900


def suppress(channel: str, address: str, reason: str, event: NewEvent | None = None) -> bool:
    """Never write to `address` on `channel` again; `event` is recorded in the same transaction.

    Gives False, and records nothing, where the address is suppressed already.
    """
    if reason not in REASONS:
        raise TenureError("unknown_reason", f"reason must be one of {', '.join(REASONS)}.", "reason")
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
    return Suppression.objects.filter(channel=channel, address=normalise(address)).exists()


def list_suppressed(channel: str, addresses: Iterable[str]) -> set[str]:
    """Those of `addresses` that are suppressed, as given."""
    by_normal = {normalise(address): address for address in addresses}
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


def normalise(address: str) -> str:
    return address.replace("\xa0", " ").strip().lower()
