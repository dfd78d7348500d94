"""Lines, visits and the company, folded from one customer's events in plain Python."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tenure.segments.tests.reference.histories import Line, Visit
from tenure.segments.tests.reference.values import find, read_number, read_text

ORDER_KINDS = {
    "Order Completed": "completed",
    "Order Updated": "updated",
    "Order Refunded": "refunded",
    "Order Cancelled": "cancelled",
}
NO_VISITS = (
    *("Email Sent", "Email Delivered", "Email Bounced", "Email Skipped", "Email Failed", "Email Opened"),
    *("Email Link Clicked", "Email Marked as Spam", "Unsubscribed", "Subscribed"),
    *("Order Updated", "Order Refunded", "Order Cancelled"),
)
GAP = timedelta(minutes=30)
TEXTS = ("sku", "name", "category", "brand", "variant")


@dataclass(frozen=True)
class Told:
    """A call as it came, with its place among all."""

    call: dict[str, Any]
    at: datetime
    seq: int

    @property
    def name(self) -> str | None:
        named = {"track": self.call.get("event"), "page": "Page Viewed", "screen": "Screen Viewed"}
        return named.get(self.call["type"])

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call.get("properties") or {}
        return found


def fold_lines(told: Sequence[Told]) -> list[Line]:
    """The lines in force of paid orders. `told` is in order of moment, then of arrival."""
    orders: dict[str, list[Told]] = defaultdict(list)
    for event in told:
        if event.call["type"] == "track" and event.name in ORDER_KINDS:
            order_id = (read_text(event.properties.get("order_id")) or "").strip()
            orders[order_id or event.call["messageId"]].append(event)
    return [line for order_id, events in orders.items() for line in _list_lines(order_id, events)]


def _list_lines(order_id: str, events: list[Told]) -> list[Line]:
    kinds = [ORDER_KINDS[event.name or ""] for event in events]
    pairs = list(zip(kinds, events, strict=True))
    placed = [event for kind, event in pairs if kind in ("completed", "updated")]
    amounts = [amount for amount in map(_find_amount, placed) if amount is not None]
    amount = amounts[-1] if amounts else Decimal(0)
    given_back = [_find_amount(event) for kind, event in pairs if kind == "refunded"]
    is_whole = "cancelled" in kinds or None in given_back
    refunded = sum((abs(one) for one in given_back if one is not None), Decimal(0))
    if amount <= 0 or is_whole or refunded >= amount:
        return []
    with_lines = [pair for pair in pairs if pair[0] in ("completed", "updated") and _list_products(pair[1])]
    updates = [event for kind, event in with_lines if kind == "updated"]
    completions = [event for kind, event in with_lines if kind == "completed"]
    if not (updates or completions):
        return []
    at = next((event.at for kind, event in pairs if kind == "completed"), placed[0].at)
    source = (updates or completions)[-1]
    lines = [_read_line(order_id, at, product) for product in _list_products(source)]
    return [line for line in lines if line.quantity > 0]


def _find_amount(event: Told) -> Decimal | None:
    for name in ("total", "revenue"):
        number = read_number(event.properties.get(name))
        if number is not None:
            return number
    lines = [
        (_read_float(product.get("price")), _read_float(product.get("quantity")))
        for product in _list_products(event)
    ]
    amounts = [
        price * (1 if quantity is None else quantity) for price, quantity in lines if price is not None
    ]
    return sum(amounts, Decimal(0)) if amounts else None


def _list_products(event: Told) -> list[dict[str, Any]]:
    products = event.properties.get("products")
    return [one for one in products if isinstance(one, dict) and one] if isinstance(products, list) else []


def _read_float(value: Any) -> Decimal | None:
    return read_number(value)


def _read_line(order_id: str, at: datetime, product: dict[str, Any]) -> Line:
    def text(name: str) -> str | None:
        return (read_text(product.get(name)) or "").strip() or None

    quantity = _read_float(product.get("quantity"))
    texts = {"product_id": text("product_id") or text("productId") or text("id")}
    return Line(
        order_id,
        at,
        texts | {name: text(name) for name in TEXTS},
        Decimal(1) if quantity is None else quantity,
        _read_float(product.get("price")),
    )


def fold_visits(told: Sequence[Told]) -> list[Visit]:
    """Runs of her own page, screen and track events; more than 30 minutes of silence end one."""
    hits = [
        event
        for event in told
        if event.call["type"] in ("page", "screen")
        or (event.call["type"] == "track" and event.name not in NO_VISITS)
    ]
    runs: list[list[Told]] = []
    for hit in hits:
        if runs and hit.at <= runs[-1][-1].at + GAP:
            runs[-1].append(hit)
        else:
            runs.append([hit])
    return [_read_visit(run) for run in runs]


def _read_visit(run: list[Told]) -> Visit:
    pages = [hit for hit in run if hit.call["type"] in ("page", "screen")]
    context = run[0].call.get("context") or {}
    tags = {name: read_text(find(context, f"campaign.{name}")) for name in ("source", "medium", "name")}
    referrer = run[0].properties.get("referrer") if run[0].call["type"] != "track" else None
    found = re.match(
        r"[a-z]+://(?:www\.)?([^/:?#]+)", (referrer or find(context, "page.referrer") or "").lower()
    )
    host = found[1] if found else None
    is_tagged = any(tags.values())
    landing = None
    if pages:
        path = pages[0].properties.get("path") if pages[0].call["type"] == "page" else None
        landing = path or pages[0].call.get("name")
    return Visit(
        run[0].at,
        run[-1].at,
        len(pages),
        {
            "source": (tags["source"] if is_tagged else None) or host or "direct",
            "medium": tags["medium"] if is_tagged else "referral" if host else None,
            "campaign": tags["name"],
            "landing_page": landing,
        },
    )
