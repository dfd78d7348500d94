"""Small shops put straight into a lake."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Lake
from tenure.segments.rfm.tests.reference import Person

AMOUNT = pa.decimal128(18, 4)
MOMENT = pa.timestamp("us")


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour))


def build_order_rows(people: list[Person]) -> pa.Table:
    """The orders relation of these people, customer ids from 1 in their order."""
    rows = [(number, order) for number, person in enumerate(people, start=1) for order in person.orders]
    return pa.table(
        {
            "order_id": [str(place) for place in range(len(rows))],
            "customer_id": pa.array([number for number, _ in rows], pa.int64()),
            "ordered_at": pa.array([at(order.placed_on) for _, order in rows], MOMENT),
            "amount": pa.array([order.amount for _, order in rows], AMOUNT),
            "refunded_amount": pa.array([order.refunded for _, order in rows], AMOUNT),
            "net_amount": pa.array([order.amount - order.refunded for _, order in rows], AMOUNT),
            "is_paid": pa.array([order.is_paid for _, order in rows], pa.bool_()),
        }
    )


def build_people_rows(people: list[Person], seen_on: date) -> pa.Table:
    known = [at(seen_on) if person.is_contact_known else None for person in people]
    return pa.table(
        {
            "customer_id": pa.array(range(1, len(people) + 1), pa.int64()),
            "external_id": [f"c{number}" for number in range(1, len(people) + 1)],
            "contact_known_at": pa.array(known, MOMENT),
            "first_seen_at": pa.array([at(seen_on)] * len(people), MOMENT),
        }
    )


class Shop:
    """Writes order events and keeps the customers table's totals as the pump would."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._seq = 0

    def see(self, customer_id: int, day: date, has_contact: bool = False) -> None:
        moment = pa.array([at(day)], MOMENT)
        row = pa.table(
            {
                "customer_id": pa.array([customer_id], pa.int64()),
                "external_id": [f"c{customer_id}"],
                "first_seen_at": moment,
                "contact_known_at": moment if has_contact else pa.array([None], MOMENT),
                "is_removed": [False],
            }
        )
        self.lake.write(lambda tx: tx.append("customers_delta", row))

    def order(self, customer_id: int, day: date, amount: int, order_id: str | None = None) -> str:
        name = order_id or f"o{self._seq}"
        self._tell(customer_id, name, "completed", day, Decimal(amount))
        return name

    def refund(self, customer_id: int, day: date, order_id: str, amount: int | None = None) -> None:
        self._tell(customer_id, order_id, "refunded", day, None if amount is None else Decimal(amount))

    def _tell(self, customer_id: int, order_id: str, kind: str, day: date, amount: Decimal | None) -> None:
        self._seq += 1
        row = pa.table(
            {
                "seq": pa.array([self._seq], pa.int64()),
                "customer_id": pa.array([customer_id], pa.int64()),
                "order_id": [order_id],
                "kind": [kind],
                "occurred_at": pa.array([at(day)], MOMENT),
                "amount": pa.array([amount], AMOUNT),
                "currency": ["EUR"],
            }
        )
        self.lake.write(lambda tx: tx.append("order_events", row))

    def total(self) -> None:
        """Bring order_count, revenue, first and last order of everybody up to date."""
        totals = lakes.compile_sql(customers_api.build_order_totals(customers_api.build_orders()))
        columns = "order_count, revenue, first_order_at, last_order_at"
        values = ", ".join(f"{name} = t.{name}" for name in columns.split(", "))

        def work(tx: lakes.Transaction) -> None:
            for table in ("customers_delta", "customers_main"):
                tx.execute(
                    f"UPDATE {table} SET {values} FROM ({totals}) AS t WHERE {table}.customer_id = t.customer_id"
                )

        self.lake.write(work)

    def segments(self) -> dict[int, str]:
        customers = lakes.table("customers")
        rows = self.lake.read_rows(customers.select("customer_id", "segment"))
        return {row["customer_id"]: row["segment"] for row in rows}

    def history(self) -> list[tuple[int, str, datetime]]:
        history = lakes.table("segment_history")
        rows = self.lake.read_rows(history.order_by("customer_id", "since_at"))
        return [(row["customer_id"], row["segment"], row["since_at"]) for row in rows]


@pytest.fixture
def shop(lake: Lake) -> Shop:
    return Shop(lake)


Work = Callable[[lakes.Transaction, ibis.Table, ibis.Table], object]


@pytest.fixture(scope="module")
def with_people() -> Iterator[Callable[[list[Person], date, Work], object]]:
    """Run a piece of work on the orders and customers relations of some people."""
    lake = lakes.open_memory()

    def run(people: list[Person], seen_on: date, work: Work) -> object:
        def inside(tx: lakes.Transaction) -> object:
            with (
                tx.with_rows("some_orders", build_order_rows(people)) as orders,
                tx.with_rows("some_people", build_people_rows(people, seen_on)) as customers,
            ):
                return work(tx, orders, customers)

        return lake.write(inside)

    yield run
    lake.close()
