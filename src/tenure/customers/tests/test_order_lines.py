"""The products inside orders, as lines in force."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.events.batch import NewEvent, build_batch
from tenure.events.imports import api as imports
from tenure.lake import api as lakes

pytestmark = ON_EVERY_ENGINE

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def append(*rows: NewEvent) -> None:
    events.current().appender.append(build_batch([row.as_row(NOON + timedelta(days=30)) for row in rows]))


def order(
    user_id: str,
    order_id: str,
    products: Any,
    at: datetime = NOON,
    event: str = "Order Completed",
    **more: Any,
) -> NewEvent:
    properties = {"order_id": order_id, "total": 10, "products": products, **more}
    return NewEvent("track", event, properties, at, user_id=user_id, source="web")


def list_lines(**narrowed: Any) -> list[tuple[Any, ...]]:
    lines = customers.build_order_lines(**narrowed).order_by("order_id", "product_id")
    names = ("order_id", "product_id", "quantity", "price", "amount")
    return [tuple(row[name] for name in names) for row in lakes.current().read_rows(lines)]


def test_each_product_of_an_order_is_a_line(services: object) -> None:
    cup = {"product_id": "p1", "sku": "s1", "name": "Cup", "category": "Ware", "brand": "B", "variant": "red"}
    append(order("alice", "o1", [{**cup, "quantity": 2, "price": 3.5}, {"product_id": "p2", "price": 1}]))
    assert list_lines() == [("o1", "p1", 2.0, 3.5, 7.0), ("o1", "p2", 1.0, 1.0, 1.0)]
    (row, _) = lakes.current().read_rows(customers.build_order_lines().order_by("product_id"))
    assert {name: row[name] for name in cup} == cup
    assert (row["customer_id"], row["ordered_at"]) == (customers.find_customer_id("alice"), NOON)


@pytest.mark.parametrize("products", [{"product_id": "p1"}, "p1", 5, None, [], [None, 5, [1], "x"]])
def test_what_is_no_list_of_products_gives_no_lines(services: object, products: Any) -> None:
    append(order("alice", "o1", products))
    assert list_lines() == []
    assert customers.get_customer_by_identifier("alice").order_count == 1


def test_numbers_may_come_as_text_and_nonsense_counts_as_one_of_unknown_price(services: object) -> None:
    texts = {"productId": " p1 ", "quantity": "2", "price": "3.5"}
    odd = {"id": 7, "quantity": "two", "price": "NaN"}
    append(order("alice", "o1", [texts, odd, {"product_id": "p9", "quantity": -1}]))
    assert list_lines() == [("o1", "7", 1.0, None, None), ("o1", "p1", 2.0, 3.5, 7.0)]
    assert lakes.current().read_value(lakes.table("order_lines").count().as_table()) == 3


def test_the_latest_update_that_has_lines_is_in_force(services: object) -> None:
    later = [NOON + timedelta(hours=hour) for hour in range(4)]
    one, two, three = ([{"product_id": name, "price": 1}] for name in ("p1", "p2", "p3"))
    append(order("alice", "o1", three, later[2], "Order Updated"))
    append(order("alice", "o1", one, later[0]), order("alice", "o1", two, later[1], "Order Updated"))
    append(order("alice", "o1", [], later[3], "Order Updated"))
    assert [line[1] for line in list_lines()] == ["p3"]
    assert [line[1] for line in list_lines(until=later[2])] == ["p2"]
    assert [line[1] for line in list_lines(until=later[1])] == ["p1"]


def test_only_paid_orders_have_lines_in_force(services: object) -> None:
    product = [{"product_id": "p1", "price": 1}]
    append(
        order("alice", "o1", product), order("alice", "o2", product), order("alice", "o3", product, total=0)
    )
    append(order("alice", "o1", [], event="Order Cancelled"))
    append(order("alice", "o2", [], event="Order Refunded", total=4))
    assert [line[0] for line in list_lines()] == ["o2"]


def test_lines_follow_a_merge_and_can_be_had_of_some_customers(services: object) -> None:
    product = [{"product_id": "p1", "price": 1}]
    append(order("old", "o1", product), order("new", "o2", product), order("bob", "o3", product))
    alias = NewEvent("alias", None, {}, NOON, user_id="new").as_row(NOON)
    events.current().appender.append(build_batch([(*alias[:5], "old", *alias[6:])]))
    new = customers.find_customer_id("new")
    everybody = customers.build_customers()
    only = everybody.filter(everybody.customer_id == new)
    assert [line[0] for line in list_lines(only=only)] == ["o1", "o2"]
    assert [line[0] for line in list_lines()] == ["o1", "o2", "o3"]
    found = lakes.current().read_rows(customers.build_order_lines(only=only).select("customer_id").distinct())
    assert [row["customer_id"] for row in found] == [new]


def test_a_lake_that_has_orders_gets_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    lakes.open_file(path).close()
    connection = duckdb.connect(str(path))
    connection.execute("DROP TABLE order_lines")
    connection.execute("DELETE FROM schema_versions WHERE version > 1")
    connection.execute(
        "INSERT INTO events BY NAME SELECT 1 AS seq, 'm' AS message_id, 1 AS message_key, 7 AS customer_id, 'track' AS type, "
        "'Order Completed' AS event, TIMESTAMP '2026-03-01' AS occurred_at, "
        """'{"products": [{"product_id": "p1", "quantity": "3"}, 4]}' AS properties"""
    )
    connection.execute(
        "INSERT INTO order_events BY NAME SELECT 1 AS seq, 7 AS customer_id, 'o1' AS order_id, 'completed' AS kind, "
        "TIMESTAMP '2026-03-01' AS occurred_at, 5 AS amount"
    )
    connection.close()
    lake = lakes.open_file(path)
    rows = lake.read_rows(lakes.table("order_lines"))
    lake.close()
    assert [(row["product_id"], row["quantity"], row["line"]) for row in rows] == [("p1", 3.0, 1)]


@pytest.mark.proof
def test_856_customers_of_online_retail_bought_85123a(services: object, shared_data: Path) -> None:
    """UCI Online Retail (Chen, 2015): customers with a line of StockCode 85123A of a positive quantity."""
    imports.run_import(
        "orders", shared_data / "online_retail.csv.gz", append=events.current().appender.append
    )
    lines = customers.build_order_lines()
    bought = lines.filter(lines.product_id == "85123A", lines.customer_id.notnull())
    assert lakes.current().read_value(bought.customer_id.nunique().as_table()) == 856
