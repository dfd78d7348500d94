"""All that is known of a person as one JSON document, streamed."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tenure.base import clock
from tenure.customers.erasing_lake import list_personal_tables
from tenure.customers.joining import list_merges
from tenure.customers.models import Suppression
from tenure.customers.orders import build_orders, current_order_events
from tenure.customers.privacy import Subject, find_subject, list_privacy_rooms
from tenure.customers.profiles import get_customer
from tenure.lake import api as lakes

_SHOWN_OTHERWISE = (
    "customers_main",
    "customers_delta",
    "memberships_main",
    "memberships_delta",
    "order_events",
)
_OBJECTS = ("properties", "context", "traits")


def stream_export(customer_id: int) -> Iterator[bytes]:
    """The document in parts: the profile, then every list. Errors: no such customer."""
    customer = get_customer(customer_id, events=0)
    subject = find_subject(customer.id)
    profile = customer.as_dict()
    profile.pop("events")
    head = {
        "exported_at": clock.now(),
        **profile,
        "phone": customer.phone,
        "first_seen_at": customer.first_seen_at,
        "last_seen_at": customer.last_seen_at,
        "consent": {"email_opted_out_at": customer.email_opted_out_at},
        "merges": [merge.as_dict() for merge in list_merges(customer.id)],
    }
    yield (_encode(head)[:-1]).encode()
    for name, rows in _list_sections(subject):
        yield f",\n{json.dumps(name)}: [".encode()
        for number, row in enumerate(rows):
            yield (("," if number else "") + "\n" + _encode(row)).encode()
        yield b"]"
    yield b"}\n"


def _list_sections(subject: Subject) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    ids = list(subject.customer_ids)
    events = current_order_events()
    orders = build_orders(order_events=events.filter(events.customer_id == ids[0]))
    yield "orders", _stream(orders.drop("customer_id").order_by("ordered_at", "order_id"))
    for name in list_personal_tables():
        if name not in _SHOWN_OTHERWISE:
            table = lakes.table(name)
            theirs = table.filter(table.customer_id.isin(ids))
            hidden = [column for column in ("message_key",) if column in table.columns]
            order = [column for column in ("seq", "since_at", "decided_at") if column in table.columns]
            yield name, _stream(theirs.drop(*hidden).order_by(*order[:1]) if order else theirs.drop(*hidden))
    suppressions = Suppression.objects.filter(address__in=subject.addresses)
    yield "suppressions", suppressions.values("channel", "address", "reason", "created_at")
    for room in list_privacy_rooms():
        yield from room.export(subject)


def _stream(rows: Any) -> Iterator[dict[str, Any]]:
    for batch in lakes.current().stream(rows):
        for row in batch.to_pylist():
            for name in _OBJECTS:
                if row.get(name):
                    row[name] = json.loads(row[name])
            yield row


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_say)


def _say(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
