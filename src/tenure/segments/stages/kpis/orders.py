"""Figures from paid orders, as they stood at the end of the period."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import ibis

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments.rfm import library as rfm_presets
from tenure.segments.rfm.runs import find_stored_cutpoints
from tenure.segments.stages.kpis.base import Kpi, KpiValue, Period, Setting, ask, build_moment, divide, is_in
from tenure.segments.stages.kpis.behaviour import compute_event_churn

_NO_ORDERS = "No paid orders in this time."
_SILENT_RHYTHMS = 2
_SILENT_DAYS = 90
_LOYAL_PHASE = "Veneration"


def find_silent_days() -> int:
    """After how many days a customer counts as silent: twice the shop's rhythm, as in recency 2 and below."""
    preset = rfm_presets.get_preset()
    stored = find_stored_cutpoints(lakes.current(), preset, clock.today())
    rhythm = None if stored is None else stored.r.rhythm_days
    return _SILENT_DAYS if rhythm is None else round(_SILENT_RHYTHMS * rhythm)


def read_orders(period: Period) -> dict[str, Any]:
    """One row: buyers, orders, revenue of the period, and what its buyers and those before it did."""
    silent_days = find_silent_days()

    def build() -> ibis.Table:
        orders = customers_api.build_orders(period.until_at)
        start = build_moment(period.from_at)
        inside = is_in(orders.ordered_at, period)
        each = (
            orders.filter(orders.customer_id.notnull())
            .group_by("customer_id")
            .agg(
                order_count=(orders.is_paid & inside).sum(),
                ever_count=orders.is_paid.sum(),
                revenue=orders.net_amount.sum(where=inside),
                value=orders.net_amount.sum(),
                paid_amount=orders.net_amount.sum(where=inside & orders.is_paid),
                before_at=orders.ordered_at.max(where=orders.is_paid & (orders.ordered_at < start)),
            )
        )
        people = lakes.table("customers")
        each = each.left_join(people.select("customer_id", "phase"), "customer_id")
        bought = each.order_count > 0
        was_active = (each.before_at >= build_moment(period.before.from_at)).fill_null(False)
        silent_since = build_moment(period.from_at - timedelta(days=silent_days))
        was_silent = (each.before_at < silent_since).fill_null(False)
        is_loyal = (each.phase == _LOYAL_PHASE).fill_null(False)
        return each.aggregate(
            buyer_count=bought.sum(),
            order_count=each.order_count.sum(),
            revenue=each.revenue.sum(),
            paid_amount=each.paid_amount.sum(),
            repeat_count=(bought & (each.ever_count >= 2)).sum(),
            active_count=was_active.sum(),
            churned_count=(was_active & ~bought).sum(),
            silent_count=was_silent.sum(),
            won_back_count=(was_silent & bought).sum(),
            loyal_revenue=each.revenue.sum(where=is_loyal),
            loyal_count=(is_loyal & bought).sum(),
            customer_count=(each.ever_count > 0).sum(),
            value=each.value.sum(where=each.ever_count > 0),
        )

    return ask("orders", period, build, silent_days)


class RepeatPurchaseRate(Kpi):
    id, title, unit = "repeat-purchase-rate", "Repeat purchase rate", "share"
    formula = "Customers who bought in the period and had at least two paid orders by its end, of all who bought in it."
    source = "Paid orders."
    parts = ("bought again", "bought")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        return divide(row["repeat_count"], row["buyer_count"], _NO_ORDERS)


class ChurnRate(Kpi):
    id, title, unit, is_lower_better = "churn-rate", "Churn rate", "share", True
    formula = (
        "Customers with a paid order in as many days before the period and none in it, of all with one in those days. "
        "With events named: the same for these events."
    )
    source = "Paid orders, or the events named with the KPI."
    parts = ("did not come back", "active before")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        if setting.events:
            return compute_event_churn(period, setting.events)
        row = read_orders(period)
        return divide(
            row["churned_count"], row["active_count"], "Nobody bought in the days before this time."
        )


class WinBackRate(Kpi):
    id, title, unit = "win-back-rate", "Win-back rate", "share"
    formula = (
        "Customers with a paid order in the period whose last one before it was longer ago than twice the shop's rhythm "
        "(90 days while no rhythm is known), of all who were silent for as long when it began."
    )
    source = "Paid orders; the rhythm of the last scoring."
    parts = ("bought again", "silent when it began")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        return divide(
            row["won_back_count"], row["silent_count"], "Nobody was silent for so long when this time began."
        )


class AverageOrderValue(Kpi):
    id, title, unit = "average-order-value", "Average order", "amount"
    formula = "Net amount of the paid orders of the period, by their number."
    source = "Paid orders, refunds taken off."
    parts = ("net amount", "orders")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        return divide(row["paid_amount"], row["order_count"], _NO_ORDERS)


class OrdersPerCustomer(Kpi):
    id, title, unit = "orders-per-customer", "Orders per customer", "number"
    formula = "Paid orders of the period, by the customers who placed them."
    source = "Paid orders."
    parts = ("orders", "customers")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        return divide(row["order_count"], row["buyer_count"], _NO_ORDERS)


class Revenue(Kpi):
    id, title, unit = "revenue", "Revenue", "amount"
    formula = "Net amount of everything ordered in the period, credit notes taken off."
    source = "Orders and credit notes."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        if row["revenue"] is None or not row["order_count"]:
            return KpiValue(None, _NO_ORDERS)
        return KpiValue(Decimal(str(row["revenue"])), n=int(row["order_count"]))


class CustomerValue(Kpi):
    id, title, unit = "customer-value", "Revenue per customer so far", "amount"
    formula = "Net revenue of all customers with a paid order by the end of the period, by their number. No forecast."
    source = "Orders and credit notes."
    parts = ("net revenue", "customers")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        return divide(row["value"], row["customer_count"], "There are no paid orders yet.")


class LoyalRevenueShare(Kpi):
    id, title, unit = "loyal-revenue-share", "Revenue from loyal customers", "share"
    formula = (
        "Net revenue of the period from customers who are now in the phase Veneration (Champions, Loyal Customers), "
        "of all of it."
    )
    source = "Orders and credit notes; today's phase of the customer lifecycle."
    parts = ("from loyal customers", "revenue")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_orders(period)
        if not row["revenue"] or row["revenue"] <= 0:
            return KpiValue(None, "No revenue in this time.")
        return divide(row["loyal_revenue"], row["revenue"], "", int(row["loyal_count"] or 0))
