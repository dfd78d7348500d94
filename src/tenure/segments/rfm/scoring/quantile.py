"""`quantile`: cut-points at the 20, 40, 60 and 80 percentiles of the values."""

from typing import Any, ClassVar, Literal

import ibis
from ibis.expr.types import Scalar

from tenure.segments.rfm.scoring.base import Cuts, Dimension, Method


class QuantileMethod(Method):
    """Five bins between linearly interpolated percentiles; a value on a percentile is in the bin below.

    The bins of `pandas.qcut(values, 5)`, except that equal percentiles are no error: the bins between them
    stay empty. Where less is better the bins are numbered the other way round.
    """

    method: Literal["quantile"] = "quantile"
    example: ClassVar[dict[str, Any]] = {"method": "quantile"}

    def build_numbers(self, scored: ibis.Table, dimension: Dimension) -> dict[str, Scalar]:
        return {"percentiles": dimension.build_value(scored).quantile([0.2, 0.4, 0.6, 0.8])}

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        percentiles = tuple(numbers.get("percentiles") or ())
        if dimension.is_lower_better:
            return Cuts("quantile", percentiles[::-1], is_inclusive=True)
        return Cuts("quantile", percentiles, is_inclusive=False)

    def describe(self) -> str:
        return "Cut-points at the 20, 40, 60 and 80 percentiles."
