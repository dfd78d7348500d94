"""The door of insights: what a team looks at first."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import ibis

from tenure.base import clock
from tenure.campaigns import api as campaigns
from tenure.insights import queries
from tenure.insights.concerns import Concern, list_concerns
from tenure.lake import api as lakes
from tenure.segments import api as segments

DAYS = 30
WEEKS = 26
WEEKS_SECONDS = 60.0
REACTIVATION = "Reactivation"


@dataclass(frozen=True)
class Headline:
    """The four figures on top. None where there is nothing to compare or to divide by."""

    customers_count: int
    revenue_amount: Decimal
    previous_revenue_amount: Decimal
    orders_count: int
    buyers_count: int
    repeat_buyers_count: int
    reachable_count: int
    lapsed_count: int
    previous_lapsed_count: int | None
    last_seen_at: datetime | None

    @property
    def revenue_change_share(self) -> float | None:
        if self.previous_revenue_amount <= 0:
            return None
        return float(self.revenue_amount / self.previous_revenue_amount) - 1

    @property
    def repeat_share(self) -> float | None:
        return self.repeat_buyers_count / self.buyers_count if self.buyers_count else None

    @property
    def reachable_share(self) -> float | None:
        return self.reachable_count / self.customers_count if self.customers_count else None

    @property
    def lapsed_change_count(self) -> int | None:
        return None if self.previous_lapsed_count is None else self.lapsed_count - self.previous_lapsed_count


@dataclass(frozen=True)
class PhaseRow:
    phase: str
    colour_slot: int
    customers_count: int
    revenue_amount: Decimal
    share: float
    revenue_share: float


@dataclass(frozen=True)
class WeekRow:
    week_on: date
    first_count: int
    repeat_count: int


@dataclass(frozen=True)
class Movement:
    """Customers who went from one phase to another; `is_up` is progress in the lifecycle."""

    from_phase: str
    to_phase: str
    from_slot: int
    to_slot: int
    customers_count: int
    is_up: bool


@dataclass(frozen=True)
class Movements:
    from_on: date
    to_on: date
    rows: tuple[Movement, ...]
    up_count: int
    down_count: int
    lapsed_before_count: int


@dataclass(frozen=True)
class Dashboard:
    headline: Headline
    weeks: tuple[WeekRow, ...]
    phases: tuple[PhaseRow, ...]
    movements: Movements | None
    concerns: tuple[Concern, ...]


@dataclass(frozen=True)
class MeasuringCampaign:
    name: str
    href: str
    until: datetime


@dataclass(frozen=True)
class LastCampaign:
    """What the latest measured campaign proved, in one sentence, and all others that are still being measured.

    While none is measured to its end, it is the latest sent one, so far.
    """

    name: str
    href: str
    sentence: str
    is_measuring: bool
    measured_until: datetime | None
    others_measuring: tuple[MeasuringCampaign, ...]


def find_last_campaign() -> LastCampaign | None:
    """The latest campaign whose measuring is over, or else the latest sent; None before the first."""
    sent = [
        (one, one.planned_at + timedelta(days=one.measure_days))
        for one in campaigns.list_campaigns()
        if one.planned_at
    ]
    if not sent:
        return None
    shown, until = next(((one, until) for one, until in sent if until <= clock.now()), sent[0])
    report = campaigns.get_report(shown.id)
    others = tuple(
        MeasuringCampaign(one.name, f"/campaigns/{one.id}/", end)
        for one, end in sent
        if end > clock.now() and one.id != shown.id
    )
    return LastCampaign(
        shown.name, f"/campaigns/{shown.id}/", report.statement, until > clock.now(), until, others
    )


def has_customers() -> bool:
    """Whether anything was collected yet."""
    return bool(lakes.current().read_rows(queries.build_anybody()))


def get_dashboard() -> Dashboard:
    """Everything on the first page, as of now."""
    preset = segments.get_preset()
    movements = find_movements(preset, DAYS)
    counts = _ask("phases", queries.build_phases)
    lapsed = sum(row["customers_count"] for row in counts if row["phase"] == REACTIVATION)
    totals = _ask("totals", queries.build_totals)[0]
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    money = _ask(("revenue", minute), lambda: queries.build_revenue(now, DAYS))[0]
    headline = Headline(
        customers_count=int(totals["customers_count"]),
        revenue_amount=money["revenue"] or Decimal(0),
        previous_revenue_amount=money["previous_revenue"] or Decimal(0),
        orders_count=int(money["orders_count"]),
        buyers_count=int(totals["buyers_count"]),
        repeat_buyers_count=int(totals["repeat_buyers_count"]),
        reachable_count=int(totals["reachable_count"]),
        lapsed_count=lapsed,
        previous_lapsed_count=movements.lapsed_before_count if movements else None,
        last_seen_at=totals["last_seen_at"],
    )
    return Dashboard(
        headline=headline,
        weeks=list_weeks(clock.today()),
        phases=_phase_rows(preset, counts),
        movements=movements,
        concerns=list_concerns(preset, counts, headline.last_seen_at),
    )


def _ask(key: Hashable, build: Callable[[], ibis.Table], stale_seconds: float = 0.0) -> list[dict[str, Any]]:
    """Rows of a query over all customers or orders, asked again only when the lake has changed."""
    lake = lakes.current()

    def read() -> list[dict[str, Any]]:
        with lake.heavy():
            return lake.read_rows(build())

    return lake.answers.get(("dashboard", key), read, stale_seconds)


def list_weeks(today: date, weeks: int = WEEKS) -> tuple[WeekRow, ...]:
    """The last full weeks before `today`, Monday to Sunday, empty ones included.

    What comes in late for a week that is over shows within `WEEKS_SECONDS`.
    """
    end = today - timedelta(days=today.weekday())
    start = end - timedelta(weeks=weeks)
    ordered, first = (
        {
            row["week_on"]: row["orders_count"]
            for row in _ask((build.__name__, start, end), partial(build, start, end), WEEKS_SECONDS)
        }
        for build in (queries.build_orders_per_week, queries.build_first_orders_per_week)
    )
    days = [start + timedelta(weeks=number) for number in range(weeks)]
    rows = [WeekRow(day, first.get(day, 0), max(0, ordered.get(day, 0) - first.get(day, 0))) for day in days]
    while len(rows) > 8 and not rows[0].first_count and not rows[0].repeat_count:
        rows.pop(0)
    return tuple(rows)


def find_movements(preset: segments.Preset, days: int) -> Movements | None:
    """Who changed phase in the last `days`; None when nobody was in a segment that long ago."""
    to_on = clock.today()
    from_on = to_on - timedelta(days=days)
    phase_of = {segment.name: segment.phase for segment in preset.segments}
    order = {phase.name: number for number, phase in enumerate(preset.phases)}
    slots = {phase.name: phase.colour_slot for phase in preset.phases}
    counts: dict[tuple[str, str], int] = {}
    lapsed_before = 0
    for row in segments.compute_migration(from_on, to_on, preset):
        before, after = phase_of.get(row.from_segment or ""), phase_of.get(row.to_segment or "")
        if before is None or after is None:
            continue
        if before == REACTIVATION:
            lapsed_before += row.customers_count
        counts[before, after] = counts.get((before, after), 0) + row.customers_count
    if not counts:
        return None

    def rank(phase: str) -> int:
        return -1 if phase == REACTIVATION else order[phase]

    rows = [
        Movement(before, after, slots[before], slots[after], number, rank(after) > rank(before))
        for (before, after), number in counts.items()
        if before != after
    ]
    rows.sort(key=lambda row: -row.customers_count)
    return Movements(
        from_on,
        to_on,
        tuple(rows),
        sum(row.customers_count for row in rows if row.is_up),
        sum(row.customers_count for row in rows if not row.is_up),
        lapsed_before,
    )


def _phase_rows(preset: segments.Preset, counts: list[dict[str, object]]) -> tuple[PhaseRow, ...]:
    total = sum(int(str(row["customers_count"])) for row in counts) or 1
    revenue_total = sum(float(str(row["revenue_amount"] or 0)) for row in counts)
    rows = []
    for phase in preset.phases:
        mine = [row for row in counts if row["phase"] == phase.name]
        people = sum(int(str(row["customers_count"])) for row in mine)
        revenue = sum((Decimal(str(row["revenue_amount"] or 0)) for row in mine), Decimal(0))
        rows.append(
            PhaseRow(
                phase.name, phase.colour_slot, people, revenue, people / total, _share(revenue, revenue_total)
            )
        )
    return tuple(rows)


def _share(part: Decimal, whole: float) -> float:
    return float(part) / whole if whole > 0 else 0.0
