"""`repeat-share`: one order scores 1; the rest of the scale is shared out among repeat buyers."""

from typing import Any, ClassVar, Literal

import ibis
from ibis.expr.types import Scalar
from pydantic import Field

from tenure.segments.rfm.scoring.base import Cuts, Dimension, Method
from tenure.segments.rfm.scoring.order_statistics import build_order_statistics, list_values

SMALL_SHOP_ORDERS = (2.0, 3.0, 5.0, 8.0)
"""Orders needed for the scores 2 to 5 while a shop has few customers: 1, 2, 3 to 4, 5 to 7, 8 and more."""


class RepeatShareMethod(Method):
    """1 for one order; else min(5, 2 + floor(4 * (repeat buyers with fewer orders) / (all repeat buyers))).

    A shop full of one-time buyers does not make two orders a five. With fewer than `fixed_below` scored
    customers the fixed order counts of `SMALL_SHOP_ORDERS` apply. For dimension F only.
    """

    method: Literal["repeat-share"] = "repeat-share"
    fixed_below: int = Field(50, ge=0)
    example: ClassVar[dict[str, Any]] = {"method": "repeat-share", "fixed_below": 50}

    def build_numbers(self, scored: ibis.Table, dimension: Dimension) -> dict[str, Scalar]:
        orders = dimension.build_worth(scored)
        return {"repeat": build_order_statistics(orders, [0.25, 0.5, 0.75], where=scored.order_count >= 2)}

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        if scored_count < self.fixed_below:
            return Cuts("fixed", SMALL_SHOP_ORDERS, is_inclusive=True)
        return Cuts("repeat-share", (1.0, *list_values(numbers.get("repeat"), False)), is_inclusive=False)

    def describe(self) -> str:
        return "One order scores 1; repeat buyers are shared out over 2 to 5 by how many ordered less often."
