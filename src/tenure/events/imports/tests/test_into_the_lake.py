"""Files through the real append: what customers and the shop look like afterwards."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tenure.customers import api as customers
from tenure.events.imports import api
from tenure.lake import api as lakes

Write = Callable[..., Path]
HEADER = "order_id,customer_id,date,amount,email\n"


def sum_orders() -> tuple[int, Decimal]:
    orders = customers.build_orders()
    row = lakes.current().read_rows(orders.agg(paid=orders.is_paid.sum(), net=orders.net_amount.sum()))[0]
    return row["paid"], row["net"]


def test_orders_and_refunds_reach_the_customer(services: object, write: Write) -> None:
    path = write(
        HEADER
        + "1,a,2024-01-01,50,a@x.com\n1,a,2024-01-02,-10,a@x.com\n2,b,2024-01-03,7,\nC3,b,2024-01-04,-2,\n4,,2024-01-05,1,\n"
    )
    result = api.run_import("orders", path)
    assert (result.events_written, result.duplicates) == (6, 0)
    alice = customers.get_customer_by_identifier("a")
    assert (alice.email, alice.order_count, alice.revenue) == ("a@x.com", 1, Decimal(40))
    assert customers.get_customer_by_identifier("b").revenue == 5
    assert sum_orders() == (3, Decimal(46))
    again = api.run_import("orders", path)
    assert (again.events_written, again.duplicates) == (0, 6)
    assert sum_orders() == (3, Decimal(46))


def test_a_corrected_file_corrects_the_orders(services: object, write: Write) -> None:
    api.run_import("orders", write(HEADER + "1,a,2024-01-01,50,\n1,a,2024-01-02,-10,\n2,b,2024-01-03,7,\n"))
    for amount in ("60", "55"):
        corrected = write(
            HEADER + f"1,a,2024-01-01,{amount},\n1,a,2024-01-02,-10,\n1,a,2024-01-05,-5,\n2,b,2024-01-03,7,\n"
        )
        api.run_import("orders", corrected)
        assert sum_orders() == (2, Decimal(amount) - 15 + 7)
    assert api.run_import("orders", corrected).events_written == 0


def test_customers_and_events_reach_the_lake(services: object, write: Write) -> None:
    api.run_import("customers", write("id,email,first_name,last_name,plan\n7,Bob@X.com,Bob,Doe,pro\n"))
    result = api.run_import("events", write("user_id,event,timestamp,page\n7,Visited,2024-01-01,/home\n"))
    assert result.events_written == 1
    bob = customers.get_customer_by_identifier("7")
    assert (bob.email, bob.traits["plan"]) == ("bob@x.com", "pro")
    assert [run.kind for run in api.list_runs()] == ["events", "customers"]
