"""What a rule kind is, and the bounds that several kinds share."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import ibis
from ibis.expr.types import BooleanValue, NumericValue

from tenure.base.errors import TenureError
from tenure.base.words import shorten


class Rule(Protocol):
    """One condition on a scored customer: the same object compiles it and says it.

    The table given to `build` has order_count, is_contact_known and the scores r, f, m (1 to 5, NULL for
    customers without a counted order). A score that is NULL meets no condition.
    """

    keys: ClassVar[tuple[str, ...]]
    example: ClassVar[dict[str, Any]]

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: "ParseRule") -> "Rule":
        """Read the value of one of `keys`; `parse_rule` reads rules inside it."""
        ...

    def build(self, customers: ibis.Table) -> BooleanValue: ...

    def describe(self) -> str: ...


ParseRule = Callable[[Any], Rule]


def rule_error(message: str) -> TenureError:
    return TenureError("bad_rule", message, field="rule")


_BOUND = re.compile(r"^\s*(?P<sign>>=|<=|>|<|==|=)?\s*(?P<number>\d+)\s*$")
_RANGE = re.compile(r"^\s*(?P<low>\d+)\s*(?:\.\.|-|to)\s*(?P<high>\d+)\s*$")


@dataclass(frozen=True)
class Bounds:
    """Whole numbers from `low` to `high`, both included; None is open."""

    low: int | None
    high: int | None

    @classmethod
    def parse(cls, key: str, value: Any) -> "Bounds":
        """Read `4`, `">=4"`, `"<=2"`, `">1"`, `"<3"`, `"=4"` or `"3..4"`."""
        if isinstance(value, int) and not isinstance(value, bool):
            return cls(value, value)
        text = str(value)
        if span := _RANGE.match(text):
            low, high = int(span["low"]), int(span["high"])
            if low > high:
                raise rule_error(f"{key}: {text} is empty; write the smaller number first.")
            return cls(low, high)
        if not (bound := _BOUND.match(text)):
            raise rule_error(f"{key}: cannot read {shorten(value)}; write 4, '>=4', '<=2' or '3..4'.")
        number = int(bound["number"])
        match bound["sign"]:
            case ">=":
                return cls(number, None)
            case "<=":
                return cls(None, number)
            case ">":
                return cls(number + 1, None)
            case "<":
                return cls(None, number - 1)
        return cls(number, number)

    def build(self, value: NumericValue) -> BooleanValue:
        if self.low is not None and self.low == self.high:
            return value == self.low
        if self.low is None:
            return value <= self.high
        if self.high is None:
            return value >= self.low
        return (value >= self.low) & (value <= self.high)

    def describe(self) -> str:
        if self.low is not None and self.low == self.high:
            return str(self.low)
        if self.low is None:
            return f"at most {self.high}"
        if self.high is None:
            return f"at least {self.low}"
        return f"{self.low} to {self.high}"
