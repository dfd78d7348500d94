"""What is scored: each customer's days since the last order, orders and revenue as of a day.

Measures have customer_id, external_id, is_contact_known, order_count (0 without orders), last_order_on,
days_since_last_order (whole days between UTC dates), revenue (0 without orders).
"""

from datetime import UTC, date, datetime, time, timedelta

import ibis

from tenure.customers import api as customers_api
from tenure.segments.rfm.preset import Preset

AMOUNT = "decimal(18, 4)"


def end_of(day: date) -> datetime:
    """The first moment after a day, aware, UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


def naive_literal(moment: datetime) -> ibis.expr.types.TimestampScalar:
    """An aware moment as the lake's naive UTC timestamp."""
    return ibis.timestamp(
        moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    )


def build_counted(orders: ibis.Table, preset: Preset, as_of_on: date) -> ibis.Table:
    """Every order or credit note placed by the end of a day: customer_id, ordered_at, is_counted, revenue."""
    known = orders.filter(
        orders.customer_id.notnull() & (orders.ordered_at < naive_literal(end_of(as_of_on)))
    )
    is_credit_note = (known.amount <= 0) & (known.refunded_amount > 0)
    if preset.orders == "any_amount":
        has_amount = ~is_credit_note & (known.amount >= 0)
    else:
        has_amount = known.amount > 0
    if preset.refunds == "ignore":
        is_counted, revenue = has_amount, known.amount
    else:
        is_counted = has_amount & ((known.amount == 0) | (known.refunded_amount < known.amount))
        revenue = known.net_amount
    return known.select("customer_id", "ordered_at", is_counted=is_counted, revenue=revenue.cast(AMOUNT))


def build_measures(orders: ibis.Table, customers: ibis.Table, preset: Preset, as_of_on: date) -> ibis.Table:
    """Measures from orders as they stood at the end of a day.

    `orders` has the columns of `customers.api.build_orders(until=...)`; `customers` has customer_id,
    external_id, contact_known_at and first_seen_at. Known are customers seen, or with an order, by then.
    """
    totals = build_counted_totals(build_counted(orders, preset, as_of_on))
    people = customers.select("customer_id", "external_id", "contact_known_at", "first_seen_at")
    return build_known_measures(people.left_join(totals, "customer_id"), as_of_on)


def build_counted_totals(counted: ibis.Table) -> ibis.Table:
    """Per customer: order_count, last_order_at, revenue of `build_counted` orders and credit notes."""
    return counted.group_by("customer_id").agg(
        order_count=counted.is_counted.sum().cast("int64"),
        last_order_at=counted.ordered_at.max(where=counted.is_counted),
        revenue=customers_api.bound_amount(counted.revenue.sum()),
    )


def build_known_measures(
    people: ibis.Table, as_of_on: date, kept: dict[str, str] | None = None
) -> ibis.Table:
    """Measures of people with totals as of a day, NULL where nothing was ordered by then.

    `kept` names further columns to take along, as new name to old.
    """
    is_seen = (people.first_seen_at < naive_literal(end_of(as_of_on))).fill_null(False)
    return _finish(people.filter(is_seen | people.order_count.notnull()), as_of_on, kept or {})


def build_current_measures(
    customers: ibis.Table, as_of_on: date, kept: dict[str, str] | None = None
) -> ibis.Table:
    """Measures from the customers table's own totals: paid orders, refunds counted, everything that is known.

    `kept` names further columns to take along, as new name to old.
    """
    seen = (customers.first_seen_at < naive_literal(end_of(as_of_on))) | (customers.order_count > 0)
    return _finish(customers.filter(seen), as_of_on, kept or {})


def build_order_gaps(orders: ibis.Table, preset: Preset, as_of_on: date) -> ibis.Table:
    """Days between two consecutive order days of one customer: ordered_on (the later day), gap_days."""
    return build_counted_gaps(build_counted(orders, preset, as_of_on))


def build_counted_gaps(counted: ibis.Table) -> ibis.Table:
    """The same from `build_counted` orders."""
    ordered = counted.filter(counted.is_counted)
    days = ordered.select("customer_id", ordered_on=ordered.ordered_at.date())
    before = days.ordered_on.lag().over(group_by="customer_id", order_by="ordered_on")
    gaps = days.select("ordered_on", gap_days=days.ordered_on.delta(before, unit="day"))
    return gaps.filter(gaps.gap_days > 0)


def _finish(known: ibis.Table, as_of_on: date, kept: dict[str, str]) -> ibis.Table:
    until = naive_literal(end_of(as_of_on))
    measures = known.select(
        "customer_id",
        external_id=known.external_id.fill_null(""),
        is_contact_known=(known.contact_known_at < until).fill_null(False),
        order_count=known.order_count.fill_null(0),
        last_order_on=known.last_order_at.date(),
        revenue=known.revenue.cast(AMOUNT).fill_null(ibis.literal(0).cast(AMOUNT)),
        **{new: known[old] for new, old in kept.items()},
    )
    days = ibis.literal(as_of_on).delta(measures.last_order_on, unit="day")
    return measures.mutate(days_since_last_order=days.cast("int32"))
