"""Opens the lake and keeps its discipline: one owner, a cursor per thread, one writer thread.

The only file that names DuckDB. A connection shared by threads raises and stalls, so every thread gets a
cursor of its own, and every write goes through one queue.
"""

import ctypes
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import ibis
import pyarrow as pa

from tenure.base.errors import ConflictError, UnavailableError
from tenure.lake import schema
from tenure.lake.answers import Answers
from tenure.lake.message_filter import MessageFilter

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

IDLE_MEMORY = "128MB"
RESTING_MEMORY = "32MB"
HEAVY_MEMORY = "3GB"


def compile_sql(expression: ibis.Table) -> str:
    """The engine's SQL of an expression over the lake's tables."""
    return str(ibis.to_sql(expression, dialect="duckdb"))


class Transaction:
    """What a piece of work may do on the writer thread. Committed when the work returns."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, statement: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        return self._cursor.execute(statement, parameters)

    def read(self, expression: ibis.Table) -> pa.Table:
        return _fetch(self._cursor, compile_sql(expression))

    def read_rows(self, expression: ibis.Table) -> list[dict[str, Any]]:
        return _rows(self.read(expression))

    def read_value(self, expression: ibis.Table) -> Any:
        return _value(self.read(expression))

    def append(self, table_name: str, rows: pa.Table | ibis.Table) -> int:
        """Append rows; columns are matched by name. Gives how many."""
        if isinstance(rows, pa.Table):
            with self.with_rows("_appended", rows):
                return self._count(f"INSERT INTO {table_name} BY NAME SELECT * FROM _appended")
        return self._count(f"INSERT INTO {table_name} BY NAME {compile_sql(rows)}")

    def delete(self, table_name: str, where: Callable[[ibis.Table], ibis.expr.types.BooleanValue]) -> int:
        """Delete the rows for which `where(table)` holds. Gives how many."""
        target = ibis.table(schema.TABLES[table_name], name=table_name)
        doomed = target.filter(where(target))
        condition = f"rowid IN (SELECT rowid FROM ({compile_sql(doomed).replace('*', '*, rowid', 1)}))"
        if "*, rowid" not in condition:
            raise ValueError("delete takes a plain condition on the table's own columns")
        return self._count(f"DELETE FROM {table_name} WHERE {condition}")

    def replace(self, table_name: str, rows: pa.Table | ibis.Table) -> None:
        self._cursor.execute(f"DELETE FROM {table_name}")
        self.append(table_name, rows)

    def drop_temporary(self) -> None:
        """Let go of the temporary tables of a large batch."""
        for (name,) in self._cursor.execute(
            "SELECT table_name FROM duckdb_tables() WHERE temporary"
        ).fetchall():
            self._cursor.execute(f'DROP TABLE "{name}"')

    @contextmanager
    def with_rows(self, name: str, rows: pa.Table) -> Iterator[ibis.Table]:
        """Make an Arrow table readable under `name` for the length of the block."""
        self._cursor.register(name, rows)
        try:
            yield ibis.table(ibis.Schema.from_pyarrow(rows.schema), name=name)
        finally:
            self._cursor.unregister(name)

    def _count(self, statement: str) -> int:
        row = self._cursor.execute(statement).fetchone()
        return int(row[0]) if row else 0


class Lake:
    """An open lake. Made by `open_file` or `open_memory`; closed by `close`."""

    def __init__(self, instance: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self.path = path
        self._instance = instance
        self._local = threading.local()
        self._heavy = threading.RLock()
        self._is_used, self._is_resting = True, False
        self._work: queue.Queue[tuple[Callable[[Transaction], Any], Future[Any]] | None] = queue.Queue()
        self._version = 0
        self.answers = Answers(lambda: self._version)
        self._settle()
        self._migrate()
        self.message_filter = self._build_message_filter()
        self._writer = threading.Thread(target=self._run_writer, name="lake-writer", daemon=True)
        self._writer.start()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor."""
        self._is_used, self._is_resting = True, False
        if getattr(self._local, "instance", None) is not self._instance:
            self._local.instance = self._instance
            self._local.cursor = self._instance.cursor()
        cursor: duckdb.DuckDBPyConnection = self._local.cursor
        return cursor

    def read(self, expression: ibis.Table) -> pa.Table:
        return _fetch(self.connection(), compile_sql(expression))

    def read_rows(self, expression: ibis.Table) -> list[dict[str, Any]]:
        return _rows(self.read(expression))

    def read_value(self, expression: ibis.Table) -> Any:
        """The first column of the first row, or None."""
        return _value(self.read(expression))

    def stream(self, expression: ibis.Table, rows: int = 20_000) -> Iterator[pa.RecordBatch]:
        """Arrow batches of about `rows` rows, read on a cursor of its own."""
        cursor = self._instance.cursor()
        try:
            yield from cursor.execute(compile_sql(expression)).to_arrow_reader(rows)
        finally:
            cursor.close()

    def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` on the writer thread in one transaction and wait for its result."""
        if threading.current_thread() is self._writer:
            raise RuntimeError("a write inside a write would wait for itself: pass the transaction on")
        outcome: Future[Result] = Future()
        self._work.put((work, outcome))
        return outcome.result()

    @contextmanager
    def heavy(self) -> Iterator[None]:
        """At most one heavy scan at a time; it gets memory, and the memory is given back afterwards."""
        with self._heavy:
            self.connection().execute(f"SET memory_limit = '{HEAVY_MEMORY}'")
            try:
                yield
            finally:
                self._give_memory_back()

    def was_used(self) -> bool:
        """Whether anybody read or wrote since this was last asked."""
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

    def copy_to(self, path: Path, then: Callable[[], None] = lambda: None) -> None:
        """Write a consistent copy into a new file at `path`; `then` runs before the writer goes on."""

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

    def schema_version(self) -> int:
        row = self.connection().execute("SELECT max(version) FROM schema_versions").fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def close(self) -> None:
        self._work.put(None)
        self._writer.join()
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

    def _migrate(self) -> None:
        self._instance.execute("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER)")
        version = self.schema_version()
        if version > len(schema.MIGRATIONS):
            raise ConflictError(
                "newer_data",
                f"This data folder was written by a newer Tenure (lake schema {version}, this one knows "
                f"{len(schema.MIGRATIONS)}). Install the newer version, or restore an older backup.",
            )
        for number, statements in enumerate(schema.MIGRATIONS[version:], start=version + 1):
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

    def refresh_message_filter(self) -> None:
        """Build the filter anew, larger. On the writer thread, or before there is one."""
        self.message_filter = self._build_message_filter()

    def _run_writer(self) -> None:
        while (item := self._work.get()) is not None:
            work, outcome = item
            try:
                cursor = self.connection()
                cursor.execute("BEGIN")
                result = work(Transaction(cursor))
                cursor.execute("COMMIT")
                self._version += 1
            except BaseException as error:
                _roll_back(cursor)
                if isinstance(error, duckdb.FatalException):
                    self._open_again()
                outcome.set_exception(error)
            else:
                outcome.set_result(result)
            del item, work, outcome
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

    def _give_memory_back(self, limit: str = IDLE_MEMORY) -> None:
        if self.path is None:
            return
        try:
            self.connection().execute(f"SET memory_limit = '{limit}'")
        except duckdb.OutOfMemoryException:
            logger.info("memory is still in use; it is given back after the next heavy piece of work")
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)
        pa.default_memory_pool().release_unused()


def open_file(path: Path) -> Lake:
    """Open the lake at `path`, creating or migrating it. Errors: another process holds it; the file is broken."""
    try:
        return Lake(duckdb.connect(str(path)), path)
    except duckdb.IOException as error:
        raise UnavailableError(
            "lake_unavailable",
            f"The lake {path} cannot be opened: {error}. If another Tenure runs on this data folder, use that "
            "one or stop it; if the disk is full, make room.",
        ) from error


def open_memory() -> Lake:
    """A lake that is gone when it is closed."""
    return Lake(duckdb.connect(":memory:"), None)


def is_outside_trouble(error: BaseException) -> bool:
    """Whether an error is the outside world's (disk, memory, file), so that trying again may help."""
    return isinstance(
        error,
        duckdb.IOException | duckdb.OutOfMemoryException | duckdb.FatalException | OSError | MemoryError,
    )


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:
        logger.debug("nothing to roll back")


def _fetch(cursor: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    return cursor.execute(statement).to_arrow_table()


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name in times:
            moment = row[name]
            if isinstance(moment, datetime) and moment.tzinfo is None:
                row[name] = moment.replace(tzinfo=UTC)
    return rows


def _value(table: pa.Table) -> Any:
    rows = _rows(table.slice(0, 1))
    return next(iter(rows[0].values())) if rows else None
