"""The sender: takes due rows of the outbox, builds their messages and hands them to a transport.

It runs an event loop in a thread of its own, sleeps while nothing is due, and is woken by `notify()`. Each
connection has at most one message whose outcome is not on disk: the result of a message is committed together
with the mark of the next one, before that one leaves.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from django.db import connections as database_connections

from tenure.base import clock
from tenure.base.errors import TenureError, UnavailableError
from tenure.channels import outbox
from tenure.channels.adapters import open_transport
from tenure.channels.adapters.base import Connection, Outcome, ServerProblemError
from tenure.channels.hand_off import HandOffLedger
from tenure.channels.outbox import ClaimedDelivery, Result, SentDelivery

logger = logging.getLogger(__name__)

BATCH_ROWS = 200
TELL_ROWS = 500
TELL_EVERY_SECONDS = 0.3
IDLE_CONNECTION_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_SLEEP_SECONDS = 300.0

BuildMessage = Callable[[ClaimedDelivery], Any]
Prepare = Callable[[Sequence[ClaimedDelivery]], None]
OnSent = Callable[[Sequence[SentDelivery]], None]


@dataclass(frozen=True)
class SenderStatus:
    """What the sender does right now, in a sentence; `next_try_at` (aware UTC) while a server refuses."""

    state: Literal["stopped", "idle", "sending", "waiting"]
    text: str
    transport_url: str
    open_connections: int
    sent_count: int
    next_try_at: datetime | None


class Sender:
    """Sends what is due.

    build_message: makes the message of one row (an `OutgoingEmail` for e-mail); an error fails that row only.
    prepare: called in a thread with each claimed batch before its messages are built, to load in one query
    what they need; an error makes the batch wait.
    on_sent: called in a thread with batches of sent rows after they are on disk, and again after a crash.
    """

    def __init__(
        self,
        build_message: BuildMessage,
        transport_url: str,
        connections: int = 8,
        on_sent: OnSent | None = None,
        prepare: Prepare | None = None,
        timeout_seconds: float = 30.0,
        channel: str = "email",
    ) -> None:
        self._transport = open_transport(transport_url, timeout_seconds)
        self._build_message = build_message
        self._connection_count = connections
        self._on_sent = on_sent
        self._prepare = prepare
        self._channel = channel
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._notify_lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._ledger = HandOffLedger()
        self._buffer: deque[ClaimedDelivery] = deque()
        self._unresolved = 0
        self._open_connections = 0
        self._sent_count = 0
        self._problem: str | None = None
        self._next_try_at: datetime | None = None
        self._notified = 0
        self._parked_at = -1
        self._has_told = False
        self._is_stopping = False

    def start(self) -> None:
        """Start the thread; rows left by a dead process are recovered first."""
        if self._thread is not None:
            raise RuntimeError("the sender runs already")
        self._reset()
        self._started.clear()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()
        self._started.wait(timeout=30)

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Let each connection finish its message, give back what was not handed off, and end."""
        if self._thread is None:
            return
        self._is_stopping = True
        self._call(self._stop_event_set)
        self._thread.join(timeout_seconds)
        self._thread = None
        self._loop = None

    def notify(self) -> None:
        """Something may be due. From any thread; costs next to nothing."""
        with self._notify_lock:
            self._notified += 1
        self._call(lambda: self._wake.set())

    def wait_until_idle(self, timeout_seconds: float = 30.0) -> bool:
        """Whether everything due was sent (or failed, or waits for another try) and told, within the time."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self._is_parked() and not self._unresolved and not self._buffer and self._has_told:
                return True
            time.sleep(0.02)
        return False

    def send_alone(self, message: Any) -> Outcome:
        """Hand over one message beside the outbox, over a connection of its own, and wait for the answer.

        Nothing is recorded of it. Call it outside an event loop. Errors: `mail_server_refuses`, `bad_address`.
        """
        return asyncio.run(self._deliver_alone(self._transport.prepare(message)))

    async def _deliver_alone(self, prepared: Any) -> Outcome:
        try:
            connection = await self._transport.connect()
        except ServerProblemError as error:
            text = f"The mail server {self._transport.shown_url} {error}."
            raise UnavailableError("mail_server_refuses", text) from error
        try:
            return await connection.deliver(prepared)
        finally:
            await connection.close()

    def get_status(self) -> SenderStatus:
        """What it does right now."""
        url, problem = self._transport.shown_url, self._ledger.problem
        state: Literal["stopped", "idle", "sending", "waiting"] = "idle"
        text = f"Nothing is due. Mail goes out through {url}."
        if self._thread is None or not self._thread.is_alive():
            state, text = "stopped", "The sender does not run."
        elif problem:
            state, text = "waiting", f"Sending waits: {problem}."
        elif self._problem:
            again = f"; next try at {self._next_try_at:%H:%M:%S} UTC" if self._next_try_at else ""
            state, text = "waiting", f"{self._problem}{again}"
        elif self._unresolved or self._buffer or not self._is_parked():
            state, text = "sending", f"Sending through {url} over {self._open_connections} connections."
        return SenderStatus(state, text, url, self._open_connections, self._sent_count, self._next_try_at)

    def _is_parked(self) -> bool:
        return self._parked_at == self._notified

    def _call(self, work: Callable[[], Any]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(work)
            except RuntimeError:
                return

    def _stop_event_set(self) -> None:
        self._ledger.give_up_on_failure()
        self._stop.set()
        self._wake.set()
        self._arrived.set()
        self._to_tell.set()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(self._main())
        except Exception:
            logger.exception("the sender ended by an error")
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop, self._wake = asyncio.Event(), asyncio.Event()
        self._arrived, self._to_tell = asyncio.Event(), asyncio.Event()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sender-helper")
        self._ledger.start()
        try:
            again, doubtful = await self._ledger.ask(outbox.recover_after_crash)
            if again or doubtful:
                logger.warning("after a crash: %d deliveries planned again, %d in doubt", again, doubtful)
            self._started.set()
            self._to_tell.set()
            telling = asyncio.create_task(self._tell())
            feeding = asyncio.create_task(self._feed())
            workers = [asyncio.create_task(self._work()) for _ in range(self._connection_count)]
            await asyncio.gather(feeding, *workers)
            await self._ledger.ask(lambda: outbox.release_claimed([row.id for row in self._buffer]))
            self._to_tell.set()
            await telling
        finally:
            self._ledger.stop()
            self._threads.shutdown(wait=False)

    async def _feed(self) -> None:
        """Keep the buffer filled; sleep until something is due."""
        while not self._stop.is_set():
            if len(self._buffer) >= BATCH_ROWS // 2:
                await self._sleep_until_woken(LONGEST_SLEEP_SECONDS)
                continue
            self._wake.clear()
            seen = self._notified
            rows = await self._ledger.ask(lambda: outbox.claim_batch(BATCH_ROWS, self._channel))
            if rows:
                if await self._prepare_rows(rows):
                    self._buffer.extend(rows)
                    self._arrived.set()
                continue
            due_at = await self._ledger.ask(outbox.find_next_due_at)
            seconds = LONGEST_SLEEP_SECONDS
            if due_at is not None:
                seconds = min(max((due_at - clock.now()).total_seconds(), 0.05), LONGEST_SLEEP_SECONDS)
            self._parked_at = seen if not self._wake.is_set() else -1
            await self._sleep_until_woken(seconds)
            self._parked_at = -1

    async def _prepare_rows(self, rows: list[ClaimedDelivery]) -> bool:
        prepare, pause = self._prepare, FIRST_PAUSE_SECONDS
        while prepare is not None:
            try:
                await self._in_thread(prepare, rows)
                break
            except Exception as error:
                logger.exception("a batch of messages cannot be prepared")
                await self._wait_for_better(f"Messages cannot be prepared: {error}", pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                if self._stop.is_set():
                    await self._ledger.ask(lambda: outbox.release_claimed([row.id for row in rows]))
                    return False
        return True

    async def _work(self) -> None:
        """One connection: build, mark, hand over, again."""
        connection: Connection | None = None
        pending: Result | None = None
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            row = self._take()
            if row is None or connection is None or not connection.is_open:
                await self._flush(pending)
                pending = None
            if row is None:
                connection = await self._wait_for_rows(connection)
                continue
            if connection is None or not connection.is_open:
                connection, problem = await self._connect(connection)
                if connection is None:
                    self._buffer.appendleft(row)
                    self._arrived.set()
                    await self._wait_for_better(f"mail server {self._transport.shown_url} {problem}", pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
            pending = await self._send(connection, row, pending)
            if pending and pending.state == "sent":
                self._problem, self._next_try_at, pause = None, None, FIRST_PAUSE_SECONDS
            elif pending and pending.state == "retry" and not connection.is_open:
                text = pending.error
                await self._flush(pending)
                pending = None
                await self._wait_for_better(f"mail server {self._transport.shown_url}: {text}", pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        await self._flush(pending)
        await self._disconnect(connection)

    async def _send(
        self, connection: Connection, row: ClaimedDelivery, pending: Result | None
    ) -> Result | None:
        """Returns the result that is still to be written; the one before it is on disk by then."""
        self._unresolved += 1
        try:
            prepared = self._transport.prepare(self._build_message(row))
        except Exception as error:
            await self._flush(pending)
            return Result(row.id, "failed", *_explain_build(error), row.attempt_count)
        may_leave = await self._ledger.exchange(pending, row.id)
        self._settled(pending)
        if not may_leave:
            self._unresolved -= 1
            return None
        try:
            outcome = await connection.deliver(prepared)
        except Exception as error:
            logger.exception("delivery %d ended by an error", row.id)
            outcome = Outcome("in_doubt", "internal_error", f"{type(error).__name__}: {error}")
            await connection.close()
        counts = outcome.state in ("retry", "failed", "in_doubt")
        return Result(row.id, outcome.state, outcome.code, outcome.text, row.attempt_count + counts)

    async def _flush(self, pending: Result | None) -> None:
        if pending is not None:
            await self._ledger.exchange(pending, None)
            self._settled(pending)

    def _settled(self, result: Result | None) -> None:
        """A result is on disk."""
        if result is None:
            return
        if result.state == "sent":
            self._sent_count += 1
            self._has_told = False
            self._to_tell.set()
        elif result.state in ("retry", "planned"):
            self._parked_at = -1
            self._wake.set()
        self._unresolved -= 1

    def _take(self) -> ClaimedDelivery | None:
        row = self._buffer.popleft() if self._buffer else None
        if len(self._buffer) < BATCH_ROWS // 2 and row is not None:
            self._wake.set()
        return row

    async def _wait_for_rows(self, connection: Connection | None) -> Connection | None:
        self._arrived.clear()
        if self._buffer:
            return connection
        try:
            async with asyncio.timeout(IDLE_CONNECTION_SECONDS if connection else None):
                await self._arrived.wait()
        except TimeoutError:
            await self._disconnect(connection)
            return None
        return connection

    async def _connect(self, old: Connection | None) -> tuple[Connection | None, str]:
        await self._disconnect(old)
        connecting = asyncio.ensure_future(self._transport.connect())
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((connecting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not connecting.done():
            connecting.cancel()
        try:
            connection = await connecting
        except ServerProblemError as error:
            return None, str(error)
        except asyncio.CancelledError:
            return None, "was not waited for"
        self._open_connections += 1
        return connection, ""

    async def _disconnect(self, connection: Connection | None) -> None:
        if connection is not None:
            self._open_connections -= 1
            await connection.close()

    async def _tell(self) -> None:
        """Give the rows that were sent to `on_sent`, in batches, until every one is told."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            ends = self._is_stopping
            while self._on_sent is not None:
                rows = await self._ledger.ask(lambda: outbox.list_untold(TELL_ROWS))
                if not rows:
                    break
                try:
                    await self._in_thread(self._on_sent, rows)
                except Exception:
                    logger.exception("%d sent deliveries could not be recorded as events", len(rows))
                    self._to_tell.set()
                    await self._sleep_until_stopped(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    break
                pause = FIRST_PAUSE_SECONDS
                await self._ledger.ask(partial(outbox.mark_told, [row.id for row in rows]))
            self._has_told = not self._to_tell.is_set()
            if ends:
                return
            await self._sleep_until_stopped(TELL_EVERY_SECONDS)

    async def _wait_for_better(self, problem: str, seconds: float) -> None:
        self._problem = problem
        self._next_try_at = clock.now() + timedelta(seconds=seconds)
        await self._sleep_until_stopped(seconds)

    async def _sleep_until_woken(self, seconds: float) -> None:
        await _wait(self._wake.wait(), seconds)
        self._wake.clear()

    async def _sleep_until_stopped(self, seconds: float) -> None:
        await _wait(self._stop.wait(), seconds)

    async def _in_thread(self, work: Callable[[Any], None], rows: Sequence[Any]) -> None:
        def run() -> None:
            try:
                work(rows)
            finally:
                database_connections.close_all()

        await asyncio.get_running_loop().run_in_executor(self._threads, run)


async def _wait(what: Coroutine[Any, Any, Any], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await what
    except TimeoutError:
        return


def _explain_build(error: Exception) -> tuple[str, str]:
    if isinstance(error, TenureError):
        code = error.code if error.code == "bad_address" else "render_failed"
        return code, error.message
    return "render_failed", f"{type(error).__name__}: {error}"


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
