"""What few customers did, within milliseconds, however many events there are.

The events table of a column store has no quick way to one customer. So a SQLite file beside it holds the
events in the order of customers up to a watermark, and what came later is read from the end of the events
table. The file is derived: never written while a batch waits, rebuilt when it is missing or broken.
"""

import json
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.lake import history_building
from tenure.lake.dialects import DUCKDB
from tenure.lake.history_file import HistoryFile, read_state, set_state
from tenure.lake.past import PAST, Wanted, put_under_current, to_microseconds
from tenure.lake.rows import NAME_SQL, build_name_condition
from tenure.lake.sql_text import list_numbers

if TYPE_CHECKING:
    from tenure.lake.engine import Lake, Transaction

logger = logging.getLogger(__name__)

IDENTITY = "lake_identity"
_BIG_BUILD_EVENTS = 1_000_000
_CUSTOMERS_AT_ONCE = 5_000

_ABSENT, _BETWEEN = "\x1d", "\x1e"
_READ = """
SELECT group_concat(h.customer_id, ' '), group_concat(h.seq, ' '), group_concat(h.code, ' '),
    group_concat(h.occurred_at, ' '), group_concat(ifnull(h.properties, char(29)), char(30))
FROM json_each(?) AS wanted_customer CROSS JOIN json_each(?) AS wanted_name CROSS JOIN history AS h
WHERE h.customer_id = wanted_customer.value AND h.code = CAST(wanted_name.key AS INTEGER)
  AND h.occurred_at >= wanted_name.value
"""
"""Whole columns in one row: a step per row would let go of the interpreter each time, and wait for it again.
What is put between documents cannot stand in one: JSON escapes control characters."""


class History:
    """Safe to call from any thread. `advance` and `settle` are the keeper's; they never run in a batch."""

    def __init__(self, lake: "Lake", path: Path | None) -> None:
        self._lake = lake
        self._file = HistoryFile(path)
        self._work = threading.Lock()
        self._changed: dict[int, object] = {}
        self._open()

    @property
    def watermark(self) -> int:
        """The last `seq` that the file holds; 0 while it is being built."""
        with self._file.reading() as connection:
            return read_state(connection).get("watermark", 0)

    @property
    def is_building(self) -> bool:
        """Whether much is yet to be taken over, so that reading costs a scan of the events."""
        return self.count_behind() > _BIG_BUILD_EVENTS

    def count_behind(self) -> int:
        """How many events, at most, are yet to be taken over."""
        with self._lake.reading() as reader:
            return max(0, _read_last_seq(reader) - self.watermark)

    def read(self, wanted: Wanted, transaction: "Transaction | None" = None) -> pa.Table:
        """The wanted events: columns of PAST, in no order. Use `read_past`, which is the same on every engine."""
        changed = set(self._changed).intersection(wanted.stored)
        try:
            watermark, rows = self._read_file(wanted.without(changed))
        except sqlite3.DatabaseError as error:
            logger.error("the history of customers cannot be read, using the events themselves: %s", error)
            self._file.begin_anew(str(error))
            self._note_identity()
            watermark, rows = 0, PAST.empty_table()
        with nullcontext(transaction) if transaction else self._lake.reading() as reader:
            parts = [rows, _read_events(reader, wanted.without(changed), above=watermark)]
            if changed:
                parts.append(_read_events(reader, wanted.only(changed), above=0))
        return put_under_current(wanted, pa.concat_tables(parts))

    def record_changed(self, customer_ids: Iterable[int], change_id: int, transaction: "Transaction") -> None:
        """Events of these customers are deleted or moved in `transaction`: read them from the lake until `settle`."""
        rows = pa.table({"customer_id": pa.array(customer_ids, pa.int64())})
        rows = rows.append_column("change_id", pa.array([change_id] * rows.num_rows, pa.int64()))
        transaction.append("changed_pasts", rows)
        self._changed.update((each, object()) for each in rows["customer_id"].to_pylist())

    def settle(self) -> int:
        """Take over the changes of the past that are committed. Gives the number of customers. Not in a write."""
        with self._work:
            if not self._changed:
                return 0
            noted, last = self._lake.write(lambda tx: (dict(self._changed), _read_last_change(tx)))
            ids = list(noted)
            for start in range(0, len(ids), _CUSTOMERS_AT_ONCE):
                self._rewrite(ids[start : start + _CUSTOMERS_AT_ONCE])
            self._lake.write(
                lambda tx: tx.execute("DELETE FROM changed_pasts WHERE change_id <= ?", [last]).fetchall()
            )
            self._file.let_go_of_deleted()
            for each in ids:
                if self._changed.get(each) is noted[each]:
                    del self._changed[each]
            return len(ids)

    def advance(self, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Take over a bounded number of events. Gives how many are still behind."""
        self.settle()
        with self._work:
            with self._file.reading() as connection:
                state = read_state(connection)
            with self._lake.reading() as reader:
                last_seq = _read_last_seq(reader)
            watermark = state.get("watermark", 0)
            if state.get("building_until") or (not watermark and last_seq > _BIG_BUILD_EVENTS):
                history_building.build_next_range(self._lake, self._file, last_seq, is_stopping)
            elif watermark < last_seq:
                history_building.add_next_events(self._lake, self._file, watermark, last_seq)
        return self.count_behind()

    def rebuild(self) -> None:
        """Forget everything; `advance` builds it again."""
        with self._work:
            self._file.begin_anew("asked for")
            self._note_identity()

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        with self._lake.reading() as reader:
            if (
                reader.execute("SELECT value FROM derived_state WHERE name = ?", [IDENTITY]).fetchone()
                is None
            ):
                reader.execute("INSERT INTO derived_state VALUES (?, ?)", [IDENTITY, secrets.randbits(62)])
            last_seq = _read_last_seq(reader)
            changed = reader.execute("SELECT DISTINCT customer_id FROM changed_pasts").fetchall()
        self._changed = {row[0]: object() for row in changed}
        try:
            with self._file.reading() as connection:
                state = read_state(connection)
            if state and state.get("identity") != self._read_identity():
                self._file.begin_anew("it belongs to another lake")
            elif max(state.get("watermark", 0), state.get("building_until", 0)) > last_seq:
                self._file.begin_anew("it holds more than the lake")
        except sqlite3.DatabaseError as error:
            self._file.begin_anew(str(error))
        self._note_identity()

    def _read_identity(self) -> int:
        with self._lake.reading() as reader:
            row = reader.execute("SELECT value FROM derived_state WHERE name = ?", [IDENTITY]).fetchone()
        return int(row[0]) if row else 0

    def _note_identity(self) -> None:
        with self._file.writing() as connection:
            set_state(connection, identity=self._read_identity())

    def _read_file(self, wanted: Wanted) -> tuple[int, pa.Table]:
        """(watermark, rows under stored ids), both of one moment."""
        with self._file.reading() as connection:
            watermark = read_state(connection).get("watermark", 0)
            if not watermark or not wanted.stored:
                return watermark, PAST.empty_table()
            codes = dict(
                connection.execute(
                    "SELECT name, code FROM names WHERE name IN (SELECT value FROM json_each(?))",
                    [json.dumps(list(wanted.names))],
                ).fetchall()
            )
            since = {
                codes[name]: to_microseconds(moment) if moment else -(2**62)
                for name, moment in wanted.names.items()
                if name in codes
            }
            parts = [PAST.empty_table()]
            for start in range(0, len(wanted.stored), _CUSTOMERS_AT_ONCE):
                some = list(wanted.stored[start : start + _CUSTOMERS_AT_ONCE])
                texts = connection.execute(_READ, [json.dumps(some), json.dumps(since)]).fetchone()
                if texts[0] is not None:
                    parts.append(_build_rows(texts, codes))
        return watermark, pa.concat_tables(parts)

    def _rewrite(self, customer_ids: list[int]) -> None:
        """Put what the lake holds of these customers in the place of what the file holds."""
        with self._file.reading() as connection:
            state = read_state(connection)
        until = state.get("watermark") or state.get("building_until", 0)
        with self._lake.reading() as reader:
            rows = history_building.read_rows(
                reader, f"seq <= {until} AND customer_id IN ({list_numbers(customer_ids)})"
            )
            last_seq = _read_last_seq(reader)
        with self._file.writing() as connection:
            connection.executemany(
                "DELETE FROM history WHERE customer_id = ?", [(each,) for each in customer_ids]
            )
            if not state.get("watermark"):
                rows = rows.filter(pc.less_equal(rows["customer_id"], state.get("built_to", 0)))
            history_building.insert_rows(connection, rows)
            if state.get("watermark", 0) > last_seq:
                set_state(connection, watermark=last_seq)


def _build_rows(texts: tuple[str, ...], codes: dict[str, int]) -> pa.Table:
    """Rows of PAST out of whole columns as texts. `codes` are the numbers of names."""
    customers, seqs, found, moments = (np.fromstring(text, dtype=np.int64, sep=" ") for text in texts[:4])
    names = pa.array(list(codes), pa.string())
    places = pc.index_in(pa.array(found), value_set=pa.array(list(codes.values()), pa.int64()))
    documents = texts[4].split(_BETWEEN)
    if _ABSENT in documents:
        documents = [None if document == _ABSENT else document for document in documents]  # type: ignore[misc]
    arrays = [
        pa.array(customers),
        pa.array(seqs),
        names.take(places),
        pa.array(moments).cast(pa.timestamp("us")),
        pa.array(documents, pa.string()),
    ]
    return pa.Table.from_arrays(arrays, schema=PAST)


def _read_events(reader: "Transaction", wanted: Wanted, above: int) -> pa.Table:
    """Wanted events with a `seq` above the given one, from the events table, under stored ids."""
    if not wanted.stored:
        return PAST.empty_table()
    conditions = []
    for name, since in wanted.names.items():
        condition = build_name_condition(DUCKDB, name)
        if since:
            condition += f" AND occurred_at >= make_timestamp({to_microseconds(since)})"
        conditions.append(f"({condition})")
    found = reader.execute(
        f"SELECT customer_id, seq, {NAME_SQL} AS event, occurred_at, properties FROM events "
        f"WHERE seq > {above} AND customer_id IN ({list_numbers(wanted.stored)}) AND ({' OR '.join(conditions)})"
    )
    return found.to_arrow_table().cast(PAST)


def _read_last_seq(reader: "Transaction") -> int:
    row = reader.execute("SELECT max(seq) FROM events").fetchone()
    return int(row[0] or 0) if row else 0


def _read_last_change(transaction: "Transaction") -> int:
    row = transaction.execute("SELECT max(change_id) FROM changed_pasts").fetchone()
    return int(row[0] or 0) if row else 0
