"""The pump: inbox to lake, in micro-batches, exactly once.

The checkpoint is written in the batch's own lake transaction; the inbox forgets only what the lake holds. A
lake that is down makes the inbox grow, and nothing else.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import close_old_connections, connection

from tenure.base.errors import UnavailableError
from tenure.events.appending import Appender, AppendResult
from tenure.events.batch import build_batch, decode_rows, encode_rows
from tenure.events.inbox import Inbox
from tenure.events.models import QueuedEvent
from tenure.lake import api as lakes
from tenure.lake.api import Lake

logger = logging.getLogger(__name__)

INBOX_CHECKPOINT = "inbox"
QUEUE_CHECKPOINT = "queue"
MOST_EVENTS = 20_000
LINGER_SECONDS = 0.015
"""Between small batches: what came meanwhile shares the cost of one batch."""
_BUSY_ROWS = 20
_RETRY_SECONDS = 2.0
_MOST_BAD_AT_ONCE = 20

OnFolded = Callable[[AppendResult], None]


class Pump:
    """One thread that waits to be woken. `drain` does the same work in the caller's thread."""

    def __init__(
        self, lake: Lake, inbox: Inbox, appender: Appender, on_folded: Sequence[OnFolded] = ()
    ) -> None:
        self._lake = lake
        self._inbox = inbox
        self._appender = appender
        self._on_folded = on_folded
        self._position = _read_checkpoint(lake, INBOX_CHECKPOINT)
        self._queue_position = _read_checkpoint(lake, QUEUE_CHECKPOINT)
        self._inbox.forget_until(self._position)
        self._wake = threading.Event()
        self._stopping = False
        self._folded = threading.Condition()
        self._work = threading.Lock()
        self._thread: threading.Thread | None = None
        self.trouble: str | None = None

    @property
    def position(self) -> int:
        return self._position

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread:
            self._thread.join()

    def drain(self) -> int:
        """Fold everything that waits. Gives the number of events."""
        total = 0
        while not self._stopping and (count := self._step()):
            total += count
        return total

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is folded for the length of the block; what is accepted waits."""
        with self._work:
            yield
        self.wake()

    def wait_until_folded(self, timeout_seconds: float = 30) -> bool:
        """Return once what is in the inbox now is in the lake; False when it takes longer."""
        deadline = time.monotonic() + timeout_seconds
        self.wake()
        with self._folded:
            while self._inbox.count_after(self._position) or QueuedEvent.objects.exists():
                if self._thread is None:
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._folded.wait(min(left, 0.5))
        return True

    def _run(self) -> None:
        self._wake.set()
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                break
            try:
                if self.drain() < MOST_EVENTS:
                    time.sleep(LINGER_SECONDS)
            except Exception as error:
                self.trouble = str(error)
                logger.error("the pump cannot write to the lake, trying again: %s", error)
                threading.Timer(_RETRY_SECONDS, self._wake.set).start()
                close_old_connections()
        connection.close()

    def _step(self) -> int:
        with self._work:
            count = self._fold_inbox() + self._fold_queue()
        if count:
            self.trouble = None
            with self._folded:
                self._folded.notify_all()
        return count

    def _fold_inbox(self) -> int:
        batches = self._inbox.read_after(self._position, MOST_EVENTS)
        if not batches:
            return 0
        rows = [row for batch in batches for row in decode_rows(batch.body)]
        if len(rows) >= _BUSY_ROWS:
            self._lake.make_room()
        last = batches[-1].seq
        self._append(rows, {INBOX_CHECKPOINT: last})
        self._position = last
        self._inbox.forget_until(last)
        return len(rows)

    def _fold_queue(self) -> int:
        queued = list(QueuedEvent.objects.filter(id__gt=self._queue_position).order_by("id")[:MOST_EVENTS])
        if not queued:
            return 0
        rows = [row for event in queued for row in decode_rows(bytes(event.body))]
        last = int(queued[-1].pk)
        self._append(rows, {QUEUE_CHECKPOINT: last})
        self._queue_position = last
        QueuedEvent.objects.filter(id__lte=last).delete()
        return len(rows)

    def _append(self, rows: list[list[Any]], checkpoints: dict[str, int]) -> None:
        try:
            result = self._appender.append(build_batch(rows), checkpoints)
        except Exception as error:
            if lakes.is_outside_trouble(error) or isinstance(error, UnavailableError):
                raise
            logger.error(
                "a batch of %s events could not be folded (%r); looking for the cause", len(rows), error
            )
            result = self._append_around(rows, checkpoints)
        for tell in self._on_folded:
            tell(result)

    def _append_around(self, rows: list[list[Any]], checkpoints: dict[str, int]) -> AppendResult:
        """A bug of ours in one event must not stop the others: halves of halves find it, and it is parked.

        Where many fail and none can be folded, it is no single event's fault: nothing is parked, all waits.
        """
        good_count = 0
        bad: list[tuple[list[Any], Exception]] = []
        parts = [rows]
        while parts:
            if self._stopping:
                raise UnavailableError("stopping", "Tenure is being stopped.")
            part = parts.pop()
            try:
                self._appender.append(build_batch(part), {})
                good_count += len(part)
            except Exception as error:
                if lakes.is_outside_trouble(error):
                    raise
                if len(part) > 1:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                    continue
                bad += [(row, error) for row in part]
                if not good_count and len(bad) >= _MOST_BAD_AT_ONCE:
                    raise
        for row, error in bad:
            logger.error("parked event %s: %r", row[0], error)
            self._inbox.park(encode_rows([tuple(row)]), repr(error))  # type: ignore[list-item]
        return self._appender.append(build_batch([]), checkpoints)


def _read_checkpoint(lake: Lake, name: str) -> int:
    table = lakes.table("checkpoints")
    return int(lake.read_value(table.filter(table.name == name).select("value")) or 0)
