"""What a scoring method is: numbers from the engine, cut-points from the numbers, scores from the cut-points."""

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, NumericValue, Scalar
from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Dimension:
    """R, F or M: the column that is scored, and whether less of it is better."""

    name: str
    column: str
    is_lower_better: bool

    def build_value(self, measures: ibis.Table) -> NumericValue:
        """The scored value as a double; amounts have four decimals, so none is lost below 10^11."""
        return measures[self.column].cast("float64")

    def build_worth(self, measures: ibis.Table) -> NumericValue:
        """The same, turned so that more is better."""
        value = self.build_value(measures)
        return -value if self.is_lower_better else value


DIMENSIONS = (
    Dimension("r", "days_since_last_order", True),
    Dimension("f", "order_count", False),
    Dimension("m", "revenue", False),
)


@dataclass(frozen=True)
class Cuts:
    """The bars of one dimension: `bars[i]` is to be passed for a score of `i + 2`.

    In the dimension's own unit (days, orders, money). Passed means better than the bar, or equal to it when
    `is_inclusive`. With `ties`, a customer with exactly the bar's value passes when her id comes later than
    the tie's (number, text); a number of None stands after all numbers.
    """

    method: str
    bars: tuple[float, ...]
    is_inclusive: bool
    ties: tuple[tuple[float | None, str], ...] = ()
    rhythm_days: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "bars": list(self.bars),
            "is_inclusive": self.is_inclusive,
            "ties": [list(tie) for tie in self.ties],
            "rhythm_days": self.rhythm_days,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Cuts":
        return cls(
            method=data["method"],
            bars=tuple(data["bars"]),
            is_inclusive=data["is_inclusive"],
            ties=tuple((number, text) for number, text in data["ties"]),
            rhythm_days=data["rhythm_days"],
        )

    def build_score(self, measures: ibis.Table, dimension: Dimension) -> IntegerValue:
        """The score 1 to 5 of each row."""
        branches = [
            (self._passes(measures, dimension, position), ibis.literal(position + 2, "int8"))
            for position in reversed(range(len(self.bars)))
        ]
        worst = ibis.literal(1, "int8")
        return ibis.cases(*branches, else_=worst) if branches else worst

    def _passes(self, measures: ibis.Table, dimension: Dimension, position: int) -> BooleanValue:
        value, bar = dimension.build_value(measures), self.bars[position]
        if self.is_inclusive:
            return value <= bar if dimension.is_lower_better else value >= bar
        better = value < bar if dimension.is_lower_better else value > bar
        if not self.ties:
            return better
        number, text = self.ties[position]
        own = build_id_number(measures)
        comes_later = measures.external_id > text
        if number is None:
            is_later = own.isnull() & comes_later
        else:
            is_later = own.isnull() | (own > number) | ((own == number) & comes_later)
        return better | ((value == bar) & is_later)


def build_id_number(measures: ibis.Table) -> NumericValue:
    """A customer's id as a number when it is one ("17850.0" too), else NULL."""
    is_number = measures.external_id.re_search(r"^-?[0-9]+(\.[0-9]+)?$")
    return ibis.ifelse(is_number, measures.external_id.try_cast("float64"), ibis.null("float64"))


class Method(BaseModel):
    """One way of finding cut-points. Its fields are the options a preset may set."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    method: str
    example: ClassVar[dict[str, Any]]

    def build_numbers(self, scored: ibis.Table, dimension: Dimension) -> dict[str, Scalar]:
        """Aggregates over the scored customers; all dimensions' are asked for in one query."""
        return {}

    def build_facts(self, gaps: ibis.Table) -> ibis.Table | None:
        """One row of further numbers from the days between orders (`gap_days`), in the same query."""
        return None

    def build_rows(self, scored: ibis.Table, scored_count: int, dimension: Dimension) -> ibis.Table | None:
        """A further small query, where the number of scored customers has to be known first."""
        return None

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        """Cut-points from what the queries above answered."""
        raise NotImplementedError

    def describe(self) -> str:
        """The method in one plain sentence."""
        raise NotImplementedError
