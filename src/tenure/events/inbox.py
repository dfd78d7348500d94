"""The inbox: an accepted event is committed here before anybody is told so.

A SQLite file of its own with one writer thread. All callers that wait are committed together, so that the
cost of a durable commit is shared (group commit).
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from tenure.base.errors import UnavailableError

logger = logging.getLogger(__name__)

_MOST_PER_COMMIT = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_count INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS parked (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, error TEXT NOT NULL, body BLOB NOT NULL);
"""


@dataclass(frozen=True)
class InboxBatch:
    seq: int
    event_count: int
    body: bytes


class Inbox:
    """Accepts encoded rows; gives them to the pump in order; forgets them once the lake has them."""

    def __init__(self, path: Path, on_accepted: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._on_accepted = on_accepted
        self._queue: queue.Queue[tuple[int, bytes, Callable[[BaseException | None], None]] | None] = (
            queue.Queue()
        )
        self._reader_lock = threading.Lock()
        self._forget_until = 0
        self._reader = self._connect()
        self._writer = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
        self._writer.start()

    def accept(
        self, event_count: int, body: bytes, on_committed: Callable[[BaseException | None], None]
    ) -> None:
        """Queue `body` for the next commit; `on_committed` is called from the writer thread."""
        self._queue.put((event_count, body, on_committed))

    def accept_and_wait(self, event_count: int, body: bytes) -> None:
        """Return once `body` is on disk. Errors: the disk is full or broken."""
        outcome: Future[None] = Future()

        def committed(error: BaseException | None) -> None:
            if error:
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        self.accept(event_count, body, committed)
        outcome.result()

    def read_after(self, seq: int, most_events: int) -> list[InboxBatch]:
        """The batches after `seq`, in order, until about `most_events` events."""
        batches, events = [], 0
        with self._reader_lock:
            rows = self._reader.execute(
                "SELECT seq, event_count, body FROM batches WHERE seq > ? ORDER BY seq LIMIT 5000", [seq]
            )
            for row in rows:
                batches.append(InboxBatch(*row))
                events += row[1]
                if events >= most_events:
                    break
        return batches

    def count_after(self, seq: int) -> int:
        """How many events wait."""
        return int(self._value("SELECT coalesce(sum(event_count), 0) FROM batches WHERE seq > ?", [seq]))

    def count_parked(self) -> int:
        return int(self._value("SELECT count(*) FROM parked", []))

    def forget_until(self, seq: int) -> None:
        """The lake holds everything up to `seq`: the rows may go with one of the next commits."""
        self._forget_until = max(self._forget_until, seq)

    def park(self, body: bytes, error: str) -> None:
        """Put aside rows that a bug of ours cannot fold, so that the others go on."""
        with self._reader_lock:
            self._reader.execute("INSERT INTO parked (error, body) VALUES (?, ?)", [error, body])
            self._reader.commit()

    def restore_parked(self) -> int:
        """Try again, at start, what was put aside: the bug may be mended. Gives how many events."""
        with self._reader_lock:
            self._reader.execute(
                "INSERT INTO batches (event_count, body) SELECT 1, body FROM parked ORDER BY seq"
            )
            count = self._reader.execute("DELETE FROM parked").rowcount
            self._reader.commit()
        return count

    def rewrite(self, folded_until: int, keep: Callable[[bytes], tuple[int, bytes] | None]) -> int:
        """Drop what the lake holds; give every other body to `keep`, which says (event count, body) or None to
        drop it. The file is written anew, so that nothing dropped stays in it. Gives how many bodies changed."""
        connection = self._connect()
        changed = 0
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM batches WHERE seq <= ?", [folded_until])
                for table in ("batches", "parked"):
                    for seq, body in connection.execute(f"SELECT seq, body FROM {table}").fetchall():
                        kept = keep(body)
                        if kept is None:
                            connection.execute(f"DELETE FROM {table} WHERE seq = ?", [seq])
                        elif kept[1] != body:
                            connection.execute(f"UPDATE {table} SET body = ? WHERE seq = ?", [kept[1], seq])
                            if table == "batches":
                                connection.execute(
                                    "UPDATE batches SET event_count = ? WHERE seq = ?", [kept[0], seq]
                                )
                        changed += kept is None or kept[1] != body
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()
        return changed

    def copy_to(self, path: Path) -> None:
        with sqlite3.connect(self._path, timeout=30) as source, sqlite3.connect(path) as target:
            source.backup(target)
        source.close()
        target.close()

    def close(self) -> None:
        self._queue.put(None)
        self._writer.join()
        self._reader.close()

    def _value(self, statement: str, parameters: list[int]) -> int:
        with self._reader_lock:
            row = self._reader.execute(statement, parameters).fetchone()
        return int(row[0])

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(_SCHEMA)
        return connection

    def _run(self) -> None:
        connection = self._connect()
        connection.isolation_level = None
        forgotten = 0
        while (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < _MOST_PER_COMMIT:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._queue.put(None)
                    break
                group.append(following)
            error = self._commit(connection, group, forgotten)
            if error is None:
                forgotten = self._forget_until
                self._on_accepted()
            for _, _, on_committed in group:
                on_committed(error)
        connection.close()

    def _commit(
        self,
        connection: sqlite3.Connection,
        group: list[tuple[int, bytes, Callable[[BaseException | None], None]]],
        forgotten: int,
    ) -> BaseException | None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO batches (event_count, body) VALUES (?, ?)", [(n, body) for n, body, _ in group]
            )
            if self._forget_until > forgotten:
                connection.execute("DELETE FROM batches WHERE seq <= ?", [self._forget_until])
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            logger.error("the inbox cannot be written: %s", error)
            return UnavailableError(
                "inbox_unavailable",
                f"Events cannot be stored just now ({error}). Nothing was accepted; try again. "
                "If the disk is full, make room.",
            )
        return None
