"""What every engine of the lake offers, and the discipline they share: one writer thread with a queue.

Statements are written in one language, DuckDB's dialect; an engine that speaks another translates them.
"""

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.base.errors import ConflictError
from tenure.lake import schema
from tenure.lake.answers import Answers
from tenure.lake.columns import EventColumns
from tenure.lake.dialects import Dialect
from tenure.lake.history import History

Result = TypeVar("Result")
Keys = NDArray[np.uint64]
OUTSIDE_TROUBLE: list[type[Exception]] = []
"""Errors of the open engines that are the outside world's."""


def compile_sql(expression: ibis.Table) -> str:
    """An expression over the lake's tables in the language of the lake's statements."""
    return str(ibis.to_sql(expression, dialect="duckdb"))


class Rows(Protocol):
    """What a statement answered. Read once."""

    def fetchone(self) -> tuple[Any, ...] | None: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...

    def to_arrow_table(self) -> pa.Table: ...


class KnownMessages(Protocol):
    """Which messages may be in the lake already, by message key."""

    def find_suspects(self, keys: Keys) -> Keys:
        """Those of `keys` that may have been added before; never misses one that was."""
        ...

    def add(self, keys: Keys) -> None: ...

    @property
    def is_full(self) -> bool: ...


class Transaction(ABC):
    """What a piece of work may do on the writer thread. Committed when the work returns."""

    @abstractmethod
    def execute(self, statement: str, parameters: list[Any] | None = None) -> Rows: ...

    @abstractmethod
    def read(self, expression: ibis.Table) -> pa.Table: ...

    def read_rows(self, expression: ibis.Table) -> list[dict[str, Any]]:
        return list_rows(self.read(expression))

    def read_value(self, expression: ibis.Table) -> Any:
        """The first column of the first row, or None."""
        return _first_value(self.read(expression))

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
        self.execute(f"DELETE FROM {table_name}")
        self.append(table_name, rows)

    @abstractmethod
    def with_rows(self, name: str, rows: pa.Table) -> AbstractContextManager[ibis.Table]:
        """Make an Arrow table readable under `name` for the length of the block."""

    @abstractmethod
    def compute_message_keys(self, batch: pa.Table) -> Keys:
        """A number per row of `batch.message_id`: the lower half of its MD5."""

    @abstractmethod
    def drop_temporary(self) -> None:
        """Let go of the temporary tables of a large batch."""

    @abstractmethod
    def _count(self, statement: str) -> int:
        """Run a statement that changes rows; gives how many it changed."""


class Lake(ABC):
    """An open lake. Closed by `close`. An engine opens itself first and calls `_start_writer` last."""

    known_messages: KnownMessages
    dialect: Dialect
    history: History | None = None
    """Where the engine has no quick way of its own to one customer's events. Read through `read_past`."""
    columns: EventColumns | None = None
    """Where the engine is quicker with columns than with JSON."""

    def __init__(self) -> None:
        self._work: queue.Queue[tuple[Callable[[Transaction], Any], Future[Any]] | None] = queue.Queue()
        self._version = 0
        self._last_seq: int | None = None
        self.answers = Answers(lambda: self._version)

    @property
    def version(self) -> int:
        """Changes with every write."""
        return self._version

    @abstractmethod
    def describe(self) -> str:
        """Which engine, which version, where: for people."""

    @abstractmethod
    def compile(self, expression: ibis.Table) -> str:
        """The SQL that the engine runs for an expression."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Transaction]:
        """For reads that need statements or rows of their own: on this thread, beside the writer."""

    @abstractmethod
    def read(self, expression: ibis.Table) -> pa.Table: ...

    def read_rows(self, expression: ibis.Table) -> list[dict[str, Any]]:
        return list_rows(self.read(expression))

    def read_value(self, expression: ibis.Table) -> Any:
        """The first column of the first row, or None."""
        return _first_value(self.read(expression))

    @abstractmethod
    def stream(self, expression: ibis.Table, rows: int = 20_000) -> Iterator[pa.RecordBatch]:
        """Arrow batches of about `rows` rows, read on a connection of its own."""

    def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` on the writer thread in one transaction and wait for its result."""
        if threading.current_thread() is self._writer:
            raise RuntimeError("a write inside a write would wait for itself: pass the transaction on")
        outcome: Future[Result] = Future()
        self._work.put((work, outcome))
        return outcome.result()

    def take_seqs(self, count: int, transaction: Transaction) -> int:
        """The first of `count` numbers for new events, larger than all before. On the writer thread."""
        if self._last_seq is None:
            row = transaction.execute("SELECT max(seq) FROM events").fetchone()
            self._last_seq = int(row[0] or 0) if row else 0
        first = self._last_seq + 1
        self._last_seq += count
        return first

    @abstractmethod
    def heavy(self) -> AbstractContextManager[None]:
        """Around a heavy scan, so that the engine can make room for it."""

    @abstractmethod
    def make_room(self) -> None:
        """Told with every batch of a steady stream: what it reads stays in memory until `take_room_back`."""

    @abstractmethod
    def take_room_back(self) -> None:
        """Called now and then: gives back what a stream needed, if none was told of since the last call."""

    @abstractmethod
    def was_used(self) -> bool:
        """Whether anybody read or wrote since this was last asked."""

    @abstractmethod
    def rest(self) -> None:
        """Give back what is held only for speed; called while nobody needs the lake."""

    @abstractmethod
    def copy_to(self, path: Path, then: Callable[[], None] = lambda: None) -> bool:
        """Write a consistent copy into a new file at `path`; `then` runs before the writer goes on.

        False where the engine keeps no file of its own: then only `then` ran.
        """

    def list_files(self) -> list[Path]:
        """The files that hold the lake; none where a server keeps them."""
        return []

    def wipe_deleted(self) -> None:
        """After a deletion: see to it that what was deleted cannot be read out of the files. Not in a write."""
        return

    def rewrite_tables(self, names: Iterable[str]) -> None:
        """Write tables anew, so that what was overwritten in them lies in freed space only. Not in a write."""
        return

    @abstractmethod
    def refresh_known_messages(self) -> None:
        """Make room for more. On the writer thread, or before there is one."""

    @abstractmethod
    def schema_version(self) -> int: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _run_in_transaction(self, work: Callable[[Transaction], Any]) -> Any:
        """Begin, work, commit; roll back on an error. On the writer thread."""

    @abstractmethod
    def _close_writer(self) -> None:
        """The writer thread ends."""

    def _start_writer(self) -> None:
        self._writer = threading.Thread(target=self._run_writer, name="lake-writer", daemon=True)
        self._writer.start()

    def _stop_writer(self) -> None:
        self._work.put(None)
        self._writer.join()

    def _run_writer(self) -> None:
        while (item := self._work.get()) is not None:
            work, outcome = item
            try:
                result = self._run_in_transaction(work)
                self._version += 1
            except BaseException as error:
                outcome.set_exception(error)
            else:
                outcome.set_result(result)
            del item, work, outcome
        self._close_writer()


def list_pending_migrations(version: int) -> list[tuple[int, list[str]]]:
    """What brings a lake of schema `version` up to date. Errors: a newer Tenure wrote it."""
    if version > len(schema.MIGRATIONS):
        raise ConflictError(
            "newer_data",
            f"This data folder was written by a newer Tenure (lake schema {version}, this one knows "
            f"{len(schema.MIGRATIONS)}). Install the newer version, or restore an older backup.",
        )
    return list(enumerate(schema.MIGRATIONS[version:], start=version + 1))


def list_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as dicts; moments become aware, UTC."""
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name in times:
            moment = row[name]
            if isinstance(moment, datetime) and moment.tzinfo is None:
                row[name] = moment.replace(tzinfo=UTC)
    return rows


def _first_value(table: pa.Table) -> Any:
    rows = list_rows(table.slice(0, 1))
    return next(iter(rows[0].values())) if rows else None
