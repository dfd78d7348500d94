"""Which events have a table of columns, and which column holds which property."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tenure.lake.dialects import DUCKDB
from tenure.lake.rows import build_name_condition

if TYPE_CHECKING:
    from tenure.lake.engine import Transaction

MOST_NAMES = 300
MOST_PROPERTIES = 60
LONGEST_PROPERTY = 200
WATERMARK = "event_columns"
_AWKWARD = set('*"\\\x00')
_KINDS = {"VARCHAR": "text", "BOOLEAN": "boolean", "NULL": ""}


@dataclass(frozen=True)
class EventTable:
    """The properties of one event: `columns` by property, in the order they were seen; `kinds` as first seen."""

    number: int
    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def table_name(self) -> str:
        return f"event_columns_{self.number}"

    def holds(self, name: str) -> bool:
        """Whether what the table says about a property is all there is, down to its not being there."""
        return name in self.columns or (len(self.columns) < MOST_PROPERTIES and is_storable(name))

    def build_select(self, event: str, source: str, condition: str) -> str:
        """The table's columns out of rows of the events table. The JSON of a row is parsed once."""
        texts = [f"texts[{n}] AS {column}" for n, column in enumerate(self.columns.values(), start=1)]
        paths = ", ".join(DUCKDB.quote(DUCKDB.point(name.split("."))) for name in self.columns)
        parsed = f", json_extract_string(properties, [{paths}]) AS texts" if texts else ""
        return (
            f"SELECT {', '.join(['seq', 'customer_id', 'occurred_at', *texts])} FROM (SELECT seq, customer_id, "
            f"occurred_at{parsed} FROM {source} WHERE {build_name_condition(DUCKDB, event)} AND {condition})"
        )


@dataclass(frozen=True)
class Catalog:
    """`watermark` is the last `seq` that the tables hold."""

    watermark: int = 0
    tables: Mapping[str, EventTable] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether there may be events without a table."""
        return len(self.tables) >= MOST_NAMES

    def grow(self, shapes: Iterable[tuple[str, str | None, int]]) -> "Catalog":
        """With tables and columns for (event, structure of its JSON, how often), the frequent ones first."""
        counts: Counter[str] = Counter()
        properties: dict[str, Counter[str]] = {}
        kinds: dict[tuple[str, str], str] = {}
        for event, structure, count in shapes:
            counts[event] += count
            for name, kind in list_properties(structure):
                properties.setdefault(event, Counter())[name] += count
                kinds[event, name] = kinds.get((event, name)) or kind
        tables = dict(self.tables)
        number = max((table.number for table in tables.values()), default=0)
        for event, _ in counts.most_common():
            if event not in tables:
                if len(tables) >= MOST_NAMES:
                    continue
                number += 1
                tables[event] = EventTable(number)
            columns, known = dict(tables[event].columns), dict(tables[event].kinds)
            for name, _ in properties.get(event, Counter()).most_common():
                if name not in columns and len(columns) < MOST_PROPERTIES:
                    columns[name] = f"p{len(columns) + 1}"
                    known[name] = kinds[event, name]
            tables[event] = replace(tables[event], columns=columns, kinds=known)
        return replace(self, tables=tables)


def is_storable(name: str) -> bool:
    """Whether a property may have a column: a key, or a key of an object. Others are read from the JSON."""
    parts = name.split(".")
    return all(parts) and len(parts) < 3 and len(name) <= LONGEST_PROPERTY and not set(name) & _AWKWARD


def list_properties(structure: str | None) -> Iterator[tuple[str, str]]:
    """(property, kind) of what `json_structure` says. Kinds: text, number, boolean, list, object, or unknown."""
    found = json.loads(structure) if structure else None
    if not isinstance(found, dict):
        return
    for key, value in found.items():
        if "." in key or not is_storable(key):
            continue
        yield key, _name_kind(value)
        if isinstance(value, dict):
            for inner, inner_value in value.items():
                if "." not in inner and is_storable(f"{key}.{inner}"):
                    yield f"{key}.{inner}", _name_kind(inner_value)


def load_catalog(reader: "Transaction") -> Catalog:
    """As it is in the lake."""
    row = reader.execute("SELECT max(value) FROM derived_state WHERE name = ?", [WATERMARK]).fetchone()
    columns: dict[int, dict[str, str]] = {}
    kinds: dict[int, dict[str, str]] = {}
    for number, name, column, kind in reader.execute(
        "SELECT number, property, column_name, kind FROM event_properties ORDER BY number, position"
    ).fetchall():
        columns.setdefault(number, {})[name] = column
        kinds.setdefault(number, {})[name] = kind
    tables = {
        event: EventTable(number, columns.get(number, {}), kinds.get(number, {}))
        for number, event in reader.execute(
            "SELECT number, event FROM event_tables ORDER BY number"
        ).fetchall()
    }
    return Catalog(int(row[0] or 0) if row else 0, tables)


def save_growth(transaction: "Transaction", before: Catalog, after: Catalog) -> None:
    """Make the tables and columns that `after` has more."""
    for event, table in after.tables.items():
        known = before.tables.get(event)
        if known is None:
            transaction.execute(
                f"CREATE TABLE {table.table_name} (seq BIGINT, customer_id BIGINT, occurred_at TIMESTAMP)"
            )
            transaction.execute(
                "INSERT INTO event_tables (number, event) VALUES (?, ?)", [table.number, event]
            )
        for position, (name, column) in enumerate(table.columns.items(), start=1):
            if known is None or name not in known.columns:
                transaction.execute(f"ALTER TABLE {table.table_name} ADD COLUMN {column} VARCHAR")
                transaction.execute(
                    "INSERT INTO event_properties (number, position, property, column_name, kind) VALUES (?, ?, ?, ?, ?)",
                    [table.number, position, name, column, table.kinds[name]],
                )


def save_watermark(transaction: "Transaction", watermark: int) -> None:
    transaction.execute("DELETE FROM derived_state WHERE name = ?", [WATERMARK])
    transaction.execute("INSERT INTO derived_state VALUES (?, ?)", [WATERMARK, watermark])


def _name_kind(value: Any) -> str:
    if isinstance(value, dict):
        return "object"
    return "list" if isinstance(value, list) else _KINDS.get(value, "number" if value != "JSON" else "text")
