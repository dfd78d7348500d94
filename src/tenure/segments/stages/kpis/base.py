"""What a KPI is: one object that is computed with the numbers behind it, and says how."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol

import ibis

from tenure.base import clock
from tenure.lake import api as lakes

DAYS = 90
STALE_SECONDS = 60.0
PAST_STALE_SECONDS = 600.0
Unit = Literal["share", "days", "minutes", "amount", "number"]


@dataclass(frozen=True)
class Period:
    """Whole days, UTC: from the start of `from_on` to the end of `to_on`."""

    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1

    @property
    def from_at(self) -> datetime:
        return datetime.combine(self.from_on, time.min, UTC)

    @property
    def until_at(self) -> datetime:
        """The first moment after it; never later than now."""
        return min(datetime.combine(self.to_on + timedelta(days=1), time.min, UTC), clock.now())

    @property
    def before(self) -> "Period":
        """As many days right before it."""
        return Period(self.from_on - timedelta(days=self.days), self.from_on - timedelta(days=1))


def last_days(days: int = DAYS) -> Period:
    """The last days up to today."""
    return Period(clock.today() - timedelta(days=days - 1), clock.today())


@dataclass(frozen=True)
class KpiValue:
    """A figure with what it was computed from. `value` is None, with a `reason`, where it cannot be computed."""

    value: Decimal | None
    reason: str = ""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    n: int = 0
    """How many customers, orders, visits or mails it rests on."""


class Setting(Protocol):
    """What a stage says about its KPI: see `model.KpiSetting`."""

    @property
    def events(self) -> tuple[str, ...]: ...

    @property
    def base_events(self) -> tuple[str, ...]: ...

    @property
    def within_days(self) -> int | None: ...

    @property
    def monthly_cost(self) -> Decimal | None: ...


class Kpi(ABC):
    """`formula` is a plain sentence, `source` names the data; both are shown and documented."""

    id: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[Unit]
    is_lower_better: ClassVar[bool] = False
    formula: ClassVar[str]
    source: ClassVar[str]
    parts: ClassVar[tuple[str, str]] = ("", "")
    """What numerator and denominator count, in words."""

    @abstractmethod
    def compute(self, period: Period, setting: Setting) -> KpiValue:
        """The figure of a period."""


def divide(top: Any, bottom: Any, reason: str, n: int | None = None) -> KpiValue:
    """A ratio; None with the reason where there is nothing to divide by."""
    numerator, denominator = Decimal(str(top or 0)), Decimal(str(bottom or 0))
    if not denominator:
        return KpiValue(None, reason, numerator, denominator)
    return KpiValue(numerator / denominator, "", numerator, denominator, int(denominator) if n is None else n)


def build_moment(moment: datetime) -> ibis.expr.types.TimestampScalar:
    """An aware moment as the lake's naive UTC."""
    return ibis.timestamp(
        moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    )


def is_in(moment: ibis.expr.types.TimestampValue, period: Period) -> ibis.expr.types.BooleanValue:
    inside: ibis.expr.types.BooleanValue = (moment >= build_moment(period.from_at)) & (
        moment < build_moment(period.until_at)
    )
    return inside.fill_null(False)


def find_staleness(period: Period) -> float:
    """How old an answer may be, in seconds: what is past changes only by what comes late."""
    return STALE_SECONDS if period.to_on >= clock.today() else PAST_STALE_SECONDS


def ask(name: str, period: Period, build: Any, *more: Any) -> dict[str, Any]:
    """The one row of `build()`; asked once for all KPIs that need it, and kept for a while."""
    lake = lakes.current()

    def read() -> dict[str, Any]:
        with lake.heavy():
            return lake.read_rows(build())[0]

    row: dict[str, Any] = lake.answers.get(("kpi", name, period, *more), read, find_staleness(period))
    return row
