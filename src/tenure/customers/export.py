"""Customers as a CSV file, streamed from the lake."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime

import ibis

from tenure.base.spreadsheet import defuse
from tenure.lake import api as lakes

COLUMNS = (
    "external_id", "name", "email", "country", "segment", "phase", "r", "f", "m",
    "order_count", "revenue", "first_order_at", "last_order_at", "last_seen_at",
)  # fmt: skip


def stream_csv(customers: ibis.Table) -> Iterator[bytes]:
    """Every customer of the expression, a batch at a time, by customer id. Text that a spreadsheet would run is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["customer_id", *COLUMNS[1:]])
    for batch in lakes.current().stream(customers.order_by("customer_id").select(*COLUMNS)):
        columns = [defuse(column).to_pylist() for column in batch.columns]
        writer.writerows([_show(cell) for cell in row] for row in zip(*columns, strict=True))
        yield _drain(out)
    yield _drain(out)


def _drain(out: io.StringIO) -> bytes:
    text = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return text


def _show(cell: object) -> object:
    return f"{cell.isoformat(timespec='seconds')}Z" if isinstance(cell, datetime) else cell
