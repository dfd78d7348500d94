"""An order file as an import: its figures, and its events in chunks."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import duckdb
import pyarrow as pa

from tenure.events.imports.corrections import check_known_dates
from tenure.events.imports.known import KNOWN_ORDERS
from tenure.events.imports.orders import StagedOrders, build_order_events, build_people_events, stage_orders
from tenure.events.imports.reading import RawRows, drop_relation
from tenure.events.imports.staged import Figures, StagedImport, iterate_chunks, to_aware

CHUNK_ORDERS = 50_000
CHUNK_PEOPLE = 100_000

FindKnown = Callable[[pa.ChunkedArray], pa.Table]


def stage_order_import(
    connection: duckdb.DuckDBPyConnection,
    rows: RawRows,
    mapping: Mapping[str, str],
    *,
    source: str,
    delimiter: str | None,
    latest: str,
    date_format: str | None,
    has_broken_text: bool,
    find_known: FindKnown,
) -> StagedImport:
    """Stage the file and look up which of its orders are known. Identify events come in the last chunks."""
    staged = stage_orders(
        connection,
        rows,
        mapping,
        delimiter=delimiter,
        latest=latest,
        date_format=date_format,
        has_broken_text=has_broken_text,
    )
    order_ids = connection.execute(f"SELECT order_id FROM {staged.orders} ORDER BY order_no").to_arrow_table()
    connection.register("import_found", find_known(order_ids["order_id"]))
    drop_relation(connection, "import_known")
    columns = ", ".join(KNOWN_ORDERS.names)
    connection.execute(f"CREATE TABLE import_known AS SELECT {columns} FROM import_found")
    connection.unregister("import_found")
    check_known_dates(connection, staged.orders, "import_known")
    chunks = [
        _order_chunk(connection, staged, source, *bounds)
        for bounds in iterate_chunks(staged.order_count, CHUNK_ORDERS)
    ]
    if "email" in mapping or "country" in mapping:
        chunks += [
            _people_chunk(connection, staged, source, *bounds)
            for bounds in iterate_chunks(staged.people_count, CHUNK_PEOPLE)
        ]
    figures = read_figures(connection, staged)
    questions = (staged.question,) if staged.question else ()
    return StagedImport(staged.rejects, figures, tuple(chunks), staged.warnings, questions)


def _order_chunk(
    connection: duckdb.DuckDBPyConnection, staged: StagedOrders, source: str, first: int, last: int
) -> Callable[[], pa.Table]:
    return lambda: build_order_events(connection, staged, source, first, last, "import_known")


def _people_chunk(
    connection: duckdb.DuckDBPyConnection, staged: StagedOrders, source: str, first: int, last: int
) -> Callable[[], pa.Table]:
    def build() -> pa.Table:
        table = build_people_events(connection, staged, source, first, last)
        return table.append_column("type", pa.array(["identify"] * table.num_rows, pa.string()))

    return build


def read_figures(connection: duckdb.DuckDBPyConnection, staged: StagedOrders) -> Figures:
    """What the staged orders say; the same whether they are imported or only analysed."""
    found = connection.execute(
        f"""
        SELECT count(*) FILTER (completed_at IS NOT NULL), count(*) FILTER (completed_at IS NULL), count(*) FILTER (refunded_at IS NOT NULL),
            coalesce(sum(amount) FILTER (completed_at IS NOT NULL), 0) - coalesce(sum(refunded_amount), 0),
            min(least(completed_at, refunded_at)), max(greatest(completed_at, refunded_at)),
            count(*) FILTER (completed_at IS NOT NULL AND customer_id IS NULL)
        FROM {staged.orders}
        """
    ).fetchone()
    nobody = connection.execute(
        f"SELECT count(*) FROM {staged.lines} JOIN {staged.orders} USING (order_no) WHERE customer_id IS NULL"
    ).fetchone()
    known_people = connection.execute(
        f"SELECT count(*) FROM {staged.people} WHERE email IS NOT NULL OR country IS NOT NULL"
    ).fetchone()
    assert found is not None
    assert known_people is not None
    assert nobody is not None
    orders, credit_notes, refunds, total, first, last, without_customer = found
    return Figures(
        orders=orders,
        credit_notes=credit_notes,
        refunds=refunds,
        customers=staged.people_count,
        identified=known_people[0],
        rows_without_customer=nobody[0],
        orders_without_customer=without_customer,
        total_amount=Decimal(total).quantize(Decimal("0.0001")),
        first_at=to_aware(first),
        last_at=to_aware(last),
        date_format=staged.date_format,
    )
