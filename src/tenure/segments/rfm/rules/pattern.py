"""`rf`, `rfm`, ...: a pattern over scores written one after the other, such as `rf: "[12][34]"`."""

import re
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.base.words import shorten
from tenure.segments.rfm.rules.base import ParseRule, rule_error
from tenure.segments.rfm.rules.scores import SCORE_NAMES


@dataclass(frozen=True)
class PatternRule:
    """The figures that match are listed when the rule is read, so that an engine only compares numbers."""

    keys: ClassVar[tuple[str, ...]] = ("rf", "rm", "fm", "rfm")
    example: ClassVar[dict[str, Any]] = {"rf": "[12][34]"}

    dimensions: str
    pattern: str
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "PatternRule":
        pattern = str(value)
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise rule_error(f"{key}: {shorten(pattern)} is not a pattern: {error}.") from error
        texts = ("".join(figures) for figures in product("12345", repeat=len(key)))
        numbers = tuple(int(text) for text in texts if compiled.fullmatch(text))
        if not numbers:
            raise rule_error(
                f"{key}: no scores match {shorten(pattern)}; write one figure or [list] per score."
            )
        return cls(key, pattern, numbers)

    def build(self, customers: ibis.Table) -> BooleanValue:
        number = customers[self.dimensions[0]].cast("int32")
        for dimension in self.dimensions[1:]:
            number = number * 10 + customers[dimension]
        return number.isin(self.numbers)

    def describe(self) -> str:
        names = [SCORE_NAMES[dimension] for dimension in self.dimensions]
        return f"{' and '.join(names)} scores like {self.pattern}"
