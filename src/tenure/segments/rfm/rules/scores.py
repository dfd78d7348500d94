"""`r`, `f`, `m`: one of the three scores."""

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.base.words import shorten
from tenure.segments.rfm.rules.base import Bounds, ParseRule, rule_error

SCORE_NAMES = {"r": "recency", "f": "frequency", "m": "monetary"}


@dataclass(frozen=True)
class ScoreRule:
    keys: ClassVar[tuple[str, ...]] = ("r", "f", "m")
    example: ClassVar[dict[str, Any]] = {"r": ">=4"}

    dimension: str
    bounds: Bounds

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "ScoreRule":
        bounds = Bounds.parse(key, value)
        if any(edge is not None and not 1 <= edge <= 5 for edge in (bounds.low, bounds.high)):
            raise rule_error(f"{key}: scores run from 1 to 5, so {shorten(value)} says nothing.")
        return cls(key, bounds)

    def build(self, customers: ibis.Table) -> BooleanValue:
        return self.bounds.build(customers[self.dimension])

    def describe(self) -> str:
        return f"a {SCORE_NAMES[self.dimension]} score of {self.bounds.describe()}"
