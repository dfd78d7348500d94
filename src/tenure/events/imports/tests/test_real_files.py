"""Two published data sets import as they come."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from tenure.events.imports import api
from tenure.events.imports.tests.conftest import Store


def test_online_retail_needs_no_mapping_and_loses_nothing(shared_data: Path, tmp_path: Path) -> None:
    """UCI Online Retail (Chen, 2015, CC BY 4.0): totals of the raw file, and after the usual cleaning."""
    batches: list[pa.Table] = []

    def keep(batch: pa.Table) -> api.AppendResult:
        batches.append(batch)
        return api.AppendResult(batch.num_rows, 0)

    result = api.run_import("orders", shared_data / "online_retail.csv.gz", folder=tmp_path, append=keep)
    assert (result.rows_read, result.rows_rejected) == (541_909, 0)
    assert result.orders + result.credit_notes == 25_900
    assert result.customers == 4_372
    assert result.rows_without_customer == 135_080
    assert result.total_amount == Decimal("9747747.934")
    connection = duckdb.connect()
    connection.register("events", pa.concat_tables(batches))
    connection.execute("""
        CREATE TABLE lines AS SELECT user_id, event, order_id, line.quantity AS quantity, line.price AS price
        FROM (SELECT user_id, event, properties->>'order_id' AS order_id,
            unnest(from_json(properties->'products', '[{"quantity": "BIGINT", "price": "DECIMAL(18,3)"}]')) AS line
            FROM events WHERE type = 'track')
    """)
    lines = connection.execute(
        "SELECT count(*), count(DISTINCT order_id), count(*) FILTER (starts_with(order_id, 'C')) FROM lines"
    ).fetchone()
    assert lines == (541_909, 25_900, 9_288)
    cleaned = connection.execute("""
        SELECT count(*), count(DISTINCT user_id), count(DISTINCT order_id), sum(quantity * price) FROM lines
        WHERE quantity > 0 AND price > 0 AND user_id IS NOT NULL
    """).fetchone()
    assert cleaned == (397_884, 4_338, 18_532, Decimal("8911407.904"))


def test_cdnow_is_mapped_by_position_and_merged_by_day(shared_data: Path, store: Store) -> None:
    """CDNOW 1/10 sample (Fader and Hardie): 2,357 customers, 4,339 repeat purchases on other days."""
    mapping = {"customer_id": "1", "ordered_at": "3", "quantity": "4", "amount": "5"}
    result = store.run("orders", shared_data / "cdnow_sample.txt", mapping)
    assert (result.rows_read, result.rows_rejected, result.customers) == (6_919, 0, 2_357)
    assert result.orders == 2_357 + 4_339
    assert result.warnings == ()
    first = min(store.named("Order Completed"), key=lambda event: (event["occurred_at"], event["user_id"]))
    assert (first["user_id"], first["properties"]["total"]) == ("00004", 29.33)
    assert store.run("orders", shared_data / "cdnow_sample.txt", mapping).events_written == 0


def test_the_same_files_can_be_read_without_a_lake(shared_data: Path) -> None:
    orders = api.read_orders(shared_data / "online_retail.csv.gz")
    assert orders.num_rows == 25_900
    assert sum(orders["net_amount"].to_pylist()) == Decimal("9747747.934")
