"""Figures of visits: 30 minutes of silence end one."""

from typing import Any

import ibis

from tenure.customers import api as customers_api
from tenure.segments.stages.kpis.base import Kpi, KpiValue, Period, Setting, ask, divide, is_in

_NO_VISITS = "No visits in this time: connect the site's page views."


def read_visits(period: Period) -> dict[str, Any]:
    """visit_count, visitor_count, and the minutes of all visits."""

    def build() -> ibis.Table:
        visits = customers_api.build_sessions()
        inside = visits.filter(is_in(visits.started_at, period))
        seconds = inside.ended_at.epoch_seconds() - inside.started_at.epoch_seconds()
        return inside.aggregate(
            visit_count=inside.count(),
            visitor_count=inside.customer_id.nunique(),
            minutes=(seconds.sum() / 60).cast("float64"),
        )

    return ask("visits", period, build)


class Reach(Kpi):
    id, title, unit = "reach", "Visitors", "number"
    formula = "Customers, known or not, who visited at least once in the period."
    source = "Visits (page, screen and track events)."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        return _count(read_visits(period), "visitor_count")


class Visits(Kpi):
    id, title, unit = "visits", "Visits", "number"
    formula = "Visits that began in the period; 30 minutes of silence end one."
    source = "Visits (page, screen and track events)."

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        return _count(read_visits(period), "visit_count")


class TimeOnSite(Kpi):
    id, title, unit = "time-on-site", "Time on site", "minutes"
    formula = "Minutes from the first to the last event of a visit, on average over the visits of the period."
    source = "Visits (page, screen and track events)."
    parts = ("minutes", "visits")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_visits(period)
        return divide(row["minutes"], row["visit_count"], _NO_VISITS)


def _count(row: dict[str, Any], name: str) -> KpiValue:
    count = int(row[name] or 0)
    return divide(count, 1, "", count) if count else KpiValue(None, _NO_VISITS)
