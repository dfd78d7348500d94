"""`attribute`: what is known of the customer."""

from typing import Any, ClassVar, Literal, Self

import ibis
from ibis.expr.types import BooleanValue, DateValue, TimestampValue
from pydantic import Field, model_validator

from tenure.segments.compiling.needs import Column, Fact, Facts, Need
from tenure.segments.rules.base import Rule, Surroundings
from tenure.segments.rules.comparing import Comparison
from tenure.segments.rules.form import Input

LOCAL_DAY = Fact("day", Column("local_on", "text"))
DAY_ENDS = Fact("day", Column("local_day_ends_at", "moment"))
PROFILE: dict[str, str] = {
    "customer_id": "text", "email": "text", "phone": "text", "name": "text", "country": "text", "timezone": "text",
    "is_known": "boolean", "first_seen_at": "date", "last_seen_at": "date", "first_order_at": "date",
    "last_order_at": "date", "event_count": "number", "order_count": "number", "revenue": "number",
}  # fmt: skip
"""Attributes that Tenure itself keeps, with their type; every other name is a trait."""


def find_fact(name: str, comparison: Comparison) -> Fact:
    return Fact("profile" if name in PROFILE else "trait", Column(name, comparison.read_as))


class AttributeRule(Comparison, Rule):
    """A trait (`country`, `address.city`), or one of the facts that Tenure keeps (`revenue`, `last_order_at`).

    Dates are compared by the day; those relative to today by the customer's own day, in her time zone (the shop's
    where none is known). The anniversary of 29 February is on 28 February in common years; what lies in the future has
    none yet.
    """

    title: ClassVar[str] = "Attribute"
    group: ClassVar[str] = "Who they are"
    note: ClassVar[str] = (
        "“Is not”, “is none of” and “does not contain” include customers of whom it is unknown."
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "attribute", "name": "country", "operator": "one_of", "value": ["DE", "AT"]},
        {"kind": "attribute", "name": "revenue", "type": "number", "operator": "at_least", "value": 100},
        {
            "kind": "attribute",
            "name": "birthday",
            "type": "date",
            "operator": "anniversary_in_days",
            "value": 7,
        },
        {"kind": "attribute", "name": "interests", "type": "list", "operator": "contains", "value": "coffee"},
        {"kind": "attribute", "name": "newsletter", "type": "boolean", "operator": "is_true"},
        {"kind": "attribute", "name": "email", "operator": "unknown"},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input("name", "Attribute", is_required=True, suggest="attribute", types=PROFILE, shapes=True),
        Input("", "", "comparison", suggest="attribute"),
    )

    kind: Literal["attribute"] = "attribute"
    name: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _type_fits(self) -> Self:
        wanted = PROFILE.get(self.name)
        if wanted is not None and self.type != wanted and self.operator not in ("known", "unknown"):
            raise ValueError(f"type: {self.name} is a {wanted}, not a {self.type}")
        return self

    def describe(self) -> str:
        name = self.name.replace("_", " ") if self.name in PROFILE else self.name
        return f"{name} {Comparison.describe(self)}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return () if self.name in PROFILE else (("attribute", self.name),)

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (find_fact(self.name, self), *((LOCAL_DAY, DAY_ENDS) if self.needs_day else ()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:  # type: ignore[override]
        day: DateValue | None = facts.get(LOCAL_DAY) if self.needs_day else None
        return Comparison.build(self, facts.get(find_fact(self.name, self)), day)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue | None:
        """At the end of her day, for those of whom the date is known."""
        if not self.needs_day:
            return None
        is_known = facts.get(find_fact(self.name, self)).notnull()
        moment: TimestampValue = ibis.ifelse(is_known, facts.get(DAY_ENDS), None)
        return moment
