"""How figures, shares, amounts and moments are written."""

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenure.base import clock
from tenure.base.money import format_amount
from tenure.customers import api as customers
from tenure.web.audit_words import say_verb

register = template.Library()
UNKNOWN = "–"


@register.filter
def count(value: Any) -> str:
    """1476 to "1,476"; None to an en dash."""
    return UNKNOWN if value is None or value == "" else f"{round(float(value)):,}"


@register.filter
def percent(share: Any, decimals: int = 0) -> str:
    """0.153 to "15%"; a share under the smallest step, but not 0, to "<1%"."""
    if share is None or share == "":
        return UNKNOWN
    value = float(share) * 100
    step = 10.0**-decimals
    if 0 < value < step / 2:
        return f"<{step:.{decimals}f}%"
    return f"{round(value, decimals) + 0.0:.{decimals}f}%"


@register.filter
def amount(value: Decimal | float | None, decimals: int = 2) -> str:
    """An amount in the shop's currency; without a sign where that is not known or not one."""
    return format_amount(value, customers.find_shop_currency(), decimals=decimals)


@register.filter
def amount_in(value: Decimal | float | None, currency: str) -> str:
    """An amount in a currency of its own."""
    return format_amount(value, currency)


@register.inclusion_tag("web/_currencies.html")
def currency_note(found: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Says that amounts in several currencies were added up; nothing where there is one. Default: the shop's."""
    listed = customers.list_currencies() if found is None else found
    return {"last": listed[-1], "others": ", ".join(listed[:-1])} if len(listed) > 1 else {}


@register.filter
def whole_amount(value: Decimal | float | None) -> str:
    """An amount in the shop's currency without cents."""
    return amount(value, 0)


@register.filter
def words(number: int, forms: str) -> str:
    """`1|words:"customer,customers"` to "1 customer", 2056 to "2,056 customers"."""
    one, many = forms.split(",")
    return f"{count(number)} {one if number == 1 else many}"


@register.filter
def signed(value: float | int | None) -> str:
    """12 to "+12", -3 to "-3", 0 to "no change"."""
    if value is None:
        return UNKNOWN
    return f"{value:+,}" if value else "no change"


@register.filter
def day(value: date | datetime | None) -> str:
    """22 Nov 2026."""
    return UNKNOWN if value is None else f"{value.day} {value:%b %Y}"


@register.filter
def moment(value: datetime | None) -> str:
    """22 Nov 2026, 03:05 UTC."""
    return UNKNOWN if value is None else f"{day(value)}, {value:%H:%M} UTC"


def describe_age(value: datetime, now: datetime) -> str:
    """How long ago, in the largest whole unit: "just now", "5 minutes ago", "in 2 days"."""
    seconds = (now - value).total_seconds()
    size, is_future = abs(seconds), seconds < -1
    if size < 45:
        return "just now"
    for unit, length, limit in (
        ("minute", 60, 3_600),
        ("hour", 3_600, 86_400),
        ("day", 86_400, 14 * 86_400),
        ("week", 7 * 86_400, 60 * 86_400),
        ("month", 30.44 * 86_400, 730 * 86_400),
        ("year", 365.25 * 86_400, float("inf")),
    ):
        if size < limit:
            number = max(1, int(size / length))
            words = f"{number} {unit}{'' if number == 1 else 's'}"
            break
    return f"in {words}" if is_future else f"{words} ago"


@register.filter
def ago(value: datetime | None) -> str | SafeString:
    """A `<time>` with the age in words and the moment on hover."""
    if value is None:
        return UNKNOWN
    text = describe_age(value, clock.now())
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), moment(value), text)


@register.filter
def finding(value: Any) -> Any:
    """A value that a rule looked at: numbers with their thousands, moments with their time, the rest as it is."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal) and math.isfinite(value):
        number = Decimal(str(value))
        if number == number.to_integral_value():
            return f"{number:,.0f}"
        return f"{number:,.2f}" if abs(number) >= 1 else f"{number.normalize():f}"
    return value


@register.filter
def verb_words(verb: str) -> str:
    """A verb of the audit log in words."""
    return say_verb(verb)


@register.filter
def plain(name: str) -> str:
    """`campaign_id` to "campaign id"."""
    return name.replace("_", " ")


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key) if mapping else None
