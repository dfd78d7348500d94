"""Figures from events by name: first use, activity, coming back, telling others."""

from typing import Any

import ibis

from tenure.lake import api as lakes
from tenure.segments.stages.kpis.base import Kpi, KpiValue, Period, Setting, ask, build_moment, divide, is_in
from tenure.segments.stages.kpis.customers import say_median

ORDER = ("Order Completed",)
CHECKOUT = ("Checkout Started",)
_PAGE = {"page": "Page Viewed", "screen": "Screen Viewed"}
_ACTIVATION_DAYS = 30


def build_events(names: tuple[str, ...]) -> ibis.Table:
    """The events of these names under the customers that they belong to now: customer_id, occurred_at, name."""
    events = lakes.table("events")
    name = ibis.cases(*((events.type == kind, text) for kind, text in _PAGE.items()), else_=events.event)
    kinds = ["track", *(kind for kind, text in _PAGE.items() if text in names)]
    rows = events.filter(events.type.isin(kinds), name.isin(names), events.customer_id.notnull())
    merges = lakes.table("merges").select("from_customer_id", "into_customer_id")
    joined = rows.left_join(merges, rows.customer_id == merges.from_customer_id)
    return joined.select(
        customer_id=ibis.coalesce(joined.into_customer_id, joined.customer_id), occurred_at=joined.occurred_at
    )


def read_active(period: Period, names: tuple[str, ...]) -> dict[str, Any]:
    """count, customer_count, again_count, before_count, gone_count of the events of these names."""

    def build() -> ibis.Table:
        events = build_events(names)
        events = events.filter(events.occurred_at < build_moment(period.until_at))
        inside = is_in(events.occurred_at, period)
        each = events.group_by("customer_id").agg(
            count=inside.sum(),
            ever_count=events.count(),
            before_count=is_in(events.occurred_at, period.before).sum(),
        )
        there, was_there = each["count"] > 0, each.before_count > 0
        return each.aggregate(
            count=each["count"].sum(),
            customer_count=there.sum(),
            again_count=(there & (each.ever_count >= 2)).sum(),
            before_count=was_there.sum(),
            gone_count=(was_there & ~there).sum(),
        )

    return ask("events", period, build, names)


def compute_event_churn(period: Period, names: tuple[str, ...]) -> KpiValue:
    row = read_active(period, names)
    return divide(
        row["gone_count"], row["before_count"], f"Nobody did {_list(names)} in the days before this time."
    )


class ActiveCustomers(Kpi):
    id, title, unit = "active-customers", "Active customers", "number"
    formula = "Customers who did one of the named events in the period."
    source = "The events named with the KPI (Order Completed where none is)."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        names = setting.events or ORDER
        count = int(read_active(period, names)["customer_count"] or 0)
        return (
            divide(count, 1, "", count)
            if count
            else KpiValue(None, f"Nobody did {_list(names)} in this time.")
        )


class EventCount(Kpi):
    id, title, unit = "event-count", "How often", "number"
    formula = "How often the named events happened in the period."
    source = "The events named with the KPI (Product Reviewed where none is)."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        names = setting.events or ("Product Reviewed",)
        row = read_active(period, names)
        count = int(row["count"] or 0)
        if not count:
            return KpiValue(None, f"Nobody did {_list(names)} in this time.")
        return divide(count, 1, "", int(row["customer_count"]))


class ReturnRate(Kpi):
    id, title, unit = "return-rate", "Came back", "share"
    formula = "Customers who did one of the named events in the period, and twice or more by its end, of all who did it."
    source = "The events named with the KPI (Order Completed where none is)."
    parts = ("did it again", "did it")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        names = setting.events or ORDER
        row = read_active(period, names)
        return divide(row["again_count"], row["customer_count"], f"Nobody did {_list(names)} in this time.")


class AdvocateShare(Kpi):
    id, title, unit = "advocate-share", "Share of advocates", "share"
    formula = "Customers who did one of the named events in the period, of those who bought (or did the base events) in it."
    source = "The events named with the KPI (Product Reviewed, Invite Sent where none is); Order Completed or base events."
    parts = ("advocates", "active")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        names, base = setting.events or ("Product Reviewed", "Invite Sent"), setting.base_events or ORDER

        def build() -> ibis.Table:
            did, active = (
                events.filter(is_in(events.occurred_at, period)).select("customer_id").distinct()
                for events in (build_events(names), build_events(base))
            )
            joined = active.left_join(did.mutate(is_advocate=True), "customer_id")
            return joined.aggregate(
                active=joined.count(), advocates=joined.is_advocate.fill_null(False).sum()
            )

        row = ask("advocates", period, build, names, base)
        return divide(row["advocates"], row["active"], f"Nobody did {_list(base)} in this time.")


class CheckoutRate(Kpi):
    id, title, unit = "checkout-rate", "Checkouts that end in an order", "share"
    formula = "Customers who started a checkout in the period and completed an order after it, of all who started one."
    source = "Checkout Started (or the events named), Order Completed."
    parts = ("ordered after it", "started a checkout")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        names = setting.events or CHECKOUT

        def build() -> ibis.Table:
            started, ordered = build_events(names), build_events(ORDER)
            started, ordered = (rows.filter(is_in(rows.occurred_at, period)) for rows in (started, ordered))
            first = started.group_by("customer_id").agg(started_at=started.occurred_at.min())
            last = ordered.group_by("customer_id").agg(ordered_at=ordered.occurred_at.max())
            joined = first.left_join(last, "customer_id")
            return joined.aggregate(
                started=joined.count(), done=(joined.ordered_at >= joined.started_at).fill_null(False).sum()
            )

        row = ask("checkouts", period, build, names)
        return divide(row["done"], row["started"], f"Nobody did {_list(names)} in this time.")


def read_first_use(period: Period, names: tuple[str, ...], within_days: int) -> dict[str, Any]:
    """Customers first seen in time to have had `within_days` by the period's end, and how soon they did it."""

    def build() -> ibis.Table:
        events = build_events(names)
        events = events.filter(events.occurred_at < build_moment(period.until_at))
        first = events.group_by("customer_id").agg(first_at=events.occurred_at.min())
        people = lakes.table("customers").select("customer_id", "first_seen_at")
        joined = people.left_join(first, "customer_id").drop("customer_id_right")
        late = joined.first_seen_at + ibis.interval(days=within_days)
        is_due = is_in(late, period)
        in_time = (joined.first_at <= late).fill_null(False)
        began = is_in(joined.first_at, period)
        days = (joined.first_at.epoch_seconds() - joined.first_seen_at.epoch_seconds()).cast(
            "float64"
        ) / 86_400
        return joined.aggregate(
            due_count=is_due.sum(),
            active_count=(is_due & in_time).sum(),
            began_count=began.sum(),
            began_days=days.quantile(0.5, where=began),
        )

    return ask("first use", period, build, names, within_days)


class ActivationRate(Kpi):
    id, title, unit = "activation-rate", "Activation rate", "share"
    formula = (
        "Customers who did one of the named events within so many days (30 where none are named) after they were first "
        "seen, of all whose days ended in the period."
    )
    source = "Customers: first seen; the events named with the KPI (Order Completed where none is)."
    parts = ("activated", "had the time")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        days = setting.within_days or _ACTIVATION_DAYS
        row = read_first_use(period, setting.events or ORDER, days)
        return divide(
            row["active_count"],
            row["due_count"],
            f"Nobody was first seen {days} days before some day of this time.",
        )


class TimeToFirstUse(Kpi):
    id, title, unit, is_lower_better = "time-to-first-use", "Time to first use", "days", True
    formula = "Days from first seen to the first of the named events: the median of those who did it first in the period."
    source = "Customers: first seen; the events named with the KPI (Order Completed where none is)."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        names = setting.events or ORDER
        row = read_first_use(period, names, setting.within_days or _ACTIVATION_DAYS)
        return say_median(
            row["began_days"],
            row["began_count"],
            f"Nobody did {_list(names)} for the first time in this time.",
        )


def _list(names: tuple[str, ...]) -> str:
    return " or ".join(names)
