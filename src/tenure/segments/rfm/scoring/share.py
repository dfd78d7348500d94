"""`share`: a customer's score follows from the share of customers who are strictly worse."""

from typing import Any, ClassVar, Literal

import ibis
from ibis.expr.types import Scalar

from tenure.segments.rfm.scoring.base import Cuts, Dimension, Method
from tenure.segments.rfm.scoring.order_statistics import build_order_statistics, list_values


class ShareMethod(Method):
    """min(5, 1 + floor(5 * (customers strictly worse) / (all scored customers))): ties share a score.

    At least j customers are strictly worse exactly when the j-th worst value is, so that a score of k needs
    a value strictly better than the ceil((k - 1) * N / 5)-th worst.
    """

    method: Literal["share"] = "share"
    example: ClassVar[dict[str, Any]] = {"method": "share"}

    def build_numbers(self, scored: ibis.Table, dimension: Dimension) -> dict[str, Scalar]:
        worth = dimension.build_worth(scored)
        return {"worst": build_order_statistics(worth, [0.2, 0.4, 0.6, 0.8])}

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        return Cuts("share", list_values(numbers.get("worst"), dimension.is_lower_better), is_inclusive=False)

    def describe(self) -> str:
        return "Fifths of all customers with an order, by how many do worse; equal customers score equally."
