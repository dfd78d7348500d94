"""A small shop in an in-memory lake."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tenure.base import clock
from tenure.campaigns import api
from tenure.channels.models import Delivery
from tenure.events import api as events
from tenure.lake import api as lakes

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AMOUNT = pa.decimal128(18, 4)


@dataclass
class Shop:
    """Writes rows into the lake as the fold would, and keeps events that the product records."""

    lake: lakes.Lake
    time: clock.VirtualClock
    recorded: list[events.NewEvent] = field(default_factory=list)
    _orders: int = 0

    def add_customers(self, count: int, first_id: int = 1, **fields: Any) -> None:
        """Customers with consecutive ids; a field may be a value or a function of the id."""
        ids = list(range(first_id, first_id + count))
        given = {
            "external_id": lambda number: f"c{number}",
            "email": lambda number: f"person{number}@example.com",
            "traits": '{"firstName":"Ada"}',
            "segment": "Champions",
            "phase": "Veneration",
            **fields,
        }
        columns: dict[str, Any] = {
            name: pa.array(
                [_naive(value(number) if callable(value) else value) for number in ids], _kind(name)
            )
            for name, value in given.items()
        }
        columns |= {
            "customer_id": pa.array(ids, pa.int64()),
            "is_removed": pa.array([False] * count),
            "first_seen_at": pa.array([_naive(NOW - timedelta(days=90))] * count, pa.timestamp("us")),
            "last_seen_at": pa.array([_naive(NOW)] * count, pa.timestamp("us")),
            "event_count": pa.array([1] * count, pa.int64()),
        }
        columns.setdefault("order_count", pa.array([0] * count, pa.int64()))
        columns.setdefault("revenue", pa.array([Decimal(0)] * count, AMOUNT))
        self.lake.write(lambda work: work.append("customers_main", pa.table(columns)))

    def add_orders(self, amounts: dict[int, float], days_later: float = 1, kind: str = "completed") -> None:
        """One order per customer id, some days after now."""
        count = len(amounts)
        at = _naive(clock.now() + timedelta(days=days_later))
        self._orders += 1
        table = pa.table(
            {
                "seq": pa.array(range(count), pa.int64()),
                "customer_id": pa.array(list(amounts), pa.int64()),
                "order_id": pa.array([f"o{self._orders}-{number}" for number in amounts]),
                "kind": pa.array([kind] * count),
                "occurred_at": pa.array([at] * count, pa.timestamp("us")),
                "amount": pa.array([Decimal(str(round(amount, 2))) for amount in amounts.values()], AMOUNT),
                "currency": pa.array(["EUR"] * count),
            }
        )
        self.lake.write(lambda work: work.append("order_events", table))

    def add_events(self, new: list[events.NewEvent]) -> None:
        """Put events into the lake as the pump would."""
        batch = events.build_batch([one.as_row(clock.now()) for one in new])
        columns = {
            name: batch.column(name) for name in batch.column_names if name not in ("previous_id", "group_id")
        }
        columns["seq"] = pa.array(range(len(new)), pa.int64())
        columns["message_key"] = pa.array(range(len(new)), pa.uint64())
        self.lake.write(lambda work: work.append("events", pa.table(columns)))

    def merge(self, from_id: int, into_id: int) -> None:
        row = {
            "merge_id": [1],
            "from_customer_id": [from_id],
            "into_customer_id": [into_id],
            "merged_at": [_naive(NOW)],
        }
        self.lake.write(lambda work: work.append("merges", pa.table(row)))
        self.lake.write(lambda work: work.delete("customers_main", lambda t: t.customer_id == from_id))

    def list_decisions(self, campaign_id: int) -> dict[int, tuple[str, str | None, str | None]]:
        decisions = lakes.table("decisions")
        rows = self.lake.read_rows(decisions.filter(decisions.campaign_id == campaign_id))
        return {row["customer_id"]: (row["outcome"], row["reason"], row["arm"]) for row in rows}


def _kind(name: str) -> pa.DataType | None:
    return {"email_opted_out_at": pa.timestamp("us"), "last_order_at": pa.timestamp("us")}.get(
        name, pa.string()
    )


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def make_definition(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Spring",
        "segment": "Champions",
        "subject": 'Hello {{ customer.first_name | default: "there" }}',
        "body": '<p>New things</p><p><a href="https://shop.example/new?a=1">Look</a></p>',
        **changes,
    }


@pytest.fixture
def shop(lake: lakes.Lake, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("TENURE_BASE_URL", "https://mail.shop.example")
    monkeypatch.setenv("TENURE_FROM_EMAIL", "Shop <hello@shop.example>")
    monkeypatch.setenv("TENURE_COMPANY", "The Shop")
    with clock.virtual(NOW) as time:
        shop = Shop(lake, time)
        monkeypatch.setattr(events, "record_many", shop.recorded.extend)
        monkeypatch.setattr(events, "record", shop.recorded.append)
        yield shop


@pytest.fixture
def campaign(shop: Shop) -> api.CampaignView:
    """A campaign of twenty Champions, planned and in the outbox."""
    shop.add_customers(20)
    draft = api.create_campaign(make_definition(control_share=0.0), "marie@shop.example")
    return api.send_campaign(draft.id, "marie@shop.example")


@pytest.fixture
def delivery(campaign: api.CampaignView) -> Delivery:
    return Delivery.objects.get(campaign_id=campaign.id, customer_id=1)
