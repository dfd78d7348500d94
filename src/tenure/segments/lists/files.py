"""Static lists from files: one column names customers by user id, anonymous id or e-mail address."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tenure.base.errors import TenureError
from tenure.base.words import count_of
from tenure.config.environment import read_environment
from tenure.customers import api as customers
from tenure.events.imports import api as imports
from tenure.segments.lists import library
from tenure.segments.models import StaticList

Progress = Callable[[float | None, str], None]
UNKNOWN_SHOWN = 20
_LONGEST_IDENTIFIER = 255


@dataclass(frozen=True)
class Unknown:
    """An identifier of nobody, and its line in the file."""

    line: int
    value: str


@dataclass(frozen=True)
class ListFile:
    """What became of a file. `repeated_count` rows name somebody who is on the list already, `empty_count` nobody at all."""

    name: str
    column: str
    row_count: int
    added_count: int
    repeated_count: int
    empty_count: int
    unknown_count: int
    unknown: tuple[Unknown, ...]
    unknown_file: Path | None

    def as_dict(self) -> dict[str, object]:
        return {
            "list": self.name,
            "column": self.column,
            "rows": self.row_count,
            "added": self.added_count,
            "repeated": self.repeated_count,
            "empty": self.empty_count,
            "unknown": self.unknown_count,
            "unknown_lines": [{"line": one.line, "value": one.value} for one in self.unknown],
            "unknown_file": None if self.unknown_file is None else str(self.unknown_file),
        }


def create_list_from_file(
    name: str,
    path: Path,
    actor: str,
    title: str = "",
    column: str | None = None,
    progress: Progress | None = None,
) -> ListFile:
    """A new list of the customers whom a file names. Errors: the name, the file or its column; nobody in it is known.

    `column` is a heading or a position from 1; by default the column that names most customers in the first rows.
    """
    if StaticList.objects.filter(name=name).exists():
        raise library.name_taken(name)
    found = _read(path, column, progress)
    if not found.known_count:
        raise TenureError(
            "nobody_known",
            f"None of the {count_of(found.row_count, 'row')} names a known customer in the column “{found.column}”. "
            "Import the customers first, or choose another column.",
            "column",
        )
    made = library.create_list(name, actor, title, f"The file {path.name[:150]}")
    try:
        return _add(made.name, found, actor)
    except BaseException:
        StaticList.objects.filter(pk=made.id).delete()
        raise


def add_file_to_list(
    name: str, path: Path, actor: str, column: str | None = None, progress: Progress | None = None
) -> ListFile:
    """Put the customers whom a file names on a list that exists."""
    library.find_row(name)
    return _add(name, _read(path, column, progress), actor)


def find_unknown_file(name: str) -> Path | None:
    """The rows of the last file for a list that named nobody; None where all did."""
    path = _unknown_path(name)
    return path if path.is_file() else None


def guess_column(path: Path) -> tuple[imports.FileShape, str]:
    """How a file is written, and the column that names customers. A list of bare identifiers has no headings."""
    shape = imports.sniff(path)
    if shape.has_header and _count_known(shape.columns):
        shape = imports.without_header(shape)
    cells = list(zip(*shape.samples, strict=True)) if shape.samples else [() for _ in shape.columns]
    counts = [_count_known(column) for column in cells]
    if any(counts):
        return shape, shape.columns[counts.index(max(counts))]
    guessed = {**imports.guess_mapping("events", shape), **imports.guess_mapping("customers", shape)}
    for field in ("customer_id", "email", "anonymous_id"):
        if field in guessed:
            return shape, guessed[field]
    return shape, shape.columns[0]


@dataclass(frozen=True)
class _Found:
    column: str
    rows: pa.Table
    customer_ids: pa.Array

    @property
    def row_count(self) -> int:
        return int(self.rows.num_rows)

    @property
    def known_count(self) -> int:
        return len(self.customer_ids) - int(self.customer_ids.null_count)


def _read(path: Path, column: str | None, progress: Progress | None) -> _Found:
    tell = progress or _tell_nobody
    tell(None, "Reading the file")
    shape, guessed = guess_column(path)
    chosen = imports.find_column(shape, column) if column else guessed
    batches = list(imports.stream_column(path, shape, chosen))
    rows = pa.Table.from_batches(batches, pa.schema([("line", pa.int64()), ("value", pa.string())]))
    tell(None, f"Looking up {count_of(rows.num_rows, 'row')}")
    values = rows.column("value").combine_chunks()
    return _Found(chosen, rows, customers.find_customer_ids(values))


def _add(name: str, found: _Found, actor: str) -> ListFile:
    added = library.add_to_list(name, found.customer_ids.drop_null(), actor)
    values = found.rows.column("value").combine_chunks()
    is_unknown = pc.and_(found.customer_ids.is_null(), values.is_valid())
    unknown = found.rows.filter(is_unknown)
    return ListFile(
        name=name,
        column=found.column,
        row_count=found.row_count,
        added_count=added,
        repeated_count=found.known_count - added,
        empty_count=int(values.null_count),
        unknown_count=int(unknown.num_rows),
        unknown=tuple(
            Unknown(row["line"], row["value"][:_LONGEST_IDENTIFIER])
            for row in unknown.slice(0, UNKNOWN_SHOWN).to_pylist()
        ),
        unknown_file=_write_unknown(name, unknown),
    )


def _write_unknown(name: str, unknown: pa.Table) -> Path | None:
    target = _unknown_path(name)
    target.unlink(missing_ok=True)
    if not unknown.num_rows:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "identifier"])
        for batch in unknown.to_batches(max_chunksize=20_000):
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return target


def _unknown_path(name: str) -> Path:
    return read_environment().import_folder / "lists" / f"{name}-unknown.csv"


def _count_known(values: tuple[str, ...]) -> int:
    given = pa.array([value.strip() or None for value in values], pa.string())
    found = customers.find_customer_ids(given)
    return len(found) - int(found.null_count)


def _tell_nobody(share: float | None, message: str) -> None:
    """Without a progress callback."""
