"""Figures from the customers table: who is new, who becomes a customer, for how long."""

from decimal import Decimal
from typing import Any

import ibis

from tenure.lake import api as lakes
from tenure.segments.stages.kpis.base import Kpi, KpiValue, Period, Setting, ask, build_moment, divide, is_in

_MONTH_DAYS = Decimal("30.4375")
_SECONDS = 86_400


def read_customers(period: Period) -> dict[str, Any]:
    """open_count, bought_count, first_days (median), new_count, new_contact_count, first_buyer_count, relation_*."""

    def build() -> ibis.Table:
        people = lakes.table("customers")
        start, end = build_moment(period.from_at), build_moment(period.until_at)
        was_seen_before = people.first_order_at.isnull() | (people.first_seen_at < people.first_order_at)
        is_open = (
            (people.first_seen_at < end)
            & was_seen_before
            & (people.first_order_at.isnull() | (people.first_order_at >= start))
        ).fill_null(False)
        bought = is_in(people.first_order_at, period)
        is_new = is_in(people.first_seen_at, period)
        has_contact = (people.contact_known_at < end).fill_null(False)
        relation = ((people.order_count >= 2) & (people.first_order_at < end)).fill_null(False)
        return people.aggregate(
            open_count=is_open.sum(),
            bought_count=(is_open & bought).sum(),
            first_days=_days(people.first_seen_at, people.first_order_at).quantile(
                0.5, where=is_open & bought
            ),
            first_buyer_count=bought.sum(),
            new_count=is_new.sum(),
            new_contact_count=(is_new & has_contact).sum(),
            relation_count=relation.sum(),
            relation_days=_days(people.first_order_at, people.last_order_at).quantile(0.5, where=relation),
        )

    return ask("customers", period, build)


def _days(start: Any, end: Any) -> ibis.expr.types.NumericValue:
    return (end.epoch_seconds() - start.epoch_seconds()).cast("float64") / _SECONDS


class ConversionRate(Kpi):
    id, title, unit = "conversion-rate", "Conversion rate", "share"
    formula = (
        "Customers with their first paid order in the period, of all who were seen by its end and had none before it. "
        "Who was never seen before the first order (imported orders) is left out."
    )
    source = "Customers: first seen, first paid order."
    parts = ("first orders", "seen without an order before")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_customers(period)
        return divide(row["bought_count"], row["open_count"], "Nobody was seen before a first order.")


class TimeToFirstPurchase(Kpi):
    id, title, unit, is_lower_better = "time-to-first-purchase", "Time to first purchase", "days", True
    formula = (
        "Days from first seen to the first paid order: the median of those who first bought in the period."
    )
    source = "Customers: first seen, first paid order."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_customers(period)
        return say_median(
            row["first_days"],
            row["bought_count"],
            "Nobody who was seen before bought for the first time in this time.",
        )


class FirstSeen(Kpi):
    id, title, unit = "first-seen", "Seen for the first time", "number"
    formula = "Customers, known or not, who were seen for the first time in the period."
    source = "Customers: first seen."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        count = int(read_customers(period)["new_count"] or 0)
        if not count:
            return KpiValue(None, "Nobody was seen for the first time in this time.")
        return KpiValue(Decimal(count), n=count)


class ContactRate(Kpi):
    id, title, unit = "contact-rate", "Left an address", "share"
    formula = (
        "Customers first seen in the period of whom an e-mail or phone is known, of all first seen in it."
    )
    source = "Customers: first seen, contact known since."
    parts = ("with an e-mail or phone", "first seen")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_customers(period)
        return divide(
            row["new_contact_count"], row["new_count"], "Nobody was seen for the first time in this time."
        )


class AcquisitionCost(Kpi):
    id, title, unit, is_lower_better = "acquisition-cost", "Acquisition cost (CAC)", "amount", True
    formula = "Marketing and sales cost of the period, by the customers with their first paid order in it."
    source = "The monthly cost that is entered with the KPI; customers: first paid order."
    parts = ("cost", "new customers")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        if setting.monthly_cost is None:
            return KpiValue(None, "The cost is not known: enter what marketing and sales cost a month.")
        cost = setting.monthly_cost * period.days / _MONTH_DAYS
        row = read_customers(period)
        return divide(cost, row["first_buyer_count"], "Nobody bought for the first time in this time.")


class RelationshipLength(Kpi):
    id, title, unit = "relationship-length", "Length of the relationship", "days"
    formula = "Days from the first to the last paid order: the median of customers with two orders or more."
    source = "Customers: first and last paid order, as they stand now."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_customers(period)
        return say_median(row["relation_days"], row["relation_count"], "Nobody has two paid orders yet.")


def say_median(value: Any, count: Any, reason: str) -> KpiValue:
    if value is None or not count:
        return KpiValue(None, reason)
    return KpiValue(Decimal(str(value)), n=int(count))
