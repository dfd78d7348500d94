"""A lake in a PostgreSQL database: connections, transactions, tables. Needs PostgreSQL 16 or newer."""

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import ibis
import numpy as np
import psycopg
import pyarrow as pa

from tenure.base.errors import UnavailableError
from tenure.lake.dialects import DUCKDB
from tenure.lake.engine import OUTSIDE_TROUBLE, Keys, Lake, Transaction, compile_sql, list_pending_migrations
from tenure.lake.engines.postgresql.schema import build_migration, choose_collation, list_indexes
from tenure.lake.engines.postgresql.translating import translate
from tenure.lake.engines.postgresql.values import build_table, copy_rows, leave_json_as_text, name_type

logger = logging.getLogger(__name__)

SCHEMA = "tenure"
OLDEST_VERSION = 160000
_BROKEN = (psycopg.OperationalError, psycopg.InterfaceError)
OUTSIDE_TROUBLE.extend(_BROKEN)
_LOCK = "SELECT pg_try_advisory_lock(hashtext('tenure lake'), hashtext(current_schema()))"
_LOCK_SECONDS = 10.0
_MOST_IDLE = 8
_ANALYZE_FROM = 5_000
_SETTINGS = (
    f"SET search_path = {SCHEMA}, public",
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET jit = off",
    "SET work_mem = '64MB'",
    "SET temp_buffers = '32MB'",
    "SET client_min_messages = 'warning'",
)
Connection = psycopg.Connection[tuple[Any, ...]]


class PostgreSQLRows:
    """What a statement answered; for one that changes rows, how many it changed, as DuckDB answers."""

    def __init__(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> None:
        self._description: Sequence[psycopg.Column] = cursor.description or ()
        if self._description:
            self._rows = cursor.fetchall()
        else:
            self._rows = [(cursor.rowcount,)] if cursor.rowcount >= 0 else []
        self._next = 0

    def fetchone(self) -> tuple[Any, ...] | None:
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchall(self) -> list[tuple[Any, ...]]:
        left, self._next = self._rows[self._next :], len(self._rows)
        return left

    def to_arrow_table(self) -> pa.Table:
        return build_table(self.fetchall(), self._description)


class PostgreSQLTransaction(Transaction):
    """On one connection, inside BEGIN."""

    def __init__(self, connection: Connection, collation: str) -> None:
        self._cursor: psycopg.Cursor[tuple[Any, ...]] = psycopg.RawCursor(connection)
        self._collation = collation

    def execute(self, statement: str, parameters: list[Any] | None = None) -> PostgreSQLRows:
        translated = translate(statement, self.describe_columns)
        for part in translated[:-1]:
            self._cursor.execute(part)
        self._cursor.execute(translated[-1], parameters)
        made = translated[-1].startswith("CREATE TEMPORARY TABLE")
        if made and self._cursor.rowcount >= _ANALYZE_FROM:
            rows = PostgreSQLRows(self._cursor)
            self._cursor.execute(f"ANALYZE {translated[-1].split()[3]}")
            return rows
        return PostgreSQLRows(self._cursor)

    def read(self, expression: ibis.Table) -> pa.Table:
        return fetch(self._cursor, expression, self.describe_columns)

    def compute_message_keys(self, batch: pa.Table) -> Keys:
        digests = b"".join(
            hashlib.md5(str(message_id).encode(), usedforsecurity=False).digest()[8:]
            for message_id in batch["message_id"].to_pylist()
        )
        return np.frombuffer(digests, dtype="<u8").astype(np.uint64)

    def drop_temporary(self) -> None:
        for (name,) in self._cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'"
        ).fetchall():
            self._cursor.execute(f'DROP TABLE pg_temp."{name}"')

    @contextmanager
    def with_rows(self, name: str, rows: pa.Table) -> Iterator[ibis.Table]:
        columns = ", ".join(
            f'"{field.name}" {name_type(field.type, self._collation)}' for field in rows.schema
        )
        self._cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        self._cursor.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
        copy_rows(self._cursor, name, rows)
        if rows.num_rows >= _ANALYZE_FROM:
            self._cursor.execute(f"ANALYZE {name}")
        yield ibis.table(ibis.Schema.from_pyarrow(rows.schema), name=name)
        self._cursor.execute(f"DROP TABLE pg_temp.{name}")

    def _count(self, statement: str) -> int:
        row = self.execute(statement).fetchone()
        return int(row[0]) if row else 0

    def describe_columns(self, query: str) -> list[str]:
        self._cursor.execute(query)
        return [column.name for column in self._cursor.description or ()]


class EveryMessage:
    """No filter: an index answers which messages are known, whoever wrote them."""

    is_full = False

    def find_suspects(self, keys: Keys) -> Keys:
        return keys

    def add(self, keys: Keys) -> None: ...


class PostgreSQLLake(Lake):
    """Made by `open_url`. One process writes at a time; it holds an advisory lock."""

    dialect = DUCKDB

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue(_MOST_IDLE)
        self._writing: Connection | None = None
        self._is_used = True
        self._collation = ""
        self.known_messages = EveryMessage()
        self._prepare()
        self._start_writer()

    def describe(self) -> str:
        with self._connected() as connection:
            version = connection.info.server_version
        return f"PostgreSQL {version // 10000}.{version % 10000} at {hide_password(self._url)}"

    def compile(self, expression: ibis.Table) -> str:
        with self._connected() as connection:
            transaction = PostgreSQLTransaction(connection, self._collation)
            return translate(compile_sql(expression), transaction.describe_columns)[-1]

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self._connected() as connection, connection.transaction(force_rollback=True):
            yield PostgreSQLTransaction(connection, self._collation)

    def read(self, expression: ibis.Table) -> pa.Table:
        with self._connected() as connection:
            return PostgreSQLTransaction(connection, self._collation).read(expression)

    def stream(self, expression: ibis.Table, rows: int = 20_000) -> Iterator[pa.RecordBatch]:
        sql, schema = self.compile(expression), expression.schema().to_pyarrow()
        with (
            self._connected() as connection,
            connection.transaction(),
            psycopg.RawServerCursor(connection, "streamed") as cursor,
        ):
            cursor.execute(sql)
            while found := cursor.fetchmany(rows):
                table = build_table(found, cursor.description or (), schema)
                yield from table.combine_chunks().to_batches()

    @contextmanager
    def heavy(self) -> Iterator[None]:
        """Nothing to do: the server shares its memory out."""
        yield

    def make_room(self) -> None:
        return None

    def take_room_back(self) -> None:
        return None

    def was_used(self) -> bool:
        was_used, self._is_used = self._is_used, False
        return was_used

    def rest(self) -> None:
        """Close the connections that nobody uses."""
        while not self._idle.empty():
            with suppress(queue.Empty):
                self._idle.get_nowait().close()

    def copy_to(self, path: Path, then: Callable[[], None] = lambda: None) -> bool:
        self.write(lambda _: then())
        return False

    def refresh_known_messages(self) -> None: ...

    def schema_version(self) -> int:
        with self._connected() as connection:
            return _read_version(connection)

    def close(self) -> None:
        self._stop_writer()
        self.rest()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection of one's own for the length of the block."""
        self._is_used = True
        connection = self._take_idle() or self._connect()
        try:
            yield connection
        finally:
            is_clean = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            try:
                if not is_clean:
                    raise queue.Full
                self._idle.put_nowait(connection)
            except queue.Full:
                connection.close()

    def _take_idle(self) -> Connection | None:
        while not self._idle.empty():
            with suppress(queue.Empty):
                connection = self._idle.get_nowait()
                if not connection.closed and _is_alive(connection):
                    return connection
                connection.close()
        return None

    def _connect(self) -> Connection:
        try:
            connection = psycopg.connect(self._url, autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise UnavailableError(
                "lake_unavailable",
                f"The lake {hide_password(self._url)} cannot be reached: {error}. Start PostgreSQL, or correct "
                "TENURE_LAKE_URL.",
            ) from error
        leave_json_as_text(connection)
        for setting in _SETTINGS:
            connection.execute(setting)
        return connection

    def _prepare(self) -> None:
        connection = self._connect()
        version = connection.info.server_version
        if version < OLDEST_VERSION:
            connection.close()
            raise UnavailableError(
                "lake_too_old",
                f"TENURE_LAKE_URL names PostgreSQL {version // 10000}; the lake needs 16 or newer. Upgrade it, or name another.",
            )
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        self._writing = connection
        _lock(connection, self._url)
        try:
            self._collation = choose_collation(connection)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise

    def _migrate(self, connection: Connection) -> None:
        with connection.transaction():
            connection.execute("CREATE TABLE IF NOT EXISTS schema_versions (version integer)")
            connection.execute("CREATE TABLE IF NOT EXISTS made_things (name text, checksum text)")
            _make_functions(connection)
        transaction = PostgreSQLTransaction(connection, self._collation)
        version = _read_version(connection)
        for number, statements in list_pending_migrations(version):
            with connection.transaction():
                for statement in build_migration(
                    statements, self._collation, transaction.describe_columns, is_new=not version
                ):
                    connection.execute(statement)
                connection.execute("INSERT INTO schema_versions VALUES (%s)", [number])
        _make_indexes(connection)

    def _writer_connection(self) -> Connection:
        if self._writing is None or self._writing.closed:
            self._writing = self._connect()
            _lock(self._writing, self._url)
        return self._writing

    def _run_in_transaction(self, work: Callable[[Transaction], Any]) -> Any:
        self._is_used = True
        connection = self._writer_connection()
        try:
            with connection.transaction():
                return work(PostgreSQLTransaction(connection, self._collation))
        except _BROKEN:
            logger.error("the lake's connection failed; it is made anew with the next write")
            connection.close()
            raise

    def _close_writer(self) -> None:
        if self._writing is not None:
            self._writing.close()


def open_url(url: str) -> PostgreSQLLake:
    """Open the lake in the database at `url`, creating or migrating it. Errors: unreachable; another Tenure uses it."""
    return PostgreSQLLake(url)


def hide_password(url: str) -> str:
    """An address for people to read."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))


def fetch(
    cursor: psycopg.Cursor[tuple[Any, ...]], expression: ibis.Table, describe: Callable[[str], list[str]]
) -> pa.Table:
    """What an expression answers, in the expression's types."""
    cursor.execute(translate(compile_sql(expression), describe)[-1])
    return build_table(cursor.fetchall(), cursor.description or (), expression.schema().to_pyarrow())


def _is_alive(connection: Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True


def _read_version(connection: Connection) -> int:
    row = connection.execute("SELECT max(version) FROM schema_versions").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _lock(connection: Connection, url: str) -> None:
    """One writer at a time; one that was killed is noticed within seconds."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        row = connection.execute(_LOCK).fetchone()
        if row and row[0]:
            return
        if time.monotonic() > deadline:
            connection.close()
            raise UnavailableError(
                "lake_busy",
                f"Another Tenure writes into the lake {hide_password(url)}. Use that one, stop it, or name another "
                "database in TENURE_LAKE_URL.",
            )
        threading.Event().wait(0.2)


def _make_functions(connection: Connection) -> None:
    text = files("tenure.lake.engines.postgresql").joinpath("functions.sql").read_text()
    _run_when_changed(connection, "functions", text)


def _make_indexes(connection: Connection) -> None:
    _run_when_changed(connection, "indexes", ";\n".join(list_indexes()))


def _run_when_changed(connection: Connection, name: str, text: str) -> None:
    """Statements that may be run again, run only when their text is another than the last time."""
    checksum = hashlib.sha256(text.encode()).hexdigest()
    row = connection.execute("SELECT checksum FROM made_things WHERE name = %s", [name]).fetchone()
    if row and row[0] == checksum:
        return
    connection.execute(text.encode())
    connection.execute("DELETE FROM made_things WHERE name = %s", [name])
    connection.execute("INSERT INTO made_things VALUES (%s, %s)", [name, checksum])
