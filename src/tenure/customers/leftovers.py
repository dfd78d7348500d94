"""What is left of an erased person: every text of ledger and lake, and every file of the data folder."""

import mmap
import re
from collections.abc import Collection, Iterable, Iterator
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
_MOST_TEXTS = 1000
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


@dataclass(frozen=True)
class Search:
    """What was found in columns; `within` are words of hers that are a part of somebody else's."""

    found: tuple[Leftover, ...]
    within: frozenset[str]


def find_leftovers(subject: Subject) -> Search:
    """Search the columns of both stores. A word counts where it stands alone: ann-1 is not in ann-12."""
    found: list[Leftover] = []
    within: set[str] = set()
    for where, kind, words, texts in (*_read_lake(subject), *_read_ledger(subject)):
        count = 0
        for text in texts:
            inside = [word for word in words if word in text.lower()]
            alone = [word for word in inside if _stands_alone(word, text.lower())]
            count += bool(alone)
            within.update(set(inside) - set(alone))
        if count:
            found.append(Leftover(where, kind, count))
    return Search(tuple(found), frozenset(within))


def find_in_files(
    subject: Subject, only: Iterable[Path] | None = None, within: Collection[str] = ()
) -> list[Leftover]:
    """Search the bytes of the files of the data folder, freed space included. Compressed text is not seen, and
    words `within` those of others cannot be told apart there."""
    users = set(User.objects.values_list("email", flat=True))
    telling = (word for word in subject.telling if word.lower() not in (*users, *within))
    words = [word.encode() for word in telling if len(word.encode()) >= _SHORTEST_IN_FILES]
    home = read_environment().home
    files = (path for path in home.rglob("*") if path.is_file()) if only is None else only
    found = []
    for path in sorted(files):
        count = 0 if path.name in _SKIPPED else _count_in_file(path, words)
        if count:
            found.append(Leftover(f"file {path.relative_to(home)}", "address or identifier", count))
    return found


def _stands_alone(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w.%+@-]){re.escape(word)}(?![\w@-]|\.\w)", text) is not None


def _read_lake(subject: Subject) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """(where, kind, words in lower case, texts that hold one)."""
    lake = lakes.current()
    derived = lakes.list_derived_tables(lake)
    tables = [lakes.table(name) for name in lakes.list_tables_with()]
    tables += [
        ibis.table({"customer_id": "int64", **dict.fromkeys(texts, "string")}, name=name)
        for name, texts in derived.items()
    ]
    for table in tables:
        has_customer = "customer_id" in table.columns
        for column in [name for name, kind in table.schema().items() if kind.is_string()]:
            for kind, words in _list_searches(subject, column, with_names=not has_customer):
                if words:
                    condition = reduce(or_, [table[column].lower().contains(word) for word in words])
                    rows = lake.read(table.filter(condition).select(column).limit(_MOST_TEXTS))
                    yield f"lake {table.get_name()}.{column}", kind, words, rows.column(0).to_pylist()


def _read_ledger(subject: Subject) -> Iterator[tuple[str, str, list[str], list[str]]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table in NOT_SEARCHED:
                continue
            for column in connection.introspection.get_table_description(cursor, table):
                for kind, words in _list_searches(subject, column.name, with_names=True):
                    if not words:
                        continue
                    text = f"CAST({connection.ops.quote_name(column.name)} AS TEXT)"
                    conditions = " OR ".join([f"instr(lower({text}), %s) > 0"] * len(words))
                    cursor.execute(
                        f"SELECT {text} FROM {connection.ops.quote_name(table)} WHERE {conditions} LIMIT {_MOST_TEXTS}",
                        words,
                    )
                    yield f"ledger {table}.{column.name}", kind, words, [row[0] for row in cursor.fetchall()]


def _list_searches(subject: Subject, column: str, with_names: bool) -> Iterator[tuple[str, list[str]]]:
    """(kind, words in lower case). Short identifiers are searched only where identifiers are kept."""
    yield "address", _lower(subject.addresses)
    is_telling = column in _OF_IDENTIFIERS
    wanted = (value for value in subject.identifiers if is_telling or len(value) >= _TOO_SHORT)
    yield "identifier", _lower(wanted)
    if with_names:
        yield "name", _lower(subject.names)


def _lower(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in words))


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
