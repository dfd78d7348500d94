"""The lake's tables in PostgreSQL: the same migrations, text that orders by code point, and indexes."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from tenure.lake.engines.postgresql.translating import translate
from tenure.lake.schema import TABLES

_INDEXED = {
    "events": ("customer_id, event, occurred_at", "seq", "message_key"),
    "order_events": ("customer_id", "order_id", "seq"),
    "order_lines": ("customer_id", "seq"),
    "merges": ("from_customer_id", "into_customer_id"),
    "decisions": ("customer_id", "campaign_id"),
    "list_members": ("customer_id", "list_id"),
    "membership_changes": ("customer_id", "segment_id, changed_at"),
}
"""The ways to rows of these tables; other tables with customer_id have one by that."""

_TEXT_COLUMN = re.compile(r"\b(?:TEXT|VARCHAR)\b(?!\s+COLLATE)")
_COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "C")
"""Text compares by code point, as in DuckDB; all but the last also know the letters of every language."""


def choose_collation(connection: psycopg.Connection[Any]) -> str:
    rows = connection.execute(
        "SELECT collname FROM pg_collation WHERE collname = ANY(%s) AND collencoding IN (-1, 6)",
        [list(_COLLATIONS)],
    ).fetchall()
    known = {name for (name,) in rows}
    return next(f'"{name}"' for name in _COLLATIONS if name in known)


def list_indexes() -> Iterator[str]:
    """Made where missing whenever the lake is opened."""
    for table, columns in TABLES.items():
        for key in _INDEXED.get(table, ("customer_id",) if "customer_id" in columns else ()):
            name = f"{table}_by_{'_'.join(key.split(', '))}"
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({key})"


def build_migration(
    statements: Sequence[str], collation: str, describe: Callable[[str], list[str]], is_new: bool
) -> Iterator[str]:
    """A migration's statements. In a new lake there are no rows to bring along."""
    for statement in statements:
        if is_new and statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            continue
        for translated in translate(statement, describe):
            is_table = translated.startswith(("CREATE TABLE", "ALTER TABLE"))
            yield _TEXT_COLUMN.sub(f"TEXT COLLATE {collation}", translated) if is_table else translated
