"""`contact`: whether an e-mail address or a phone number is known."""

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.base.words import shorten
from tenure.segments.rfm.rules.base import ParseRule, rule_error


@dataclass(frozen=True)
class ContactRule:
    keys: ClassVar[tuple[str, ...]] = ("contact",)
    example: ClassVar[dict[str, Any]] = {"contact": "known"}

    is_known: bool

    @classmethod
    def parse(cls, key: str, value: Any, parse_rule: ParseRule) -> "ContactRule":
        if value not in ("known", "unknown"):
            raise rule_error(f"contact: {shorten(value)} is neither 'known' nor 'unknown'.")
        return cls(value == "known")

    def build(self, customers: ibis.Table) -> BooleanValue:
        return customers.is_contact_known if self.is_known else ~customers.is_contact_known

    def describe(self) -> str:
        return "a known e-mail or phone" if self.is_known else "no e-mail or phone known"
