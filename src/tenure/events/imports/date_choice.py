"""How a file's dates are written, as a choice on a page: found in the file, asked where the file does not say."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.events.imports.bytestream import read_head
from tenure.events.imports.dates import choose_date_reading
from tenure.events.imports.results import FileShape
from tenure.events.imports.runs import to_sql_moment
from tenure.events.imports.sniffing import split_rows

DATE_FIELDS = {"orders": ("ordered_at",), "customers": ("created_at", "birthday"), "events": ("timestamp",)}
"""Per kind the fields that hold dates."""

DATE_CHOICES = (
    ("", "As found, each date by its own form"),
    ("YMD", "2026-10-01: year, month, day"),
    ("DMY", "01/10/2026 is 1 October: day, month, year"),
    ("MDY", "01/10/2026 is 10 January: month, day, year"),
    ("EPOCH", "1790812800: seconds since 1970"),
)
"""What can be chosen, with what it means."""

_LOOKED_AT_BYTES = 4 << 20
_FOUND = {"ISO": "YMD", "YYYYMMDD": "YMD", "DD/MM/YYYY": "DMY", "MM/DD/YYYY": "MDY", "epoch": "EPOCH"}


@dataclass(frozen=True)
class DateChoice:
    """What is preselected of DATE_CHOICES for `columns`, and what to ask first (None: the file says it)."""

    columns: str
    date_format: str
    question: str | None = None
    note: str | None = None


def guess_dates(kind: str, path: Path, shape: FileShape, mapping: Mapping[str, str]) -> DateChoice:
    """How the mapped date columns are written, by the first 4 MB of the file."""
    columns = [mapping[field] for field in DATE_FIELDS.get(kind, ()) if mapping.get(field) in shape.columns]
    if not columns:
        return DateChoice("", "")
    lines = (
        read_head(path, _LOOKED_AT_BYTES)[0].decode(shape.encoding, "replace").lstrip("\ufeff").splitlines()
    )
    rows = _split(lines[shape.has_header :], shape.delimiter)
    latest = to_sql_moment(clock.now() + timedelta(days=1))
    labels, orders, question, note = set(), set(), None, None
    with duckdb.connect(":memory:") as connection:
        for column in columns:
            position = shape.columns.index(column)
            cells = [row[position].strip() or None for row in rows if len(row) > position]
            connection.register("cells", pa.table({"cell": pa.array(cells, pa.string())}))
            reading = choose_date_reading(connection, "cells", "cell", latest)
            connection.unregister("cells")
            labels.add(_FOUND.get(reading.label, ""))
            orders |= {reading.order} if reading.order else set()
            question, note = question or reading.question, note or reading.warning
    if question or note:
        return DateChoice("\n".join(columns), min(orders), question, note)
    return DateChoice("\n".join(columns), labels.pop() if len(labels) == 1 else "")


def read_date_choice(
    kind: str, path: Path, shape: FileShape, mapping: Mapping[str, str], data: Mapping[str, str]
) -> str | None:
    """The date format chosen on the page, None for what the file says by itself.

    A choice made for other date columns than the mapped ones counts as none. Errors: nothing chosen and the file
    does not say; no such format.
    """
    found = guess_dates(kind, path, shape, mapping)
    chosen = data.get("date_format", "")
    if data.get("dates_of", found.columns).split() != found.columns.split():
        chosen = ""
    if chosen not in dict(DATE_CHOICES):
        raise TenureError("bad_date_format", f"There is no date format {chosen!r}.", "date_format")
    if not chosen and found.question:
        raise TenureError(
            "dates_unclear",
            f"{found.question} Nothing in the file settles it. Choose how its dates are written.",
            "date_format",
        )
    is_as_found = chosen == found.date_format and not found.note
    return None if is_as_found else chosen or None


def _split(lines: list[str], delimiter: str | None) -> list[list[str]]:
    csv.field_size_limit(4 << 20)
    return split_rows(lines, delimiter)
