"""The SQLite file that holds events by customer: connections, layout, and what to do when it is broken.

Rows lie in the order (customer, event name, moment), so that one customer's events of one name are one short
read. Derived from the lake's events: it may be deleted at any time.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

FORMAT = 1
_CACHE_KILOBYTES = 8_000
_LARGEST_JOURNAL_BYTES = 64_000_000

_LAYOUT = (
    """CREATE TABLE IF NOT EXISTS history (
        customer_id INTEGER NOT NULL, code INTEGER NOT NULL, occurred_at INTEGER NOT NULL,
        seq INTEGER NOT NULL, properties TEXT,
        PRIMARY KEY (customer_id, code, occurred_at, seq)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS names (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {FORMAT}",
)


class HistoryFile:
    """A connection per thread; without a path one in memory, which the threads share in turn."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._generation = 0
        self._connections: dict[threading.Thread, tuple[int, sqlite3.Connection]] = {}
        self._shared = None if path else self._connect()
        try:
            self._lay_out()
        except sqlite3.DatabaseError as error:
            self.begin_anew(f"it cannot be read ({error})")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file for the length of the block."""
        with self._turn(), self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed at the end of the block, undone when it raises."""
        with self._turn(), self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def begin_anew(self, reason: str) -> None:
        """Delete what is there and start empty."""
        logger.warning("the history of customers is built again: %s", reason)
        with self._lock:
            self._generation += 1
            if self._shared:
                self._shared.close()
                self._shared = self._connect()
            elif self.path:
                for end in ("", "-wal", "-shm"):
                    self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self._lay_out()

    def let_go_of_deleted(self) -> None:
        """Leave nothing of deleted rows in the journal either, unless somebody reads just now."""
        with self._turn():
            self._get_connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        with self._lock:
            for _, connection in self._connections.values():
                connection.close()
            self._connections.clear()
            if self._shared:
                self._shared.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._shared is None:
            yield
            return
        with self._lock:
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._get_connection()
        connection.execute(begin)
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _lay_out(self) -> None:
        connection = self._get_connection()
        if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, FORMAT):
            raise sqlite3.DatabaseError("it was written by another version")
        for statement in _LAYOUT:
            connection.execute(statement)

    def _get_connection(self) -> sqlite3.Connection:
        if self._shared:
            return self._shared
        thread = threading.current_thread()
        with self._lock:
            generation, connection = self._connections.get(thread, (-1, None))
            if connection is None or generation != self._generation:
                if connection is not None:
                    connection.close()
                for other in [each for each in self._connections if not each.is_alive()]:
                    self._connections.pop(other)[1].close()
                connection = self._connect()
                self._connections[thread] = (self._generation, connection)
            return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path or ":memory:", timeout=30, isolation_level=None, check_same_thread=False
        )
        if self.path:
            for pragma in (
                "journal_mode = WAL",
                "synchronous = NORMAL",
                "secure_delete = ON",
                f"cache_size = -{_CACHE_KILOBYTES}",
                f"journal_size_limit = {_LARGEST_JOURNAL_BYTES}",
            ):
                try:
                    connection.execute(f"PRAGMA {pragma}")
                except sqlite3.DatabaseError:
                    connection.close()
                    raise
        return connection


def read_state(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT name, value FROM state").fetchall())


def set_state(connection: sqlite3.Connection, **values: int) -> None:
    connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", list(values.items()))
