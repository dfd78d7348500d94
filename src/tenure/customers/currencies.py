"""Which currencies amounts are in. Amounts are never converted, so a page has to say when they differ."""

from tenure.base.errors import UnavailableError
from tenure.config.environment import read_environment
from tenure.customers.orders import current_order_events
from tenure.lake import api as lakes

STALE_SECONDS = 60.0


def list_currencies() -> tuple[str, ...]:
    """The currencies (ISO 4217) that the shop's orders name, in alphabetical order; at most a minute old."""
    lake = lakes.current()

    def ask() -> tuple[str, ...]:
        events = lakes.table("order_events")
        named = events.filter(events.currency.notnull(), events.currency != "")
        return tuple(sorted(row["currency"] for row in lake.read_rows(named.select("currency").distinct())))

    return lake.answers.get(("customers", "currencies"), ask, STALE_SECONDS)


def list_currencies_of(customer_id: int) -> tuple[str, ...]:
    """The currencies that one customer's orders name."""
    events = current_order_events()
    named = events.filter(events.customer_id == customer_id, events.currency.notnull(), events.currency != "")
    rows = lakes.current().read_rows(named.select("currency").distinct())
    return tuple(sorted(row["currency"] for row in rows))


def choose_currency(found: tuple[str, ...]) -> str:
    """The currency in which to show a sum of orders that name the currencies `found`; "" for no sign.

    One: that one. Several: none, because their sum is in no currency. None: the setting TENURE_CURRENCY, where
    it was set.
    """
    if found:
        return found[0] if len(found) == 1 else ""
    environment = read_environment()
    return environment.currency if environment.is_currency_set else ""


def find_shop_currency() -> str:
    """The currency in which to show the shop's sums; "" for no sign."""
    try:
        return choose_currency(list_currencies())
    except UnavailableError:
        return choose_currency(())
