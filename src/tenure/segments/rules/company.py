"""`company`: what is known of the company she belongs to."""

from typing import Any, ClassVar, Literal, Self

import ibis
from ibis.expr.types import BooleanValue, DateValue, TimestampValue
from pydantic import Field, model_validator

from tenure.segments.compiling.needs import Column, Fact, Facts, Need
from tenure.segments.rules.attribute import DAY_ENDS, LOCAL_DAY
from tenure.segments.rules.base import Rule, Surroundings
from tenure.segments.rules.comparing import Comparison
from tenure.segments.rules.form import Input


class CompanyRule(Comparison, Rule):
    """A trait of her company as the last `group` call gave it; `company_id` is its id. Those without a company are as
    those of whose company it is unknown."""

    title: ClassVar[str] = "Company"
    group: ClassVar[str] = "Who they are"
    note: ClassVar[str] = "Customers without a company count as unknown."
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "company", "trait": "plan", "value": "enterprise"},
        {"kind": "company", "trait": "employees", "type": "number", "operator": "at_least", "value": 50},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input("trait", "Trait of the company", is_required=True, suggest="company trait"),
        Input("", "", "comparison", suggest="company trait"),
    )

    kind: Literal["company"] = "company"
    trait: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _id_is_text(self) -> Self:
        if self.trait == "company_id" and self.type != "text" and self.operator not in ("known", "unknown"):
            raise ValueError(f"type: company_id is a text, not a {self.type}")
        return self

    def describe(self) -> str:
        return f"company {self.trait} {Comparison.describe(self)}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return (("company trait", self.trait),)

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (self._fact, *((LOCAL_DAY, DAY_ENDS) if self.needs_day else ()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:  # type: ignore[override]
        day: DateValue | None = facts.get(LOCAL_DAY) if self.needs_day else None
        return Comparison.build(self, facts.get(self._fact), day)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue | None:
        if not self.needs_day:
            return None
        moment: TimestampValue = ibis.ifelse(facts.get(self._fact).notnull(), facts.get(DAY_ENDS), None)
        return moment

    @property
    def _fact(self) -> Fact:
        return Fact("company", Column(self.trait, self.read_as))
