"""Expressions behind the dashboard, over the lake's customers and orders."""

from datetime import UTC, date, datetime, time, timedelta

import ibis

from tenure.customers import api as customers


def _moment(at: datetime) -> ibis.expr.types.TimestampValue:
    return ibis.timestamp(at.replace(tzinfo=None).isoformat())


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def build_totals() -> ibis.Table:
    """One row: customers, known_customers, buyers, repeat_buyers, reachable, orders, revenue, last_seen_at."""
    people = customers.build_customers()
    is_reachable = people.email.notnull() & people.email_opted_out_at.isnull()
    return people.agg(
        customers_count=people.count(),
        buyers_count=(people.order_count > 0).sum().fill_null(0),
        repeat_buyers_count=(people.order_count > 1).sum().fill_null(0),
        reachable_count=is_reachable.sum().fill_null(0),
        last_seen_at=people.last_seen_at.max(),
    )


def build_revenue(now: datetime, days: int) -> ibis.Table:
    """One row: revenue, previous_revenue, orders, previous_orders of the last `days` and the `days` before."""
    middle, start = now - timedelta(days=days), now - timedelta(days=2 * days)
    orders = customers.build_orders_between(start, now)
    is_now = (orders.ordered_at >= _moment(middle)) & (orders.ordered_at < _moment(now))
    is_before = (orders.ordered_at >= _moment(start)) & (orders.ordered_at < _moment(middle))
    return orders.agg(
        revenue=orders.net_amount.sum(where=is_now),
        previous_revenue=orders.net_amount.sum(where=is_before),
        orders_count=(orders.is_paid & is_now).sum().fill_null(0),
        previous_orders_count=(orders.is_paid & is_before).sum().fill_null(0),
    )


def build_orders_per_week(since: date, until: date) -> ibis.Table:
    """Rows week_on, orders: paid orders of customers, by the Monday of their week."""
    orders = customers.build_orders_between(_start_of(since), _start_of(until))
    counted = orders.filter(orders.is_paid, orders.customer_id.notnull())
    return counted.group_by(week_on=counted.ordered_at.truncate("W").date()).agg(orders_count=counted.count())


def build_first_orders_per_week(since: date, until: date) -> ibis.Table:
    """Rows week_on, orders: customers by the Monday of the week of their first paid order."""
    people = customers.build_customers()
    start, end = ibis.timestamp(since.isoformat()), ibis.timestamp(until.isoformat())
    counted = people.filter(people.first_order_at >= start, people.first_order_at < end)
    return counted.group_by(week_on=counted.first_order_at.truncate("W").date()).agg(
        orders_count=counted.count()
    )


def build_phases() -> ibis.Table:
    """Rows phase, segment, customers, revenue; phase is null for customers not yet sorted."""
    people = customers.build_customers()
    return people.group_by("phase", "segment").agg(
        customers_count=people.count(), revenue_amount=people.revenue.sum()
    )


def build_anybody() -> ibis.Table:
    """A row when there is any customer."""
    return customers.build_customers().select("customer_id").limit(1)
