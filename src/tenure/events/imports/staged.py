"""What every kind of file comes down to before it is written: chunks of events, and figures for the result."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa

from tenure.events.batch import EVENT_BATCH


@dataclass(frozen=True)
class Figures:
    """The part of an ImportResult that the rows themselves say."""

    orders: int = 0
    credit_notes: int = 0
    refunds: int = 0
    customers: int = 0
    identified: int = 0
    rows_without_customer: int = 0
    orders_without_customer: int = 0
    total_amount: Decimal = Decimal(0)
    first_at: datetime | None = None
    last_at: datetime | None = None
    date_format: str | None = None


@dataclass(frozen=True)
class StagedImport:
    """`chunks` build their events when called, in EVENT_BATCH's columns (some may be absent); the same file and
    options give the same chunks. `rejects` is a relation (line, reason). `questions` are to be answered before anything
    is written."""

    rejects: str
    figures: Figures
    chunks: tuple[Callable[[], pa.Table], ...]
    warnings: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def complete_batch(events: pa.Table, received_at: datetime, source: str) -> pa.Table:
    """`events` with every column of EVENT_BATCH; absent ones are NULL, `type` is track."""
    count = events.num_rows
    filled = {
        "type": lambda: pa.array(["track"] * count, pa.string()),
        "received_at": lambda: pa.array([received_at.replace(tzinfo=None)] * count, pa.timestamp("us")),
        "source": lambda: pa.array([source] * count, pa.string()),
    }
    columns = []
    for column in EVENT_BATCH:
        if column.name in events.column_names:
            columns.append(events[column.name].cast(column.type))
        elif column.name in filled:
            columns.append(filled[column.name]())
        else:
            columns.append(pa.nulls(count, column.type))
    return pa.Table.from_arrays(columns, schema=EVENT_BATCH)


def iterate_chunks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """(first, before last) pairs that cover `count` rows."""
    for first in range(0, count, size):
        yield first, min(first + size, count)


def to_aware(moment: datetime | None) -> datetime | None:
    """A naive UTC moment of the staging engine as an aware one."""
    return moment.replace(tzinfo=UTC) if moment else None
