"""The door of the lake: what happened, and what is computed from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis

from tenure.base.errors import UnavailableError
from tenure.lake import schema
from tenure.lake.columns import EventColumns, SeenEvent
from tenure.lake.derived import list_derived_tables, record_changed_pasts, settle_changed_pasts
from tenure.lake.dialects import CLICKHOUSE, CLICKHOUSE_SETTINGS, DIALECTS, DUCKDB, SPARK, Dialect
from tenure.lake.engine import OUTSIDE_TROUBLE, Lake, Transaction, compile_sql
from tenure.lake.engines.duckdb import open_file, open_memory
from tenure.lake.keeper import Keeper
from tenure.lake.keys import build_key_test
from tenure.lake.past import PAST, read_past
from tenure.lake.rows import (
    build_event_rows,
    build_name_condition,
    build_property,
    build_value,
    name_of_event,
)
from tenure.lake.zones import build_zone_offsets

__all__ = [
    "CLICKHOUSE",
    "CLICKHOUSE_SETTINGS",
    "DIALECTS",
    "DUCKDB",
    "MEMBERSHIP_WORDS",
    "PAST",
    "SLOTS_PER_WORD",
    "SPARK",
    "TABLE_NAMES",
    "Dialect",
    "EventColumns",
    "Keeper",
    "Lake",
    "SeenEvent",
    "Transaction",
    "build_event_rows",
    "build_key_test",
    "build_name_condition",
    "build_property",
    "build_value",
    "build_zone_offsets",
    "close_current",
    "compile_sql",
    "current",
    "find_current",
    "is_outside_trouble",
    "list_column_types",
    "list_derived_tables",
    "list_tables_with",
    "name_of_event",
    "open_file",
    "open_lake",
    "open_memory",
    "opened",
    "read_past",
    "record_changed_pasts",
    "set_current",
    "settle_changed_pasts",
    "table",
    "write_for_postgresql",
]

MEMBERSHIP_WORDS = schema.MEMBERSHIP_WORDS
SLOTS_PER_WORD = schema.SLOTS_PER_WORD
TABLE_NAMES = frozenset(schema.TABLES)
_current: Lake | None = None


def open_lake(url: str, path: Path) -> Lake:
    """Open the lake that `url` names: none is DuckDB's file at `path`, `postgresql://...` a database.

    Errors: no such engine, its driver is not installed, it cannot be reached, another process writes into it.
    """
    if not url:
        return open_file(path)
    scheme = url.partition("://")[0]
    if scheme not in ("postgresql", "postgres"):
        raise UnavailableError(
            "unknown_engine",
            f"TENURE_LAKE_URL begins with {scheme!r}. Leave it empty for DuckDB, or name a database like "
            "postgresql://user:password@host/database.",
        )
    try:
        from tenure.lake.engines.postgresql.lake import open_url
    except ModuleNotFoundError as error:
        raise UnavailableError(
            "no_driver",
            f"The driver for PostgreSQL is not installed ({error.name}). Install it: pip install 'tenure[postgresql]'",
        ) from error
    return open_url(url)


def is_outside_trouble(error: BaseException) -> bool:
    """Whether an error is the outside world's (disk, memory, connection), so that trying again may help."""
    return isinstance(error, (*OUTSIDE_TROUBLE, OSError, MemoryError))


def current() -> Lake:
    """The lake of this process."""
    if _current is None:
        raise UnavailableError("no_lake", "The lake is not open in this process.")
    return _current


def find_current() -> Lake | None:
    return _current


def set_current(lake: Lake) -> None:
    global _current
    _current = lake


def close_current() -> None:
    global _current
    if _current is not None:
        _current.close()
    _current = None


@contextmanager
def opened(lake: Lake) -> Iterator[Lake]:
    """Make `lake` the current one for a block, then close it."""
    global _current
    before, _current = _current, lake
    try:
        yield lake
    finally:
        _current = before
        lake.close()


def write_for_postgresql(statement: str) -> str:
    """A query in DuckDB's words as PostgreSQL runs it, beside the functions that Tenure adds to a lake there."""
    from tenure.lake.engines.postgresql.translating import translate

    def describe(query: str) -> list[str]:
        with current().reading() as reader:
            names: list[str] = (
                reader.execute(f"SELECT * FROM ({query}) AS q LIMIT 0").to_arrow_table().column_names
            )
        return names

    return ";\n".join(translate(statement, describe))


def table(name: str) -> ibis.Table:
    """An expression for a table or view of the lake, by name."""
    return ibis.table(schema.VIEWS.get(name) or schema.TABLES[name], name=name)


def list_tables_with(*columns: str) -> list[str]:
    """The tables that have all of `columns`."""
    return [name for name, fields in schema.TABLES.items() if set(columns) <= set(fields)]


def list_column_types(name: str) -> dict[str, str]:
    """The columns of a table or view with the engine's types."""
    return {
        column: schema.COLUMN_TYPES[kind]
        for column, kind in (schema.VIEWS.get(name) or schema.TABLES[name]).items()
    }
