"""The door of the events room: everything that happens comes in here."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from tenure.base import clock
from tenure.base.errors import UnavailableError
from tenure.events import erasing
from tenure.events.appending import RESOLVED, Appender, AppendResult, BatchHandler, append_own
from tenure.events.batch import EVENT_BATCH, NewEvent, build_batch, decode_rows, encode_rows
from tenure.events.inbox import Inbox
from tenure.events.keys import KeyRing, WriteKeyView, create_write_key, list_write_keys, revoke_write_key
from tenure.events.live import LiveHub
from tenure.events.models import QueuedEvent
from tenure.events.pump import Pump
from tenure.events.tracking_http import TrackingApp
from tenure.lake.api import Transaction

__all__ = [
    "EVENT_BATCH",
    "RESOLVED",
    "AppendResult",
    "Appender",
    "BatchHandler",
    "EventService",
    "Inbox",
    "KeyRing",
    "LiveHub",
    "NewEvent",
    "Pump",
    "TrackingApp",
    "WriteKeyView",
    "append_batch",
    "append_own",
    "build_batch",
    "copy_inbox",
    "count_parked",
    "count_waiting",
    "create_write_key",
    "current",
    "decode_rows",
    "encode_rows",
    "erase_waiting",
    "list_write_keys",
    "paused",
    "record",
    "record_many",
    "record_with_ledger",
    "rehearse",
    "revoke_write_key",
    "set_current",
    "wait_until_folded",
]


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class EventService:
    """The parts of this process that take events in."""

    inbox: Inbox
    appender: Appender
    pump: Pump
    on_imported: Callable[[], object] = lambda: None
    """Called once a file is in the lake."""


_current: EventService | None = None


def set_current(service: EventService | None) -> None:
    global _current
    _current = service


def current() -> EventService:
    if _current is None:
        raise UnavailableError("no_events", "Events are not taken in by this process.")
    return _current


def record(event: NewEvent) -> None:
    """Commit one event of Tenure's own to the inbox."""
    record_many([event])


def record_many(events: Sequence[NewEvent]) -> None:
    """Commit events of Tenure's own to the inbox, in one commit."""
    if events:
        now = clock.now()
        current().inbox.accept_and_wait(len(events), encode_rows([event.as_row(now) for event in events]))


def record_with_ledger(event: NewEvent) -> None:
    """Record an event in the ledger transaction that is open now: both happen, or neither.

    Tell the pump with `wake_pump` once the transaction is over; it looks by itself too.
    """
    from django.db import transaction

    now = clock.now()
    QueuedEvent.objects.create(body=encode_rows([event.as_row(now)]), queued_at=now)
    transaction.on_commit(wake_pump)


def wake_pump() -> None:
    if _current is not None:
        _current.pump.wake()


def append_batch(batch: pa.Table, progress: Callable[[int], None] | None = None) -> AppendResult:
    """Append many events (EVENT_BATCH's schema), past the inbox; known message ids change nothing."""
    return current().appender.append(batch.cast(EVENT_BATCH), progress=progress)


def rehearse(prepare: Callable[[], NewEvent], read: Callable[[Transaction], Answer]) -> Answer:
    """What `read` finds in the lake after a ledger change by `prepare` and its event; nothing of it is kept."""

    def prepare_batch() -> pa.Table:
        return build_batch([prepare().as_row(clock.now())])

    return current().appender.rehearse(prepare_batch, read)


def wait_until_folded(timeout_seconds: float = 30) -> bool:
    """Return once everything accepted so far is in the lake; False when that takes longer."""
    service = current()
    if service.pump.is_running:
        return service.pump.wait_until_folded(timeout_seconds)
    service.pump.drain()
    return True


def paused() -> AbstractContextManager[None]:
    """Nothing is folded for the length of the block; what is accepted waits."""
    return current().pump.paused()


def erase_waiting(customer_ids: Collection[int], identifiers: Collection[str]) -> dict[str, int]:
    """Drop the events of these customers that are not in the lake yet. While `paused`."""
    service = current()
    return erasing.erase_waiting(service.inbox, service.pump.position, customer_ids, identifiers)


def count_waiting() -> int:
    """Events accepted and not yet in the lake."""
    service = current()
    return service.inbox.count_after(service.pump.position) + QueuedEvent.objects.count()


def count_parked() -> int:
    """Events put aside because of a bug."""
    return current().inbox.count_parked()


def copy_inbox(path: Path) -> None:
    """A consistent copy of the inbox, for a backup."""
    current().inbox.copy_to(path)
