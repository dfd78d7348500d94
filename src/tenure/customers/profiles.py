"""One customer, or a page of them, read from the lake."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import ibis

from tenure.base.errors import NotFoundError, TenureError
from tenure.customers.models import Identifier
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction

ORDERINGS = {
    "last_seen": ("last_seen_at", True),
    "revenue": ("revenue", True),
    "orders": ("order_count", True),
    "last_order": ("last_order_at", True),
    "name": ("name", False),
    "newest": ("first_seen_at", True),
}


@dataclass(frozen=True)
class TimelineEvent:
    seq: int
    message_id: str
    type: str
    event: str | None
    timestamp: datetime
    properties: dict[str, Any]
    source: str


@dataclass(frozen=True)
class CustomerView:
    """The single customer view."""

    id: int
    customer_id: str
    identifiers: dict[str, list[str]]
    traits: dict[str, Any]
    email: str | None
    phone: str | None
    name: str | None
    country: str | None
    timezone: str | None
    email_opted_out_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime
    event_count: int
    order_count: int
    revenue: Decimal
    first_order_at: datetime | None
    last_order_at: datetime | None
    r: int | None
    f: int | None
    m: int | None
    segment: str | None
    phase: str | None
    segment_since_at: datetime | None
    events: tuple[TimelineEvent, ...]

    @property
    def title(self) -> str:
        return self.name or self.email or self.customer_id

    def as_dict(self) -> dict[str, Any]:
        """The shape of `tenure customer --json`."""
        return {
            "customer_id": self.customer_id,
            "identifiers": self.identifiers,
            "traits": self.traits,
            "orders": self.order_count,
            "revenue": float(self.revenue),
            "first_order_at": self.first_order_at.isoformat() if self.first_order_at else None,
            "last_order_at": self.last_order_at.isoformat() if self.last_order_at else None,
            "rfm": {"r": self.r, "f": self.f, "m": self.m},
            "segment": self.segment,
            "phase": self.phase,
            "events": [
                {
                    "message_id": event.message_id,
                    "type": event.type,
                    "event": event.event,
                    "timestamp": event.timestamp.isoformat(),
                    "properties": event.properties,
                }
                for event in self.events
            ],
        }


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list of customers."""

    id: int
    customer_id: str
    name: str | None
    email: str | None
    country: str | None
    segment: str | None
    phase: str | None
    order_count: int
    revenue: Decimal
    last_seen_at: datetime
    last_order_at: datetime | None
    email_opted_out_at: datetime | None

    @property
    def title(self) -> str:
        return self.name or self.email or self.customer_id


@dataclass(frozen=True)
class CustomerPage:
    rows: tuple[CustomerRow, ...]
    total_count: int


def build_customers() -> ibis.Table:
    """Every customer, one row each."""
    return lakes.table("customers")


def find_customer_id(identifier: str) -> int | None:
    """The customer whom a user id, an anonymous id or an e-mail address names, or None."""
    identifier = identifier.replace("\x00", "").strip()
    rows = (
        Identifier.objects.filter(kind__in=Identifier.Kind.values, value=identifier)
        .order_by("-kind")
        .values_list("customer_id", flat=True)
    )
    if rows:
        return int(rows[0])
    customers = build_customers()
    by_email = customers.filter(customers.email == identifier.lower())
    found = lakes.current().read_value(by_email.order_by("customer_id").select("customer_id").limit(1))
    return None if found is None else int(found)


def get_customer_by_identifier(identifier: str, events: int = 50) -> CustomerView:
    customer_id = find_customer_id(identifier)
    if customer_id is None:
        raise NotFoundError(
            "no_such_customer",
            f"No customer is known as {identifier!r}. Give a user id, an anonymous id or an e-mail address.",
            "customer",
        )
    return get_customer(customer_id, events)


def get_customer(customer_id: int, events: int = 50) -> CustomerView:
    """The whole picture of one customer with the last `events` events. Errors: no such customer."""
    customer_id = find_current_id(customer_id)
    view = read_customer(lakes.current(), customer_id)
    if view is None:
        raise NotFoundError("no_such_customer", f"There is no customer {customer_id}.", "customer")
    return replace(view, events=tuple(list_timeline(customer_id, limit=events))) if events else view


def read_customer(lake: Lake | Transaction, customer_id: int) -> CustomerView | None:
    """A present customer as `lake` has her, without events."""
    customers = build_customers()
    rows = lake.read_rows(customers.filter(customers.customer_id == customer_id))
    if not rows:
        return None
    row = rows[0]
    identifiers: dict[str, list[str]] = {"user_id": [], "anonymous_id": []}
    for kind, value in (
        Identifier.objects.filter(customer_id=customer_id).order_by("id").values_list("kind", "value")
    ):
        identifiers[kind].append(value)
    if row["email"]:
        identifiers["email"] = [row["email"]]
    kept = {name: row[name] for name in CustomerView.__dataclass_fields__ if name in row}
    return CustomerView(
        **{
            **kept,
            "id": customer_id,
            "customer_id": row["external_id"],
            "identifiers": identifiers,
            "traits": json.loads(row["traits"] or "{}"),
            "events": (),
        }
    )


def find_current_id(customer_id: int) -> int:
    """The customer that this one lives on in, after merges; itself where there was none."""
    merges = lakes.table("merges")
    current = lakes.current().read_value(
        merges.filter(merges.from_customer_id == customer_id).select("into_customer_id")
    )
    return int(current) if current is not None else customer_id


def list_timeline(
    customer_id: int,
    after_seq: int | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[TimelineEvent]:
    """Events of one customer and of the profiles merged into it, latest first.

    `after_seq` gives only what arrived after that sequence number; `before` (moment, seq) the older ones.
    """
    lake = lakes.current()
    merges = lakes.table("merges")
    earlier = lake.read_rows(merges.filter(merges.into_customer_id == customer_id).select("from_customer_id"))
    ids = [customer_id, *(row["from_customer_id"] for row in earlier)]
    events = lakes.table("events")
    chosen = events.filter(events.customer_id.isin(ids))
    if after_seq is not None:
        chosen = chosen.filter(events.seq > after_seq)
    if before is not None:
        moment = ibis.timestamp(before[0].replace(tzinfo=None).isoformat())
        chosen = chosen.filter(
            (events.occurred_at < moment) | ((events.occurred_at == moment) & (events.seq < before[1]))
        )
    rows = lake.read_rows(
        chosen.order_by(ibis.desc("occurred_at"), ibis.desc("seq"))
        .limit(limit)
        .select("seq", "message_id", "type", "event", "occurred_at", "properties", "source")
    )
    return [
        TimelineEvent(
            seq=row["seq"],
            message_id=row["message_id"],
            type=row["type"],
            event=row["event"],
            timestamp=row["occurred_at"],
            properties=json.loads(row["properties"] or "{}"),
            source=row["source"],
        )
        for row in rows
    ]


def build_search(
    query: str = "", segments: tuple[str, ...] = (), phase: str = "", stage: tuple[str, str] | None = None
) -> ibis.Table:
    """Customers by part of a name, an e-mail address or an id, by segments or phase, and by the stage of a model."""
    customers = build_customers()
    text = query.replace("\x00", "").strip().lower()
    if text:
        fields = (customers.name, customers.email, customers.external_id)
        conditions = [field.lower().contains(text).fill_null(False) for field in fields]
        customers = customers.filter(conditions[0] | conditions[1] | conditions[2])
    if segments:
        customers = customers.filter(customers.segment.isin(segments))
    if phase:
        customers = customers.filter(customers.phase == phase)
    if stage:
        stages = lakes.table("stages_now")
        there = stages.filter(stages.model == stage[0], stages.stage == stage[1])
        customers = customers.semi_join(there, "customer_id")
    return customers


def search_customers(
    query: str = "",
    segments: tuple[str, ...] = (),
    phase: str = "",
    order_by: str = "last_seen",
    offset: int = 0,
    limit: int = 50,
    cell: tuple[int, int] | None = None,
    stage: tuple[str, str] | None = None,
) -> CustomerPage:
    """One page of the customers that match; `cell` narrows to one (r, f) of the heat map, `stage` to (model, stage)."""
    if order_by not in ORDERINGS:
        raise TenureError("unknown_order", f"Order by one of {', '.join(ORDERINGS)}.", "order_by")
    found = build_search(query, segments, phase, stage)
    if cell:
        found = found.filter((found.r == cell[0]) & (found.f == cell[1]))
    column, descending = ORDERINGS[order_by]
    key = found[column].desc(nulls_first=False) if descending else found[column].asc(nulls_first=False)
    lake = lakes.current()
    rows = lake.read_rows(
        found.order_by(key, "customer_id")
        .limit(limit, offset=offset)
        .select(
            *(name for name in CustomerRow.__dataclass_fields__ if name not in ("id", "customer_id")),
            "external_id",
            "customer_id",
        )
    )
    total = lake.read_value(found.count().as_table())
    return CustomerPage(
        tuple(
            CustomerRow(id=row.pop("customer_id"), customer_id=row.pop("external_id"), **row) for row in rows
        ),
        int(total),
    )
