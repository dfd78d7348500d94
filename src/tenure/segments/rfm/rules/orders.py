"""`n`: how many orders count for a customer."""

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.segments.rfm.rules.base import Bounds, ParseRule


@dataclass(frozen=True)
class OrderCountRule:
    keys: ClassVar[tuple[str, ...]] = ("n",)
    example: ClassVar[dict[str, Any]] = {"n": ">=4"}

    bounds: Bounds

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "OrderCountRule":
        return cls(Bounds.parse(key, value))

    def build(self, customers: ibis.Table) -> BooleanValue:
        return self.bounds.build(customers.order_count)

    def describe(self) -> str:
        if self.bounds == Bounds(0, 0):
            return "no order yet"
        noun = "order" if self.bounds == Bounds(1, 1) else "orders"
        return f"{self.bounds.describe()} {noun}"
