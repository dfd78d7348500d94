"""Rows that did not go in, with line, reason and what they held."""

import csv
from pathlib import Path

import duckdb

from tenure.events.imports.bytestream import BROKEN
from tenure.events.imports.cells import quote
from tenure.events.imports.reading import CUT_OFF, TOO_FEW, TOO_MANY, UNCLOSED, RawRows

REASONS = {
    "broken_encoding": "The id, date, amount or address holds bytes that are not text in the file's encoding. Export the file as UTF-8.",
    TOO_FEW: "The line has fewer columns than the mapping needs.",
    TOO_MANY: "The line has more columns than the header. Put quotes around values that hold the delimiter.",
    UNCLOSED: "A quote is opened and never closed.",
    CUT_OFF: "The file ends in the middle of this line. Export or download it again.",
    "missing_date": "There is no date.",
    "unreadable_date": "The date cannot be read. Give the date format (--date-format).",
    "impossible_date": "The date is before the year 1900.",
    "future_date": "The date is more than a day in the future.",
    "missing_amount": "There is neither an amount nor a quantity with a unit price.",
    "unreadable_amount": "The amount or price is not a finite number.",
    "unreadable_quantity": "The quantity is not a finite number.",
    "missing_customer": "There is no customer, and the file has no order id to keep the line under.",
    "missing_id": "There is neither a customer id nor an e-mail address or anonymous id.",
    "missing_event": "There is no event name.",
    "bad_properties": "The properties are not a JSON object.",
}
"""Every reason code and the sentence beside it in the file."""

SHORT_REASONS = {
    "broken_encoding": "bytes that are not text",
    TOO_FEW: "too few columns",
    TOO_MANY: "too many columns",
    UNCLOSED: "a quote that is never closed",
    CUT_OFF: "cut off in the middle",
    "missing_date": "no date",
    "unreadable_date": "a date that cannot be read",
    "impossible_date": "a date before 1900",
    "future_date": "a date in the future",
    "missing_amount": "no amount",
    "unreadable_amount": "an amount that cannot be read",
    "unreadable_quantity": "a quantity that cannot be read",
    "missing_customer": "no customer and no order id",
    "missing_id": "no customer id and no address",
    "missing_event": "no event name",
    "bad_properties": "properties that are not a JSON object",
}
"""Every reason code in a few words, to follow "rows with"."""


def describe_reason(code: str) -> str:
    """A reason code in words."""
    return SHORT_REASONS.get(code, code.replace("_", " "))


def write_rejected(
    connection: duckdb.DuckDBPyConnection, rows: RawRows, rejects: str, target: Path
) -> tuple[dict[str, int], Path | None]:
    """Write the rows of the relation `rejects` (line, reason) as CSV; counts by reason, and the file if any.

    Columns of the file: line (in the imported file, the first is 1), reason (a code), explanation, then the
    original columns.
    """
    counts = dict(
        connection.execute(f"SELECT reason, count(*) FROM {rejects} GROUP BY ALL ORDER BY ALL").fetchall()
    )
    if not counts:
        target.unlink(missing_ok=True)
        return {}, None
    sentences = " ".join(f"WHEN {quote(code)} THEN {quote(text)}" for code, text in REASONS.items())
    names = [f"c{number}" for number in range(1, len(rows.columns) + 1)]
    cells = ", ".join(f"replace({name}, {quote(BROKEN)}, '\ufffd')" for name in names)
    cursor = connection.execute(
        f"SELECT rejected.line, rejected.reason, CASE rejected.reason {sentences} END, {cells} "
        f"FROM {rejects} AS rejected JOIN {rows.name} AS original ON original.line = rejected.line ORDER BY rejected.line"
    )
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "explanation", *rows.columns])
        while batch := cursor.fetchmany(10_000):
            writer.writerows(batch)
    return counts, target
