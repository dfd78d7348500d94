"""What is known of a customer, as labels and texts for people."""

import re
from datetime import UTC, datetime
from typing import Any

from tenure.customers.profiles import CustomerView

_SHOWN_AS = {
    "email": "email",
    "phone": "phone",
    "timezone": "timezone",
    "country": "country",
    "address.country": "country",
    "name": "name",
    "firstname": "name",
    "lastname": "name",
}
"""What the head and the card of identity show of a customer, by trait."""
_LABELS = {"createdat": "Created", "postalcode": "Postcode", "title": "Title", "locale": "Language"}
_OF_ADDRESS = {"city", "street", "state", "postalcode", "region", "zip"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?")


def list_traits(customer: CustomerView) -> list[tuple[str, str]]:
    """(label, text) of the traits that the page does not show elsewhere, by label."""
    shown = {trait for trait, name in _SHOWN_AS.items() if getattr(customer, name)}
    listed: list[tuple[str, str]] = []
    for name, value in customer.traits.items():
        if isinstance(value, dict):
            for part, inner in value.items():
                if f"{_key(name)}.{_key(part)}" not in shown and inner not in (None, ""):
                    listed.append((_label_part(name, part), say_value(inner)))
        elif _key(name) not in shown and value not in (None, ""):
            listed.append((_label(name), say_value(value)))
    return sorted(listed)


def describe_trait(name: str) -> str:
    """A trait's name as a label: `favourite_bean` to "Favourite bean"."""
    return _label(name)


def _key(name: str) -> str:
    return name.replace("_", "").replace(" ", "").lower()


def _label(name: str) -> str:
    """`createdAt` to "Created", `favourite_bean` to "Favourite bean"."""
    known = _LABELS.get(_key(name))
    if known:
        return known
    words = " ".join(word if word.isupper() else word.lower() for word in _WORD.findall(name)) or name
    return words[:1].upper() + words[1:]


def _label_part(name: str, part: str) -> str:
    if _key(name) == "address" and _key(part) in _OF_ADDRESS:
        return _label(part)
    return f"{_label(name)}: {_label(part).lower()}"


def say_value(value: Any) -> str:
    """The value of a trait in words: booleans, lists and moments as people write them."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(say_value, value))
    text = str(value)
    return _say_moment(text) if isinstance(value, str) and _MOMENT.fullmatch(text) else text


def _say_moment(text: str) -> str:
    """An ISO 8601 day or moment as other pages write it; anything else as it came."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    day = f"{at.day} {at:%b %Y}"
    if len(text) == 10:
        return day
    return f"{day}, {at.astimezone(UTC):%H:%M} UTC" if at.tzinfo else f"{day}, {at:%H:%M}"
