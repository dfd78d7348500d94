"""Lines become orders, refunds and credit notes."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tenure.base.errors import TenureError
from tenure.events.imports import api
from tenure.events.imports.tests.conftest import Store, read_rejected

Write = Callable[..., Path]
HEADER = "order_id,customer_id,ordered_at,product_id,product_name,quantity,unit_price\n"


def test_the_lines_of_an_order_are_one_event_with_all_products(store: Store, write: Write) -> None:
    result = store.run(
        "orders",
        write(
            HEADER
            + "o1,alice,2024-01-01 10:00,p1,Mug,2,3.50\no1,alice,2024-01-01 10:01,p1,Mug,2,3.50\no2,bob,2024-01-02,p2,Cup,1,5\n"
        ),
    )
    assert (result.orders, result.refunds, result.customers, result.events_written) == (2, 0, 2, 2)
    assert result.total_amount == Decimal(19)
    first = store.named("Order Completed")[0]
    line = {"product_id": "p1", "name": "Mug", "price": 3.5, "quantity": 2}
    assert first["properties"] == {"order_id": "o1", "total": 14, "products": [line, line]}
    assert first["user_id"] == "alice"
    assert f"{first['occurred_at']:%Y-%m-%d %H:%M}" == "2024-01-01 10:00"
    assert first["source"] == "import"


def test_negative_lines_of_an_order_are_its_refund(store: Store, write: Write) -> None:
    result = store.run(
        "orders", write(HEADER + "o1,alice,2024-01-01,p1,Mug,2,3.50\no1,alice,2024-01-05,p1,Mug,-1,3.50\n")
    )
    assert (result.orders, result.refunds, result.credit_notes) == (1, 1, 0)
    assert result.total_amount == Decimal("3.5")
    assert store.named("Order Completed")[0]["properties"]["total"] == 7
    refund = store.named("Order Refunded")[0]
    assert refund["properties"]["order_id"] == "o1"
    assert refund["properties"]["total"] == 3.5
    assert refund["properties"]["products"][0]["quantity"] == -1


def test_an_order_of_negative_lines_is_a_credit_note(store: Store, write: Write) -> None:
    result = store.run("orders", write(HEADER + "C9,alice,2024-01-05,p1,Mug,-3,3.50\n"))
    assert (result.orders, result.refunds, result.credit_notes) == (0, 1, 1)
    assert result.total_amount == Decimal("-10.5")
    assert store.named("Order Refunded")[0]["properties"] == {
        "order_id": "C9",
        "total": 10.5,
        "products": [{"product_id": "p1", "name": "Mug", "price": 3.5, "quantity": -3}],
    }


def test_a_negative_amount_is_a_refund_and_wins_over_quantity_times_price(store: Store, write: Write) -> None:
    body = "order,customer,date,quantity,price,amount\n1,a,2024-01-01,2,5,9.99\n2,a,2024-01-02,1,5,-4\n3,a,2024-01-03,-1,5,4\n"
    result = store.run("orders", write(body))
    assert result.total_amount == Decimal("1.99")
    assert [event["properties"]["total"] for event in store.named("Order Refunded")] == [4, 4]


def test_lines_without_a_customer_count_in_the_shop(store: Store, write: Write) -> None:
    result = store.run(
        "orders", write(HEADER + "o1,,2024-01-01,p1,Mug,2,3.50\no2,nan,2024-01-01,p1,Mug,1,1\n")
    )
    assert (result.rows_without_customer, result.rows_rejected, result.customers) == (2, 0, 0)
    assert {(event["user_id"], event["anonymous_id"]) for event in store.named("Order Completed")} == {
        (None, None)
    }
    assert result.total_amount == Decimal(8)


def test_orders_of_nothing_are_kept(store: Store, write: Write) -> None:
    result = store.run("orders", write(HEADER + "o1,alice,2024-01-01,p1,Gift,1,0\n"))
    assert result.orders == 1
    assert store.named("Order Completed")[0]["properties"]["total"] == 0


def test_without_order_ids_a_customers_moment_is_an_order(store: Store, write: Write) -> None:
    body = "customer,date,amount\na,2024-01-01,1\na,2024-01-01,2\na,2024-01-02 08:30,4\nb,2024-01-01,8\n"
    assert store.run("orders", write(body)).orders == 3
    orders = {
        event["properties"]["order_id"]: event["properties"]["total"]
        for event in store.named("Order Completed")
    }
    assert orders == {"a/2024-01-01": 3, "a/2024-01-02T08:30:00Z": 4, "b/2024-01-01": 8}


def test_customer_ids_are_kept_as_they_are(store: Store, write: Write) -> None:
    store.run("orders", write("customer,date,amount\n00042,2024-01-01,1\n17850.0,2024-01-01,1\n"))
    assert {event["user_id"] for event in store.named("Order Completed")} == {"00042", "17850.0"}


def test_address_and_country_become_one_identify_a_customer(store: Store, write: Write) -> None:
    body = "order_id,customer_id,date,amount,email,country\n1,a,2024-01-01,1, A@X.com ,DE\n2,a,2024-01-02,1,new@x.com,\n3,b,2024-01-01,1,,\n"
    store.run("orders", write(body))
    assert store.identified() == {"a": {"email": "new@x.com", "address": {"country": "DE"}}}


def test_an_address_is_the_customer_where_there_is_no_id(store: Store, write: Write) -> None:
    store.run("orders", write("order_id,email,date,amount\n1,A@X.com,2024-01-01,1\n"))
    assert store.named("Order Completed")[0]["user_id"] == "a@x.com"


def test_a_shop_export_with_line_items_takes_the_orders_total(store: Store, write: Write) -> None:
    body = (
        "Name,Email,Created at,Currency,Total,Lineitem quantity,Lineitem name,Lineitem price\n"
        "#1001,a@x.com,2024-01-15 10:30:00 -0500,eur,25.00,2,Mug,10.00\n#1001,a@x.com,,,,1,Cup,3.00\n"
    )
    result = store.run("orders", write(body))
    assert (result.orders, result.rows_rejected) == (1, 0)
    order = store.named("Order Completed")[0]
    assert (order["properties"]["total"], order["properties"]["currency"]) == (25, "EUR")
    assert [line["name"] for line in order["properties"]["products"]] == ["Mug", "Cup"]
    assert f"{order['occurred_at']:%H:%M}" == "15:30"


def test_one_order_id_of_two_customers_is_two_orders(store: Store, write: Write) -> None:
    result = store.run(
        "orders", write("order,customer,date,amount\n1,a,2024-01-01,1\n1,b,2024-01-01,2\n2,b,2024-01-03,3\n")
    )
    assert {(event["user_id"], event["properties"]["order_id"]) for event in store.named("Order Completed")} == {
        ("a", "1/a"), ("b", "1/b"), ("b", "2"),
    }  # fmt: skip
    assert any("1 order id belongs to several customers" in warning for warning in result.warnings)


def test_text_that_needs_escaping_survives(store: Store, write: Write) -> None:
    name = 'Say ""hi"" \\ \t ümläut'
    store.run("orders", write(HEADER + f'o1,"al\'ice",2024-01-01,p1,"{name}",1,1\n'))
    event = store.named("Order Completed")[0]
    assert event["properties"]["products"][0]["name"] == 'Say "hi" \\ \t ümläut'
    assert event["user_id"] == "al'ice"


def test_a_second_import_changes_nothing(store: Store, write: Write) -> None:
    path = write(
        "order_id,customer_id,date,amount,country\n1,a,2024-01-01,5,DE\n1,a,2024-01-02,-2,DE\n2,b,2024-01-01,7,FR\n"
    )
    first = store.run("orders", path)
    before = dict(store.events)
    again = store.run("orders", path)
    assert (first.events_written, first.duplicates) == (5, 0)
    assert (again.events_written, again.duplicates) == (0, 5)
    assert store.events == before


def test_a_grown_file_adds_what_is_new(store: Store, write: Write) -> None:
    store.run("orders", write("order_id,customer_id,date,amount\n1,a,2024-01-01,5\n"))
    again = store.run(
        "orders", write("order_id,customer_id,date,amount\n0,b,2023-01-01,5\n1,a,2024-01-01,5\n")
    )
    assert (again.events_written, again.duplicates) == (1, 1)


def test_a_changed_order_is_updated_and_only_the_further_refund_is_added(store: Store, write: Write) -> None:
    header = "order_id,customer_id,date,amount\n"
    store.run("orders", write(header + "1,a,2024-01-01,50\n1,a,2024-01-02,-10\n"))
    changed = write(header + "1,a,2024-01-01,60\n1,a,2024-01-02,-10\n1,a,2024-01-03,-5\n")
    second = store.run("orders", changed)
    assert second.events_written == 2
    update = store.named("Order Updated")[0]
    assert update["properties"] == {"order_id": "1", "total": 60}
    assert update["occurred_at"] > datetime.fromisoformat("2024-01-01")
    assert sorted(event["properties"]["total"] for event in store.named("Order Refunded")) == [5, 10]
    assert store.run("orders", changed).events_written == 0


def test_a_dry_run_says_all_and_writes_nothing(store: Store, write: Write) -> None:
    result = store.run(
        "orders", write("order,customer,date,amount\n1,a,2024-01-01,5\n2,b,never,5\n"), dry_run=True
    )
    assert (result.orders, result.events_built, result.events_written, result.rows_rejected) == (1, 1, 0, 1)
    assert store.events == {}
    assert read_rejected(result) == [(3, "unreadable_date")]
    assert list(store.folder.glob("*.json")) == []


@pytest.mark.parametrize(
    ("header", "field"),
    [("customer,amount", "ordered_at"), ("date,amount", "customer_id"), ("customer,date", "amount")],
)
def test_a_missing_column_is_asked_for(store: Store, write: Write, header: str, field: str) -> None:
    with pytest.raises(TenureError, match=f"--map {field}=COLUMN") as error:
        store.run("orders", write(header + "\n" + ",".join("x" * len(header.split(","))) + "\n"))
    assert error.value.code == "mapping_incomplete"


def test_progress_goes_from_nothing_to_all(store: Store, write: Write) -> None:
    shares: list[float] = []
    store.run(
        "orders",
        write("order,customer,date,amount\n1,a,2024-01-01,5\n"),
        progress=lambda share, _: shares.append(share),
    )
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_file_can_be_read_as_orders_without_a_lake(write: Write) -> None:
    body = "order,customer,date,amount\n1,a,2024-01-01,5\n1,a,2024-01-01,-5\n2,b,2024-01-02,7\nC3,b,2024-01-03,-2\n4,,2024-01-04,1\n"
    orders = api.read_orders(write(body)).to_pylist()
    assert [(row["order_id"], row["external_id"], row["customer_id"], row["is_paid"]) for row in orders] == [
        ("1", "a", 1, False), ("2", "b", 2, True), ("C3", "b", 2, False), ("4", None, None, True),
    ]  # fmt: skip
    assert [(row["amount"], row["refunded_amount"], row["net_amount"]) for row in orders] == [
        (5, 5, 0), (7, 0, 7), (0, 2, -2), (1, 0, 1),
    ]  # fmt: skip


def test_a_file_can_be_loaded_beside_other_tables(write: Write) -> None:
    with api.temporary_staging() as connection:
        path = write("customer,date,amount\na,2024-01-01,5\nb,never,5\n")
        assert api.load_order_lines(connection, path, name="mine") == "mine"
        assert api.load_order_lines(connection, path, name="mine") == "mine"
        assert connection.execute("SELECT order_id, net_amount FROM mine").fetchall() == [
            ("a/2024-01-01", Decimal(5))
        ]
        assert connection.execute("SELECT * FROM mine_rejects").fetchall() == [(3, "unreadable_date")]
        tables = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
        assert tables == [("mine",), ("mine_rejects",)]
