"""A person's events that wait: in the inbox, among the parked ones and in the ledger's queue."""

from collections.abc import Collection
from typing import Any

from tenure.events.batch import EVENT_BATCH, decode_rows, encode_rows
from tenure.events.inbox import Inbox
from tenure.events.models import QueuedEvent

_PLACES = {name: place for place, name in enumerate(EVENT_BATCH.names)}


def erase_waiting(
    inbox: Inbox, folded_until: int, customer_ids: Collection[int], identifiers: Collection[str]
) -> dict[str, int]:
    """Drop the waiting events of these customers; an anonymous id of theirs on another user's event is taken off.

    While the pump is paused. Gives how many events of what are gone.
    """
    counts = {"waiting events": 0, "queued events": 0}

    def keep(body: bytes) -> tuple[int, bytes] | None:
        rows = decode_rows(body)
        kept = _keep_rows(rows, customer_ids, identifiers)
        counts["waiting events"] += len(rows) - len(kept)
        return (len(kept), encode_rows(kept)) if kept else None

    inbox.rewrite(folded_until, keep)
    for queued in QueuedEvent.objects.all():
        rows = decode_rows(bytes(queued.body))
        kept = _keep_rows(rows, customer_ids, identifiers)
        if not kept:
            queued.delete()
        elif len(kept) < len(rows):
            QueuedEvent.objects.filter(id=queued.pk).update(body=encode_rows(kept))
        counts["queued events"] += len(rows) - len(kept)
    return {name: count for name, count in counts.items() if count}


def _keep_rows(
    rows: list[list[Any]], customer_ids: Collection[int], identifiers: Collection[str]
) -> list[Any]:
    kept: list[Any] = []
    for row in rows:
        user, anonymous, previous, customer = (
            row[_PLACES[name]] for name in ("user_id", "anonymous_id", "previous_id", "customer_id")
        )
        named = customer in customer_ids if customer is not None else False
        owner = user if user is not None else anonymous
        if named or (customer is None and owner in identifiers):
            continue
        changed = list(row)
        for name, value in (("anonymous_id", anonymous), ("previous_id", previous)):
            if value in identifiers:
                changed[_PLACES[name]] = None
        kept.append(tuple(changed))
    return kept
