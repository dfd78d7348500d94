"""`all` and `any`: rules of rules."""

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.segments.rfm.rules.base import ParseRule, Rule, rule_error


@dataclass(frozen=True)
class AllRule:
    keys: ClassVar[tuple[str, ...]] = ("all",)
    example: ClassVar[dict[str, Any]] = {"all": [{"r": 1}, {"n": ">=3"}]}

    parts: tuple[Rule, ...]

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "AllRule":
        return cls(_parse_parts(key, value, parse_rule))

    def build(self, customers: ibis.Table) -> BooleanValue:
        return reduce(and_, (part.build(customers) for part in self.parts))

    def describe(self) -> str:
        return _join(" and ", self.parts)


@dataclass(frozen=True)
class AnyRule:
    keys: ClassVar[tuple[str, ...]] = ("any",)
    example: ClassVar[dict[str, Any]] = {"any": [{"m": 5}, {"m": ">=3", "n": ">=3"}]}

    parts: tuple[Rule, ...]

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "AnyRule":
        return cls(_parse_parts(key, value, parse_rule))

    def build(self, customers: ibis.Table) -> BooleanValue:
        return reduce(or_, (part.build(customers) for part in self.parts))

    def describe(self) -> str:
        return _join(" or ", self.parts)


def _parse_parts(key: str, value: Any, parse_rule: ParseRule) -> tuple[Rule, ...]:
    if not isinstance(value, list) or not value:
        raise rule_error(f"{key}: write a list of rules.")
    return tuple(parse_rule(part) for part in value)


def _join(word: str, parts: tuple[Rule, ...]) -> str:
    texts = [
        f"({part.describe()})"
        if isinstance(part, AllRule | AnyRule) and len(part.parts) > 1
        else part.describe()
        for part in parts
    ]
    return word.join(texts)
