"""Properties of events as columns, so that counting customers by them costs no parsing of JSON.

A table per event with a text column per property, up to a watermark; what came later is read from the events
table. Derived and part of the lake: followed in short transactions, never in a batch's own.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from tenure.lake.column_catalog import Catalog, EventTable, load_catalog, save_growth, save_watermark
from tenure.lake.dialects import DUCKDB
from tenure.lake.rows import NAME_SQL, build_event_rows, build_name_condition, build_property, read_as

if TYPE_CHECKING:
    from tenure.lake.engine import Lake, Transaction

logger = logging.getLogger(__name__)

CHANGES = "changed_pasts"
_EVENTS_AT_ONCE = 25_000
_MANY_BEHIND = 200_000
_EVENTS_AT_ONCE_OF_MANY = 50_000
_LATEST_ROWS = 500_000
_SAMPLE_ROWS = 2_000
_STALE_SECONDS = 60.0


@dataclass(frozen=True)
class SeenEvent:
    """A name under which events came in."""

    name: str
    count: int
    last_seen_at: datetime


class EventColumns:
    """Safe to call from any thread. `advance` is the keeper's."""

    def __init__(self, lake: "Lake") -> None:
        self._lake = lake
        self._work = threading.Lock()
        with lake.reading() as reader:
            self._catalog = load_catalog(reader)

    @property
    def watermark(self) -> int:
        return self._catalog.watermark

    def count_behind(self) -> int:
        """How many events, at most, are yet to be taken over."""
        with self._lake.reading() as reader:
            return max(0, _read_last_seq(reader) - self.watermark)

    def build_event_rows(self, event: str, columns: Sequence[tuple[str, str]]) -> str:
        """What `rows.build_event_rows` gives, quicker: customer_id as stored, seq, occurred_at, c0, c1, ...

        `columns` are (property, kind). Build it anew for each use: the text names the watermark of this moment.
        """
        catalog = self._catalog
        table = catalog.tables.get(event)
        everything = build_event_rows(DUCKDB, event, columns)
        if not catalog.watermark or (table is None and catalog.is_full):
            return everything
        tail = f"{everything} AND seq > {catalog.watermark}"
        if table is None:
            return tail
        if any(kind == "raw" or not table.holds(name) for name, kind in columns):
            return everything
        parts = ["customer_id", "seq", "occurred_at"]
        for number, (name, kind) in enumerate(columns):
            parts.append(f"{read_as(DUCKDB, table.columns.get(name, 'NULL::VARCHAR'), kind)} AS c{number}")
        typed = f"SELECT {', '.join(parts)} FROM {table.table_name} WHERE seq <= {catalog.watermark}"
        return f"{typed} UNION ALL {tail}"

    def list_events(self) -> list[SeenEvent]:
        """The names of events, most frequent first."""
        return self._lake.answers.get(("columns", "events"), self._ask_events, _STALE_SECONDS)

    def list_properties(self, event: str) -> dict[str, str]:
        """The properties of an event with their kinds: text, number, boolean, list, object, or '' where unknown."""
        table = self._catalog.tables.get(event)
        if table is not None:
            return dict(table.kinds)
        return self._lake.answers.get(
            ("columns", "properties", event), lambda: self._ask_properties(event), _STALE_SECONDS
        )

    def list_values(self, event: str, name: str, prefix: str = "", limit: int = 20) -> list[tuple[str, int]]:
        """Values of a property that begin with `prefix` in any case, with their counts, most frequent first.

        Counted over the event's latest 500,000.
        """
        return self._lake.answers.get(
            ("columns", "values", event, name, prefix, limit),
            lambda: self._ask_values(event, name, prefix, limit),
            _STALE_SECONDS,
        )

    def advance(self) -> int:
        """Take over a bounded number of events. Gives how many are still behind. Not in a write."""
        with self._work:
            behind = self.count_behind()
            if behind:
                size = _EVENTS_AT_ONCE if behind < _MANY_BEHIND else _EVENTS_AT_ONCE_OF_MANY
                self._take_over(self._catalog.watermark + min(size, behind))
        return self.count_behind()

    def record_changed(self, customer_ids: Iterable[int], transaction: "Transaction") -> None:
        """Events of these customers were deleted or moved in `transaction`: put what is left of them in place."""
        catalog = load_catalog(transaction)
        scope = f"seq <= {catalog.watermark} AND customer_id IN (SELECT customer_id FROM _changed)"
        with transaction.with_rows("_changed", pa.table({"customer_id": pa.array(customer_ids, pa.int64())})):
            for table in catalog.tables.values():
                transaction.execute(
                    f"DELETE FROM {table.table_name} WHERE customer_id IN (SELECT customer_id FROM _changed)"
                ).fetchall()
            transaction.execute(f"CREATE OR REPLACE TEMP TABLE _left AS SELECT * FROM events WHERE {scope}")
        left = transaction.execute(f"SELECT DISTINCT {NAME_SQL} FROM _left").fetchall()
        for event in [row[0] for row in left if row[0] in catalog.tables]:
            table = catalog.tables[event]
            transaction.execute(
                f"INSERT INTO {table.table_name} BY NAME {table.build_select(event, '_left', 'true')}"
            )
        transaction.execute("DROP TABLE _left")
        save_watermark(transaction, min(catalog.watermark, _read_last_seq(transaction)))

    def rebuild(self) -> None:
        """Drop everything; `advance` builds it again."""

        def work(transaction: "Transaction") -> None:
            for table in load_catalog(transaction).tables.values():
                transaction.execute(f"DROP TABLE {table.table_name}")
            transaction.execute("DELETE FROM event_tables")
            transaction.execute("DELETE FROM event_properties")
            save_watermark(transaction, 0)

        with self._work:
            self._lake.write(work)
            self._catalog = Catalog()

    def _take_over(self, until: int) -> None:
        before = self._catalog
        scope = f"seq > {before.watermark} AND seq <= {until}"
        with self._lake.reading() as reader:
            reader.execute("BEGIN")
            try:
                changes = _read_changes(reader)
                shapes = reader.execute(
                    f"SELECT {NAME_SQL} AS name, json_structure(properties)::VARCHAR, count(*) FROM events "
                    f"WHERE {scope} AND customer_id IS NOT NULL AND name IS NOT NULL GROUP BY ALL"
                ).fetchall()
                after = replace(before.grow(shapes), watermark=until)
                rows = {
                    event: reader.execute(
                        after.tables[event].build_select(event, "events", scope)
                    ).to_arrow_table()
                    for event in dict.fromkeys(shape[0] for shape in shapes)
                    if event in after.tables
                }
            finally:
                reader.execute("ROLLBACK")

        def work(transaction: "Transaction") -> bool:
            if _read_changes(transaction) != changes:
                return False
            save_growth(transaction, before, after)
            for event, part in rows.items():
                with transaction.with_rows("_part", part):
                    transaction.execute(
                        f"INSERT INTO {after.tables[event].table_name} BY NAME SELECT * FROM _part"
                    ).fetchall()
            save_watermark(transaction, until)
            return True

        if self._lake.write(work):
            self._catalog = after

    def _ask_events(self) -> list[SeenEvent]:
        catalog = self._catalog
        whole = f"SELECT {NAME_SQL} AS name, count(*) AS n, max(occurred_at) AS last_at FROM events WHERE "
        if catalog.is_full:
            parts = [f"{whole} customer_id IS NOT NULL GROUP BY 1"]
        else:
            parts = [f"{whole} seq > {catalog.watermark} AND customer_id IS NOT NULL GROUP BY 1"]
            parts += [
                f"SELECT {DUCKDB.quote(event)}, count(*), max(occurred_at) FROM {table.table_name} "
                f"WHERE seq <= {catalog.watermark}"
                for event, table in catalog.tables.items()
            ]
        with self._lake.reading() as reader:
            rows = reader.execute(
                f"SELECT name, sum(n)::BIGINT, max(last_at) FROM ({' UNION ALL '.join(parts)}) "
                "WHERE name IS NOT NULL AND n > 0 GROUP BY 1 ORDER BY 2 DESC, 1"
            ).fetchall()
        return [SeenEvent(name, count, last_at.replace(tzinfo=UTC)) for name, count, last_at in rows]

    def _ask_properties(self, event: str) -> dict[str, str]:
        with self._lake.reading() as reader:
            shapes = reader.execute(
                "SELECT json_structure(properties)::VARCHAR, count(*) FROM (SELECT properties FROM events "
                f"WHERE {build_name_condition(DUCKDB, event)} ORDER BY seq DESC LIMIT {_SAMPLE_ROWS}) GROUP BY 1"
            ).fetchall()
        grown = Catalog().grow((event, structure, count) for structure, count in shapes)
        return dict(grown.tables.get(event, EventTable(0)).kinds)

    def _ask_values(self, event: str, name: str, prefix: str, limit: int) -> list[tuple[str, int]]:
        catalog = self._catalog
        table = catalog.tables.get(event)
        text = build_property(DUCKDB, name, "text")
        sources = [
            f"SELECT {text} AS value FROM events WHERE {build_name_condition(DUCKDB, event)} AND seq > "
            f"{catalog.watermark if table else 0} ORDER BY seq DESC LIMIT {_LATEST_ROWS}"
        ]
        if table is not None and name in table.columns:
            sources.append(
                f"SELECT {table.columns[name]} AS value FROM {table.table_name} WHERE {self._latest(table)}"
            )
        union = " UNION ALL ".join(f"({source})" for source in sources)
        with self._lake.reading() as reader:
            rows = reader.execute(
                f"SELECT value, count(*) FROM ({union}) WHERE value IS NOT NULL AND starts_with(lower(value), "
                f"lower({DUCKDB.quote(prefix)})) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {int(limit)}"
            ).fetchall()
        return [(value, count) for value, count in rows]

    def _latest(self, table: EventTable) -> str:
        """Rows lie in the order they came, but for what was moved; where few are missing, it does not matter."""
        return f"seq <= {self._catalog.watermark} AND rowid >= (SELECT max(rowid) FROM {table.table_name}) - {_LATEST_ROWS}"


def _read_last_seq(reader: "Transaction") -> int:
    row = reader.execute("SELECT max(seq) FROM events").fetchone()
    return int(row[0] or 0) if row else 0


def _read_changes(reader: "Transaction") -> int:
    row = reader.execute("SELECT max(value) FROM derived_state WHERE name = ?", [CHANGES]).fetchone()
    return int(row[0] or 0) if row else 0
