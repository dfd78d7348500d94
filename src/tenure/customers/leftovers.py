"""What is left of an erased person: every text of ledger and lake, and every file of the data folder."""

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import ibis
from django.db import connection

from tenure.base.models import User
from tenure.config.environment import read_environment
from tenure.customers.privacy import Subject
from tenure.lake import api as lakes

NOT_SEARCHED = ("base_user", "django_session", "customers_erasure")
"""People who sign in are not customers; an erasure under way knows whom it is about."""

_SKIPPED = ("tenure.lock", "server.json", "secret")
_TOO_SHORT = 6
_SHORTEST_IN_FILES = 9
"""DuckDB's statistics keep the first eight bytes of the smallest and largest text of a column."""
_OF_IDENTIFIERS = ("user_id", "anonymous_id", "external_id", "value")


@dataclass(frozen=True)
class Leftover:
    """`count` rows (or places in a file) that hold a word of hers: an address, an identifier or a name."""

    where: str
    kind: str
    count: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def find_leftovers(subject: Subject) -> list[Leftover]:
    """Search the columns of both stores."""
    return [*_search_lake(subject), *_search_ledger(subject)]


def find_in_files(subject: Subject, only: Iterable[Path] | None = None) -> list[Leftover]:
    """Search the bytes of the files of the data folder, freed space included. Compressed text is not seen."""
    users = set(User.objects.values_list("email", flat=True))
    telling = (word for word in subject.telling if word.lower() not in users)
    words = [word.encode() for word in telling if len(word.encode()) >= _SHORTEST_IN_FILES]
    home = read_environment().home
    files = (path for path in home.rglob("*") if path.is_file()) if only is None else only
    found = []
    for path in sorted(files):
        count = 0 if path.name in _SKIPPED else _count_in_file(path, words)
        if count:
            found.append(Leftover(f"file {path.relative_to(home)}", "address or identifier", count))
    return found


def _search_lake(subject: Subject) -> Iterator[Leftover]:
    lake = lakes.current()
    derived = lakes.list_derived_tables(lake)
    tables = [lakes.table(name) for name in lakes.list_tables_with()]
    tables += [
        ibis.table({"customer_id": "int64", **dict.fromkeys(texts, "string")}, name=name)
        for name, texts in derived.items()
    ]
    for table in tables:
        name = table.get_name()
        texts = [column for column, kind in table.schema().items() if kind.is_string()]
        has_customer = "customer_id" in table.columns
        for column in texts:
            for kind, (exact, inside) in _list_searches(subject, column, with_names=not has_customer):
                condition = _build_condition(table[column], exact, inside)
                count = (
                    0
                    if condition is None
                    else int(lake.read_value(table.filter(condition).count().as_table()))
                )
                if count:
                    yield Leftover(f"lake {name}.{column}", kind, count)


def _build_condition(
    column: ibis.expr.types.Value, exact: list[str], inside: list[str]
) -> ibis.expr.types.BooleanValue | None:
    conditions: list[Any] = [column.isin(exact)] if exact else []
    conditions += [column.lower().contains(word.lower()) for word in inside]
    return reduce(or_, conditions) if conditions else None


def _search_ledger(subject: Subject) -> Iterator[Leftover]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            if table in NOT_SEARCHED:
                continue
            for column in connection.introspection.get_table_description(cursor, table):
                for kind, (exact, inside) in _list_searches(subject, column.name, with_names=True):
                    name = connection.ops.quote_name(column.name)
                    text = f"lower(CAST({name} AS TEXT))"
                    conditions = [f"{name} = %s"] * len(exact) + [f"instr({text}, %s) > 0"] * len(inside)
                    if not conditions:
                        continue
                    cursor.execute(
                        f"SELECT count(*) FROM {connection.ops.quote_name(table)} WHERE {' OR '.join(conditions)}",
                        [*exact, *(word.lower() for word in inside)],
                    )
                    count = int(cursor.fetchone()[0])
                    if count:
                        yield Leftover(f"ledger {table}.{column.name}", kind, count)


def _list_searches(
    subject: Subject, column: str, with_names: bool
) -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
    """(kind, (words that a whole text is, words within a text)).

    Short identifiers are searched as whole texts, short numbers only where identifiers are kept.
    """
    yield "address", ([], list(subject.addresses))
    long = [value for value in subject.identifiers if len(value) >= _TOO_SHORT]
    is_telling = column in _OF_IDENTIFIERS
    exact = [value for value in subject.identifiers if is_telling or not value.isdecimal()]
    yield "identifier", (exact, long)
    if with_names:
        yield "name", ([], list(subject.names))


def _count_in_file(path: Path, words: list[bytes]) -> int:
    if not words or not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(_count(content, word) for word in words)


def _count(content: mmap.mmap, word: bytes) -> int:
    count = place = 0
    while (place := content.find(word, place)) >= 0:
        count, place = count + 1, place + len(word)
    return count
