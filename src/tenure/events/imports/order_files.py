"""An order file read by itself: no lake, no data folder, nothing kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from tenure.base import clock
from tenure.events.imports.bytestream import prepare_text, read_head
from tenure.events.imports.mapping import resolve_mapping
from tenure.events.imports.order_import import read_figures
from tenure.events.imports.orders import StagedOrders, check_order_mapping, stage_orders
from tenure.events.imports.reading import RawRows, drop_rows, load_rows, staging
from tenure.events.imports.rejecting import describe_reason
from tenure.events.imports.runs import to_sql_moment
from tenure.events.imports.sniffing import sniff
from tenure.events.imports.staged import Figures

EXAMPLES = 5

_ORDERS_RELATION = """
SELECT order_id, customer_number AS customer_id, customer_id AS external_id,
    coalesce(completed_at, refunded_at) AS ordered_at,
    CASE WHEN completed_at IS NULL THEN 0 ELSE amount END::DECIMAL(18, 4) AS amount, refunded_amount,
    (CASE WHEN completed_at IS NULL THEN 0 ELSE amount END - refunded_amount)::DECIMAL(18, 4) AS net_amount, currency,
    completed_at IS NOT NULL AND amount > 0 AND refunded_amount < amount AS is_paid
FROM {orders} LEFT JOIN (SELECT person_no + 1 AS customer_number, customer_id FROM {people}) USING (customer_id)
"""


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that could not be read for one reason: its code, in words, how many, the first lines."""

    reason: str
    words: str
    rows_count: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class OrderFile:
    """What an order file holds. `orders` has the columns of `load_order_lines`; the counts are those of an import.

    `orders_count` are orders, credit notes not among them; `refunds_count` refunds, credit notes among them;
    `orders_without_customer_count` of the orders.
    """

    orders: pa.Table
    rows_count: int
    orders_count: int
    refunds_count: int
    orders_without_customer_count: int
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    mapping: dict[str, str]
    date_format: str | None

    @property
    def left_out_count(self) -> int:
        return sum(one.rows_count for one in self.left_out)


@dataclass(frozen=True)
class _Staged:
    orders: StagedOrders
    rows: RawRows
    figures: Figures
    mapping: dict[str, str]


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
    _load(connection, Path(path), mapping, date_format, name)
    return name


def read_order_file(
    path: str | Path, mapping: Mapping[str, str] | None = None, *, date_format: str | None = None
) -> OrderFile:
    """The orders of a file by time and order id, and what of the file is not among them."""
    with temporary_staging() as connection:
        name = "imported_orders"
        staged = _load(connection, Path(path), mapping, date_format, name)
        left_out = connection.execute(
            f"SELECT reason, count(*), list(line ORDER BY line)[:{EXAMPLES}] FROM {name}_rejects GROUP BY reason ORDER BY 2 DESC, 1"
        ).fetchall()
        orders = connection.execute(f"SELECT * FROM {name} ORDER BY ordered_at, order_id").to_arrow_table()
    return OrderFile(
        orders=orders,
        rows_count=staged.rows.row_count,
        orders_count=staged.figures.orders,
        refunds_count=staged.figures.refunds,
        orders_without_customer_count=staged.figures.orders_without_customer,
        left_out=tuple(
            LeftOut(reason, describe_reason(reason), count, tuple(lines)) for reason, count, lines in left_out
        ),
        warnings=staged.orders.warnings,
        mapping=staged.mapping,
        date_format=staged.orders.date_format,
    )


def read_orders(
    path: str | Path, mapping: Mapping[str, str] | None = None, *, date_format: str | None = None
) -> pa.Table:
    """The orders of a file as an Arrow table with the columns of `load_order_lines`, by time and order id."""
    return read_order_file(path, mapping, date_format=date_format).orders


@contextmanager
def temporary_staging() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with bounded memory that leaves nothing behind."""
    with TemporaryDirectory(prefix="tenure-") as folder, staging(Path(folder)) as (connection, _):
        yield connection


def _load(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: Mapping[str, str] | None,
    date_format: str | None,
    name: str,
) -> _Staged:
    shape = sniff(path)
    columns = resolve_mapping("orders", shape, mapping)
    check_order_mapping(columns)
    connection.execute("SET TimeZone = 'UTC'")
    with TemporaryDirectory(prefix="tenure-") as work:
        text = prepare_text(path, read_head(path)[0], Path(work))
        needed = max(shape.columns.index(column) + 1 for column in columns.values())
        rows = load_rows(connection, text, shape, needed, prefix=name)
    orders = stage_orders(
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
    figures = read_figures(connection, orders)
    drop_rows(connection, rows)
    query = _ORDERS_RELATION.format(orders=orders.orders, people=orders.people)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
    connection.execute(f"CREATE OR REPLACE TABLE {name}_rejects AS SELECT * FROM {orders.rejects}")
    for relation in (orders.orders, orders.lines, orders.people, orders.rejects):
        connection.execute(f"DROP TABLE {relation}")
    return _Staged(orders, rows, figures, columns)
