"""Events as sentences: what happened, as a person would say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from tenure.base.money import format_amount


@dataclass(frozen=True)
class Sentence:
    """An event for people. `tone` is one of "", buy, good, bad; `icon` a name of the icon set."""

    icon: str
    tone: str
    title: str
    detail: str


def describe_event(kind: str, event: str | None, properties: Mapping[str, Any], currency: str) -> Sentence:
    """Say an event of any type; unknown names are shown as they came."""
    if kind == "track" and event in _SPOKEN:
        said: Sentence = _SPOKEN[event](properties, currency)
        return said
    if kind in _TYPES:
        noted: Sentence = _TYPES[kind](event, properties)
        return noted
    return Sentence("activity", "", event or kind, _short_list(properties))


def _text(properties: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = properties.get(name)
        if isinstance(value, str | int | float) and str(value).strip():
            return str(value)[:200]
    return ""


def _money(properties: Mapping[str, Any], currency: str, *names: str) -> str:
    for name in names:
        value = properties.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        try:
            amount = float(value)
        except ValueError:
            continue
        if isfinite(amount):
            return format_amount(amount, str(properties.get("currency") or currency)[:3])
    return ""


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _items(properties: Mapping[str, Any]) -> str:
    products = properties.get("products")
    if not isinstance(products, list) or not products:
        return ""
    first = products[0] if isinstance(products[0], Mapping) else {}
    name = _text(first, "name", "product_id", "sku")
    number = len(products)
    if number == 1:
        return name
    return _join(f"{number} products", f"among them {name}" if name else "")


def _short_list(properties: Mapping[str, Any]) -> str:
    shown = [f"{key}: {value}" for key, value in properties.items() if isinstance(value, str | int | float)]
    return ", ".join(shown[:4])[:200]


def _order_completed(properties: Mapping[str, Any], currency: str) -> Sentence:
    number = _text(properties, "order_id")
    amount = _money(properties, currency, "total", "revenue")
    return Sentence(
        "shopping-bag", "buy", f"Placed order {number}".strip(), _join(_items(properties), amount)
    )


def _order_updated(properties: Mapping[str, Any], currency: str) -> Sentence:
    detail = _money(properties, currency, "total", "revenue")
    return Sentence("shopping-bag", "", f"Order {_text(properties, 'order_id')} was changed", detail)


def _order_refunded(properties: Mapping[str, Any], currency: str) -> Sentence:
    amount = _money(properties, currency, "total", "revenue")
    number = _text(properties, "order_id")
    title = f"Got {amount} back for order {number}" if amount else f"Order {number} was refunded in full"
    return Sentence("undo-2", "bad", title, _items(properties))


def _order_cancelled(properties: Mapping[str, Any], currency: str) -> Sentence:
    return Sentence("ban", "bad", f"Cancelled order {_text(properties, 'order_id')}", "")


def _product(icon: str, verb: str, tone: str = "") -> Any:
    def say(properties: Mapping[str, Any], currency: str) -> Sentence:
        name = _text(properties, "name", "product_id", "sku") or "a product"
        detail = _join(_text(properties, "category"), _money(properties, currency, "price"))
        return Sentence(icon, tone, f"{verb} {name}", detail)

    return say


def _plain(icon: str, title: str, *details: str, tone: str = "") -> Any:
    def say(properties: Mapping[str, Any], currency: str) -> Sentence:
        return Sentence(icon, tone, title, _join(*(_text(properties, name) for name in details)))

    return say


def _stage_changed(properties: Mapping[str, Any], currency: str) -> Sentence:
    tone = {"up": "good", "down": "bad"}.get(_text(properties, "direction"), "")
    icon = {"good": "trending-up", "bad": "trending-down"}.get(tone, "move-right")
    model = _text(properties, "model")
    title = f"Moved from {_text(properties, 'from')} to {_text(properties, 'to')}"
    return Sentence(icon, tone, title, "" if model == "lifecycle" else model)


def _segment(icon: str, verb: str) -> Any:
    def say(properties: Mapping[str, Any], currency: str) -> Sentence:
        return Sentence(icon, "", f"{verb} the segment {_text(properties, 'title', 'segment')}", "")

    return say


def _mail(icon: str, verb: str, tone: str = "") -> Any:
    def say(properties: Mapping[str, Any], currency: str) -> Sentence:
        subject = _text(properties, "email_subject", "campaign_name")
        if "{{" in subject or "{%" in subject:
            subject = _text(properties, "campaign_name") or subject
        title = f"{verb} “{subject}”" if subject else verb.removesuffix(" of")
        by_machine = "probably a machine, not the person" if properties.get("is_bot") else ""
        return Sentence(icon, tone, title, _join(_text(properties, "link_url"), by_machine))

    return say


def _merged(properties: Mapping[str, Any], currency: str) -> Sentence:
    detail = f"by {_text(properties, 'by')}"
    return Sentence("git-merge", "", f"Merged with {_text(properties, 'other') or 'a profile'}", detail)


def _unmerged(properties: Mapping[str, Any], currency: str) -> Sentence:
    detail = f"by {_text(properties, 'by')}"
    return Sentence("split", "", f"Taken apart from {_text(properties, 'other') or 'a profile'}", detail)


_SPOKEN: dict[str, Any] = {
    "Customer Merged": _merged,
    "Customer Unmerged": _unmerged,
    "Order Completed": _order_completed,
    "Order Updated": _order_updated,
    "Order Refunded": _order_refunded,
    "Order Cancelled": _order_cancelled,
    "Product Viewed": _product("eye", "Looked at"),
    "Product Added": _product("shopping-cart", "Put into the cart:"),
    "Product Removed": _product("shopping-cart", "Took out of the cart:"),
    "Product Reviewed": _product("star", "Reviewed", "good"),
    "Products Searched": _plain("search", "Searched the shop", "query"),
    "Product List Viewed": _plain("list", "Looked through a list of products", "category", "list_id"),
    "Cart Viewed": _plain("shopping-cart", "Looked at the cart"),
    "Checkout Started": _plain("shopping-cart", "Went to the checkout"),
    "Payment Info Entered": _plain("shopping-cart", "Entered payment details"),
    "Coupon Applied": _plain("tag", "Used a coupon", "coupon_id", "coupon_name"),
    "Signed Up": _plain("user-plus", "Signed up", tone="good"),
    "Signed In": _plain("log-in", "Signed in"),
    "Email Sent": _mail("mail", "Was sent the mail"),
    "Email Delivered": _mail("mail", "Received the mail"),
    "Email Opened": _mail("mail-open", "Opened the mail", "good"),
    "Email Link Clicked": _mail("mouse-pointer-click", "Clicked in the mail", "good"),
    "Email Bounced": _mail("mail-x", "Could not be reached by the mail", "bad"),
    "Email Marked as Spam": _mail("mail-x", "Complained about the mail", "bad"),
    "Stage Changed": _stage_changed,
    "Segment Entered": _segment("log-in", "Entered"),
    "Segment Exited": _segment("log-out", "Left"),
    "Unsubscribed": _mail("mail-x", "Unsubscribed from the mail", "bad"),
}


def _identify(event: str | None, traits: Mapping[str, Any]) -> Sentence:
    known = [name for name in traits if name not in ("address", "company")]
    detail = f"Told us {', '.join(known[:5])}" if known else ""
    return Sentence(
        "user-check", "good", "Became known" if "email" in traits else "Details were noted", detail
    )


def _page(event: str | None, properties: Mapping[str, Any]) -> Sentence:
    name = event or _text(properties, "title", "path", "url") or "a page"
    shown = _text(properties, "path", "url")
    return Sentence("file-text", "", f"Visited {name}", shown if shown != name else "")


def _screen(event: str | None, properties: Mapping[str, Any]) -> Sentence:
    return Sentence("monitor-smartphone", "", f"Opened {event or 'a screen'} in the app", "")


def _group(event: str | None, properties: Mapping[str, Any]) -> Sentence:
    return Sentence("users", "", "Belongs to a company or group", _text(properties, "name"))


def _alias(event: str | None, properties: Mapping[str, Any]) -> Sentence:
    return Sentence("git-merge", "", "Two identifiers were joined", "")


_TYPES: dict[str, Any] = {
    "identify": _identify,
    "page": _page,
    "screen": _screen,
    "group": _group,
    "alias": _alias,
}
