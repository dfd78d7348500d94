"""The door of the imports: files of customers, orders and events become events.

    shape = sniff("orders.csv")                            how the file is written
    guess_mapping("orders", shape)                         {"order_id": "Invoice", ...} by header names
    run_import("orders", "orders.csv", {"amount": "5"})    into the lake, resumable; a second time changes nothing
    read_orders("orders.csv", {"customer_id": "1", ...})   the file's orders as an Arrow table, nothing kept

What becomes of a row
---------------------
Orders: the lines of one order are one `Order Completed` with all its products. Lines with a negative quantity or
amount are an `Order Refunded`: of the order if it has other lines, else a credit note with its own number. A file
without order ids makes one order of a customer's lines of one moment, named "customer/moment". A line without a
customer counts in the shop's totals. The message id is a hash of source, order and content, so that the same order
says nothing twice. An order that is known with other content becomes `Order Updated` (the new amount, at the order's own
time); of refunds only what goes beyond those known becomes another `Order Refunded`, since refunds add up. An order
that vanished from a later file stays. `email` and `country` of an order file become one `identify` per customer.

Customers: one `identify` a row; columns that are no field become traits under their own name; "no" in
`accepts_email` becomes `Unsubscribed`. Events: one `track` a row; columns that are no field become properties.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from tenure.base import clock
from tenure.config.environment import read_environment
from tenure.events.appending import AppendResult
from tenure.events.imports.bytestream import prepare_text, read_head
from tenure.events.imports.choosing import FieldChoice, check_choices, list_choices, read_choices
from tenure.events.imports.mapping import (
    FIELDS,
    Field,
    find_column,
    get_fields,
    guess_mapping,
    parse_mapping,
    resolve_mapping,
)
from tenure.events.imports.orders import StagedOrders, check_order_mapping, stage_orders
from tenure.events.imports.reading import drop_rows, load_rows, staging
from tenure.events.imports.results import FileShape, ImportResult
from tenure.events.imports.running import DEFAULT_SOURCE, run_import
from tenure.events.imports.runs import ImportRun, to_sql_moment
from tenure.events.imports.runs import list_runs as _list_runs
from tenure.events.imports.sniffing import sniff
from tenure.events.imports.uploads import Upload, discard_upload, get_upload, keep_upload

__all__ = [
    "DEFAULT_SOURCE",
    "FIELDS",
    "AppendResult",
    "Field",
    "FieldChoice",
    "FileShape",
    "ImportResult",
    "ImportRun",
    "StagedOrders",
    "Upload",
    "check_choices",
    "discard_upload",
    "find_column",
    "get_fields",
    "get_upload",
    "guess_mapping",
    "keep_upload",
    "list_choices",
    "list_runs",
    "load_order_lines",
    "parse_mapping",
    "read_choices",
    "read_orders",
    "resolve_mapping",
    "run_import",
    "sniff",
    "temporary_staging",
]

ORDERS_RELATION = """
SELECT order_id, customer_number AS customer_id, customer_id AS external_id,
    coalesce(completed_at, refunded_at) AS ordered_at,
    CASE WHEN completed_at IS NULL THEN 0 ELSE amount END::DECIMAL(18, 4) AS amount, refunded_amount,
    (CASE WHEN completed_at IS NULL THEN 0 ELSE amount END - refunded_amount)::DECIMAL(18, 4) AS net_amount, currency,
    completed_at IS NOT NULL AND amount > 0 AND refunded_amount < amount AS is_paid
FROM {orders} LEFT JOIN (SELECT person_no + 1 AS customer_number, customer_id FROM {people}) USING (customer_id)
"""


def load_order_lines(
    connection: duckdb.DuckDBPyConnection,
    path: str | Path,
    mapping: Mapping[str, str] | None = None,
    *,
    date_format: str | None = None,
    name: str = "imported_orders",
) -> str:
    """Load an order file into `connection` as the table `name` and give that name; no lake, no data folder.

    The table has one row per order or credit note, in the shape of the orders relation: order_id VARCHAR,
    customer_id BIGINT NULL (numbered in this file from 1 by external id), external_id VARCHAR NULL (as in the file),
    ordered_at TIMESTAMP (UTC), amount, refunded_amount, net_amount DECIMAL(18,4), currency VARCHAR NULL, is_paid
    BOOLEAN. Rows that cannot be read are left out; `<name>_rejects` (line, reason) lists them.
    """
    path = Path(path)
    shape = sniff(path)
    columns = resolve_mapping("orders", shape, mapping)
    check_order_mapping(columns)
    connection.execute("SET TimeZone = 'UTC'")
    with TemporaryDirectory(prefix="tenure-") as work:
        text = prepare_text(path, read_head(path)[0], Path(work))
        needed = max(shape.columns.index(column) + 1 for column in columns.values())
        rows = load_rows(connection, text, shape, needed, prefix=name)
    staged = stage_orders(
        connection,
        rows,
        columns,
        delimiter=shape.delimiter,
        latest=to_sql_moment(clock.now() + timedelta(days=1)),
        date_format=date_format,
        has_broken_text=text.broken_bytes > 0,
        prefix=f"{name}_part",
        with_products=False,
    )
    drop_rows(connection, rows)
    query = ORDERS_RELATION.format(orders=staged.orders, people=staged.people)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
    connection.execute(f"CREATE OR REPLACE TABLE {name}_rejects AS SELECT * FROM {staged.rejects}")
    for relation in (staged.orders, staged.lines, staged.people, staged.rejects):
        connection.execute(f"DROP TABLE {relation}")
    return name


def read_orders(
    path: str | Path, mapping: Mapping[str, str] | None = None, *, date_format: str | None = None
) -> pa.Table:
    """The orders of a file as an Arrow table with the columns of `load_order_lines`, by time and order id."""
    with temporary_staging() as connection:
        name = load_order_lines(connection, path, mapping, date_format=date_format)
        return connection.execute(f"SELECT * FROM {name} ORDER BY ordered_at, order_id").to_arrow_table()


@contextmanager
def temporary_staging() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with bounded memory that leaves nothing behind."""
    with TemporaryDirectory(prefix="tenure-") as folder, staging(Path(folder)) as (connection, _):
        yield connection


def list_runs() -> list[ImportRun]:
    """Imports into this data folder, the latest first; unfinished ones go on when run again."""
    return _list_runs(read_environment().import_folder)
