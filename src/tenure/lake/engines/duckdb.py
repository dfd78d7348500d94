"""DuckDB, the engine by default: one file in the data folder, owned by one process.

A connection shared by threads raises and stalls, so every thread gets a cursor of its own.
"""

import ctypes
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from tenure.base.errors import UnavailableError
from tenure.lake.columns import EventColumns
from tenure.lake.dialects import DUCKDB
from tenure.lake.engine import OUTSIDE_TROUBLE, Keys, Lake, Transaction, compile_sql, list_pending_migrations
from tenure.lake.history import History
from tenure.lake.message_filter import MessageFilter

logger = logging.getLogger(__name__)

IDLE_MEMORY = "128MB"
BUSY_MEMORY = "512MB"
RESTING_MEMORY = "32MB"
HEAVY_MEMORY = "3GB"
_NOISE_BYTES = 32
_SPARE_BLOCKS = 4
_WIPE_SECONDS = 20.0
OUTSIDE_TROUBLE.extend((duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException))


class DuckDBTransaction(Transaction):
    """On the writer thread's cursor."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, statement: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        return self._cursor.execute(statement, parameters)

    def read(self, expression: ibis.Table) -> pa.Table:
        return _fetch(self._cursor, compile_sql(expression))

    def compute_message_keys(self, batch: pa.Table) -> Keys:
        _keyed = batch.select(["message_id"])
        found = self._cursor.execute("SELECT md5_number_lower(message_id) AS message_key FROM _keyed")
        keys: Keys = found.to_arrow_table().column(0).to_numpy()
        return keys

    def append(self, table_name: str, rows: pa.Table | ibis.Table) -> int:
        """Arrow rows are read where they lie, under the name that they have here, which is half the work of a view."""
        if not isinstance(rows, pa.Table):
            return super().append(table_name, rows)
        _appended = rows
        found = self._cursor.execute(f"INSERT INTO {table_name} BY NAME SELECT * FROM _appended").fetchone()
        return int(found[0]) if found else 0

    def drop_temporary(self) -> None:
        for (name,) in self._cursor.execute(
            "SELECT table_name FROM duckdb_tables() WHERE temporary"
        ).fetchall():
            self._cursor.execute(f'DROP TABLE "{name}"')

    @contextmanager
    def with_rows(self, name: str, rows: pa.Table) -> Iterator[ibis.Table]:
        self._cursor.register(name, rows)
        try:
            yield _name_rows(name, rows.schema)
        finally:
            self._cursor.unregister(name)

    def _count(self, statement: str) -> int:
        row = self._cursor.execute(statement).fetchone()
        return int(row[0]) if row else 0


class DuckDBLake(Lake):
    """Made by `open_file` or `open_memory`."""

    dialect = DUCKDB

    def __init__(self, instance: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        super().__init__()
        self.path = path
        self._instance = instance
        self._local = threading.local()
        self._heavy = threading.RLock()
        self._heavy_depth = 0
        self._is_busy, self._has_room = False, False
        self._is_used, self._is_resting = True, False
        self._settle()
        self._migrate()
        self.columns: EventColumns = EventColumns(self)
        self.history: History = History(self, path.with_suffix(".history.sqlite3") if path else None)
        self.known_messages = self._build_message_filter()
        self._start_writer()

    def describe(self) -> str:
        where = str(self.path) if self.path else "memory"
        return f"DuckDB {duckdb.__version__} in {where}"

    def compile(self, expression: ibis.Table) -> str:
        return compile_sql(expression)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor."""
        self._is_used, self._is_resting = True, False
        if getattr(self._local, "instance", None) is not self._instance:
            self._local.instance = self._instance
            self._local.cursor = self._instance.cursor()
        cursor: duckdb.DuckDBPyConnection = self._local.cursor
        return cursor

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        cursor = self.connection()
        try:
            yield DuckDBTransaction(cursor)
        finally:
            _let_go(cursor)

    def read(self, expression: ibis.Table) -> pa.Table:
        return _fetch(self.connection(), compile_sql(expression))

    def stream(self, expression: ibis.Table, rows: int = 20_000) -> Iterator[pa.RecordBatch]:
        cursor = self._instance.cursor()
        try:
            yield from cursor.execute(compile_sql(expression)).to_arrow_reader(rows)
        finally:
            cursor.close()

    @contextmanager
    def heavy(self) -> Iterator[None]:
        """At most one heavy scan at a time; it gets memory and all cores, and they are given back afterwards.

        Small statements run on one: handing a few rows to several takes longer than working on them.
        """
        with self._heavy:
            self._heavy_depth += 1
            if self._heavy_depth == 1:
                self.connection().execute(f"SET memory_limit = '{HEAVY_MEMORY}'")
                self._set_threads(os.cpu_count() or 1)
            try:
                yield
            finally:
                self._heavy_depth -= 1
                if self._heavy_depth == 0:
                    self._set_threads(1)
                    self._give_memory_back()

    def make_room(self) -> None:
        self._is_busy = True
        if not self._has_room and self.path is not None:
            self._has_room = True
            if self._heavy_depth == 0:
                self.connection().execute(f"SET memory_limit = '{BUSY_MEMORY}'")

    def take_room_back(self) -> None:
        if self._has_room and not self._is_busy:
            self._has_room = False
            if self._heavy_depth == 0:
                self._give_memory_back()
        self._is_busy = False

    def was_used(self) -> bool:
        was_used, self._is_used = self._is_used, False
        return was_used

    def rest(self) -> None:
        """Let cached pages go while nobody needs them; they come back with the first query."""
        if self._is_resting or self.path is None or not self._heavy.acquire(blocking=False):
            return
        try:
            self._give_memory_back(RESTING_MEMORY)
            self._give_memory_back()
            self._is_used, self._is_resting = False, True
        finally:
            self._heavy.release()

    def copy_to(self, path: Path, then: Callable[[], None] = lambda: None) -> bool:
        def work(transaction: Transaction) -> None:
            quoted = str(path).replace("'", "''")
            transaction.execute("COMMIT")
            transaction.execute(f"ATTACH '{quoted}' AS copied")
            try:
                transaction.execute(f"COPY FROM DATABASE {self._database_name()} TO copied")
            finally:
                transaction.execute("DETACH copied")
                transaction.execute("BEGIN")
            then()

        self.write(work)
        return True

    def list_files(self) -> list[Path]:
        if self.path is None:
            return []
        return [path for path in (self.path, self.path.with_name(self.path.name + ".wal")) if path.exists()]

    def rewrite_tables(self, names: Iterable[str]) -> None:
        for name in names:
            self.write(partial(_rewrite_table, name=name))

    def wipe_deleted(self) -> None:
        """DuckDB leaves freed blocks as they were: they are filled with noise once, and freed again.

        Tried again while somebody else holds a transaction open; between two tries the writer goes on.
        """
        deadline = time.monotonic() + _WIPE_SECONDS
        while self.path is not None:
            try:
                self.write(_fill_freed_blocks)
                return
            except duckdb.TransactionException as error:
                if time.monotonic() > deadline:
                    logger.warning("freed space of the lake could not be overwritten: %s", error)
                    return
                time.sleep(0.1)

    def schema_version(self) -> int:
        row = self.connection().execute("SELECT max(version) FROM schema_versions").fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def close(self) -> None:
        self._stop_writer()
        self.history.close()
        self._instance.close()

    def _database_name(self) -> str:
        row = self.connection().execute("SELECT current_database()").fetchone()
        return f'"{row[0]}"' if row else "memory"

    def _settle(self) -> None:
        for statement in (
            "SET GLOBAL TimeZone = 'UTC'",
            f"SET memory_limit = '{IDLE_MEMORY if self.path else HEAVY_MEMORY}'",
            "SET preserve_insertion_order = true",
            "SET enable_progress_bar = false",
            "SET checkpoint_threshold = '64MB'",
        ):
            self._instance.execute(statement)
        self._set_threads(1)
        if self.path is None:
            spilled = Path(tempfile.gettempdir()) / f"tenure-{os.getpid()}-{id(self)}"
            self._instance.execute(f"SET temp_directory = '{str(spilled).replace(chr(39), chr(39) * 2)}'")

    def _migrate(self) -> None:
        self._instance.execute("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER)")
        for number, statements in list_pending_migrations(self.schema_version()):
            self._instance.execute("BEGIN")
            for statement in statements:
                self._instance.execute(statement)
            self._instance.execute("INSERT INTO schema_versions VALUES (?)", [number])
            self._instance.execute("COMMIT")

    def _build_message_filter(self) -> MessageFilter:
        cursor = self._instance.cursor()
        row = cursor.execute("SELECT count(*) FROM events").fetchone()
        reader = cursor.execute("SELECT message_key FROM events").to_arrow_reader(1_000_000)
        keys = (batch.column(0).to_numpy(zero_copy_only=False) for batch in reader)
        built = MessageFilter.build(keys, int(row[0]) if row else 0)
        cursor.close()
        return built

    def refresh_known_messages(self) -> None:
        self.known_messages = self._build_message_filter()

    def _run_in_transaction(self, work: Callable[[Transaction], Any]) -> Any:
        cursor = None
        try:
            cursor = self.connection()
            cursor.execute("BEGIN")
            result = work(DuckDBTransaction(cursor))
            cursor.execute("COMMIT")
        except BaseException as error:
            if cursor is not None:
                _roll_back(cursor)
            if isinstance(error, duckdb.FatalException):
                self._open_again()
            raise
        return result

    def _close_writer(self) -> None:
        self.connection().close()

    def _open_again(self) -> None:
        """After a failed write to disk the engine refuses all work until its file is opened anew."""
        if self.path is None:
            return
        logger.error("the lake's file could not be written; opening it again")
        try:
            self._instance.close()
            self._instance = duckdb.connect(str(self.path))
            self._settle()
        except duckdb.Error as error:
            logger.error("the lake cannot be opened again yet: %s", error)

    def _set_threads(self, count: int) -> None:
        if self.path is not None:
            self.connection().execute(f"SET threads = {count}")

    def _give_memory_back(self, limit: str = "") -> None:
        if self.path is None:
            return
        limit = limit or (BUSY_MEMORY if self._has_room else IDLE_MEMORY)
        try:
            self.connection().execute(f"SET memory_limit = '{limit}'")
        except duckdb.OutOfMemoryException:
            logger.info("memory is still in use; it is given back after the next heavy piece of work")
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)
        pa.default_memory_pool().release_unused()


def open_file(path: Path) -> DuckDBLake:
    """Open the lake at `path`, creating or migrating it. Errors: another process holds it; the file is broken."""
    try:
        return DuckDBLake(duckdb.connect(str(path)), path)
    except duckdb.IOException as error:
        raise UnavailableError(
            "lake_unavailable",
            f"The lake {path} cannot be opened: {error}. If another Tenure runs on this data folder, use that "
            "one or stop it; if the disk is full, make room.",
        ) from error


def open_memory() -> DuckDBLake:
    """A lake that is gone when it is closed."""
    return DuckDBLake(duckdb.connect(":memory:"), None)


def _let_go(cursor: duckdb.DuckDBPyConnection) -> None:
    """A result that was not read to its end keeps its transaction open, and no checkpoint is made meanwhile."""
    with suppress(duckdb.Error):
        cursor.execute("SELECT 0").fetchall()


def _fill_freed_blocks(transaction: Transaction) -> None:
    transaction.execute("COMMIT")
    try:
        transaction.execute("CHECKPOINT")
        row = transaction.execute(
            "SELECT free_blocks, block_size FROM pragma_database_size() WHERE database_name = current_database()"
        ).fetchone()
        free, block = row or (0, 0)
        rows = (free + _SPARE_BLOCKS) * block // _NOISE_BYTES
        transaction.execute(
            "CREATE OR REPLACE TABLE wiping AS SELECT hash(i, random()) AS a, hash(i, random()) AS b, "
            f"hash(i, random()) AS c, hash(i, random()) AS d FROM range({rows}) AS t(i)"
        )
        transaction.execute("CHECKPOINT")
    finally:
        transaction.execute("DROP TABLE IF EXISTS wiping")
        transaction.execute("BEGIN")


def _rewrite_table(transaction: Transaction, name: str) -> None:
    indexes = transaction.execute("SELECT sql FROM duckdb_indexes() WHERE table_name = ?", [name]).fetchall()
    transaction.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name}")
    for (statement,) in indexes:
        transaction.execute(statement)


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:
        logger.debug("nothing to roll back")


def _fetch(cursor: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    return cursor.execute(statement).to_arrow_table()


@lru_cache(maxsize=256)
def _name_rows(name: str, columns: pa.Schema) -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(columns), name=name)
