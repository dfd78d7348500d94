"""`rhythm`: recency measured in the shop's own rhythm of orders."""

from typing import Any, ClassVar, Literal

import ibis
from pydantic import Field

from tenure.segments.rfm.scoring.base import Cuts, Dimension, Method


class RhythmMethod(Method):
    """5 up to G/2 days since the last order, 4 up to G, 3 up to 2G, 2 up to 4G, 1 beyond.

    G is the `percentile` (linear interpolation) of the days between two consecutive order days of one
    customer, over all customers, at least `at_least_days`; `young_shop_days` while there are fewer than
    `enough_gaps` such gaps. For dimension R only.
    """

    method: Literal["rhythm"] = "rhythm"
    percentile: float = Field(0.75, gt=0, lt=1)
    at_least_days: float = Field(14, gt=0)
    enough_gaps: int = Field(100, ge=1)
    young_shop_days: float = Field(45, gt=0)
    example: ClassVar[dict[str, Any]] = {"method": "rhythm", "at_least_days": 14}

    def build_facts(self, gaps: ibis.Table) -> ibis.Table | None:
        return gaps.aggregate(gap_count=gaps.count(), gap_days=gaps.gap_days.quantile(self.percentile))

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        is_young = numbers.get("gap_count", 0) < self.enough_gaps
        days = self.young_shop_days if is_young else max(self.at_least_days, float(numbers["gap_days"]))
        bars = (4.0 * days, 2.0 * days, 1.0 * days, days / 2.0)
        return Cuts("rhythm", bars, is_inclusive=True, rhythm_days=days)

    def describe(self) -> str:
        return "Days since the last order, held against the days that usually pass between two orders in this shop."
