"""The members of a segment as a file."""

from pathlib import Path

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
