"""Fills the history file: new events at its end, or everything, one range of customers after the other."""

import logging
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from tenure.lake.history_file import HistoryFile, read_state, set_state
from tenure.lake.rows import NAME_SQL

if TYPE_CHECKING:
    from tenure.lake.engine import Lake, Transaction

logger = logging.getLogger(__name__)

EVENTS_AT_ONCE = 50_000
_EVENTS_A_RANGE = 500_000
_ROWS_A_STEP = 10_000
_INSERT = "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?)"


def add_next_events(lake: "Lake", file: HistoryFile, watermark: int, last_seq: int) -> None:
    """Take over the next events in the order of arrival."""
    until = min(watermark + EVENTS_AT_ONCE, last_seq)
    with lake.reading() as reader:
        rows = read_rows(reader, f"seq > {watermark} AND seq <= {until}")
    with file.writing() as connection:
        insert_rows(connection, rows)
        set_state(connection, watermark=until)


def build_next_range(lake: "Lake", file: HistoryFile, last_seq: int, is_stopping: Callable[[], bool]) -> None:
    """Take over all events of the next range of customers; after the last range the watermark is set.

    Rows then arrive in the file's own order, five times faster than in the order of arrival. What is built
    so far is kept when Tenure stops in between.
    """
    with file.reading() as connection:
        state = read_state(connection)
    until, built_to = state.get("building_until") or last_seq, state.get("built_to")
    scope = f"seq <= {until} AND customer_id IS NOT NULL"
    if built_to is not None:
        scope += f" AND customer_id > {built_to}"
    with lake.heavy(), lake.reading() as reader:
        end = _find_end_of_range(reader, scope)
        rows = read_rows(reader, scope if end is None else f"{scope} AND customer_id <= {end}")
    try:
        with file.writing() as connection:
            insert_rows(connection, rows, is_stopping)
            if end is None:
                connection.execute("DELETE FROM state WHERE name IN ('building_until', 'built_to')")
                set_state(connection, watermark=until)
            else:
                set_state(connection, building_until=until, built_to=end)
    except InterruptedError:
        logger.info("building the history of customers goes on at the next start")


def read_rows(reader: "Transaction", condition: str) -> pa.Table:
    """Events that rules can address, in the file's order: customer_id, name, moment, seq, properties."""
    rows: pa.Table = reader.execute(
        f"SELECT customer_id, {NAME_SQL} AS name, epoch_us(occurred_at) AS moment, seq, properties FROM events "
        f"WHERE {condition} AND customer_id IS NOT NULL AND name IS NOT NULL ORDER BY customer_id, name, moment"
    ).to_arrow_table()
    return rows


def insert_rows(
    connection: sqlite3.Connection, rows: pa.Table, is_stopping: Callable[[], bool] = lambda: False
) -> None:
    """Insert what `read_rows` gave. Raises InterruptedError when it is to stop."""
    codes = _list_codes(connection, rows.column("name").unique().to_pylist())
    for batch in rows.to_batches(max_chunksize=_ROWS_A_STEP):
        if is_stopping():
            raise InterruptedError
        customers, names, moments, seqs, properties = (column.to_pylist() for column in batch.columns)
        connection.executemany(
            _INSERT, zip(customers, map(codes.__getitem__, names), moments, seqs, properties, strict=True)
        )


def _list_codes(connection: sqlite3.Connection, names: list[str]) -> dict[str, int]:
    connection.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", [(name,) for name in names])
    codes = dict(connection.execute("SELECT name, code FROM names").fetchall())
    return {name: codes[name] for name in names}


def _find_end_of_range(reader: "Transaction", scope: str) -> int | None:
    """The last customer of the next range; None when all that is left is one range.

    From an estimate: where a range ends exactly does not matter.
    """
    total, first = _fetch_row(reader, f"SELECT count(*), min(customer_id) FROM events WHERE {scope}")
    if total <= _EVENTS_A_RANGE:
        return None
    (end,) = _fetch_row(
        reader, f"SELECT approx_quantile(customer_id, {_EVENTS_A_RANGE / total}) FROM events WHERE {scope}"
    )
    return max(first, end)


def _fetch_row(reader: "Transaction", statement: str) -> tuple[int, ...]:
    row = reader.execute(statement).fetchone()
    return tuple(int(value or 0) for value in row or ())
