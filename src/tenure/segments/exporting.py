"""The members of a segment as a file, a stream or a page of identifiers."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq

from tenure.base.errors import TenureError
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.segments.membership.members import build_segment_members

COLUMNS = (
    "customer_id", "external_id", "name", "email", "country", "segment", "phase", "r", "f", "m",
    "order_count", "revenue", "first_order_at", "last_order_at", "last_seen_at",
)  # fmt: skip


def list_identifiers(ids: ibis.Table, limit: int, after: int = 0) -> tuple[list[str], int | None]:
    """Of the customers of an expression (customer_id) those after a customer id, by their identifiers, up to the limit.

    Gives the id to go on after too, None where nobody is left.
    """
    people = customers.build_customers().semi_join(ids, "customer_id")
    later = people.filter(people.customer_id > after).select("customer_id", "external_id")
    rows = lakes.current().read_rows(later.order_by("customer_id").limit(limit + 1))
    last = int(rows[limit - 1]["customer_id"]) if len(rows) > limit else None
    return [row["external_id"] for row in rows[:limit]], last


def stream_customers(ids: ibis.Table, kind: str) -> Iterator[bytes]:
    """The customers of an expression (customer_id) as "csv" or "parquet", a batch at a time."""
    members = customers.build_customers().semi_join(ids, "customer_id")
    return customers.stream_csv(members) if kind == "csv" else _stream_parquet(members)


def _stream_parquet(members: ibis.Table) -> Iterator[bytes]:
    chosen = members.order_by("customer_id").select(*COLUMNS)
    sink = _Sink()
    with pq.ParquetWriter(sink, chosen.schema().to_pyarrow()) as writer:
        for batch in lakes.current().stream(chosen):
            writer.write_batch(batch.cast(writer.schema))
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        data = bytes(part)
        self._parts.append(data)
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        return self._length

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def write_members(name: str, path: Path) -> int:
    """Write everybody in a segment to a .csv or .parquet file. Gives how many. Errors: no such segment; see below."""
    return write_customers(build_segment_members(name), path)


def write_customers(ids: ibis.Table, path: Path) -> int:
    """Write the customers of an expression (customer_id) to a .csv or .parquet file, a batch at a time. Gives how many.

    Errors: the file cannot be written.
    """
    members = customers.build_customers().semi_join(ids, "customer_id")
    lake = lakes.current()
    try:
        if path.suffix == ".parquet":
            chosen = members.order_by("customer_id").select(*COLUMNS)
            with pq.ParquetWriter(path, chosen.schema().to_pyarrow()) as writer:
                count = 0
                for batch in lake.stream(chosen):
                    writer.write_batch(batch.cast(writer.schema))
                    count += batch.num_rows
            return count
        with path.open("wb") as file:
            for part in customers.stream_csv(members):
                file.write(part)
    except OSError as error:
        raise TenureError("unwritable_file", f"{path} cannot be written: {error.strerror}.", "out") from error
    return int(lake.read_value(members.count().as_table()))
