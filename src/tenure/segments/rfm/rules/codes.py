"""`codes`: lists of three-figure RFM codes such as 445 or 351-353."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.base.words import shorten
from tenure.segments.rfm.rules.base import ParseRule, rule_error

_CODE = re.compile(r"[1-5]{3}")


@dataclass(frozen=True)
class CodesRule:
    keys: ClassVar[tuple[str, ...]] = ("codes",)
    example: ClassVar[dict[str, Any]] = {"codes": "445 454 351-353"}

    codes: tuple[int, ...]

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "CodesRule":
        parts = (
            re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else [str(part) for part in value]
        )
        codes: list[int] = []
        for part in parts:
            low, _, high = part.partition("-")
            high = high or low
            if not (_CODE.fullmatch(low) and _CODE.fullmatch(high) and low <= high):
                raise rule_error(
                    f"codes: {shorten(part)} is not an RFM code; write codes like 445 or 351-353."
                )
            codes += [code for code in range(int(low), int(high) + 1) if _CODE.fullmatch(str(code))]
        if len(set(codes)) < len(codes):
            twice = sorted({code for code in codes if codes.count(code) > 1})
            raise rule_error(f"codes: {twice[0]} is listed twice.")
        return cls(tuple(codes))

    def build(self, customers: ibis.Table) -> BooleanValue:
        return (customers.r.cast("int32") * 100 + customers.f * 10 + customers.m).isin(self.codes)

    def describe(self) -> str:
        return "one of the RFM codes " + ", ".join(map(str, self.codes))
