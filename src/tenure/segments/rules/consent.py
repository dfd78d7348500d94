"""`consent`: whether she agreed to a purpose."""

from typing import Any, ClassVar, Literal

import ibis
from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field

from tenure.segments.compiling.moments import NOW, build_earliest
from tenure.segments.compiling.needs import Aggregate, Column, Coming, Facts, Need
from tenure.segments.compiling.sources import EventSource
from tenure.segments.rules.base import Rule, Surroundings
from tenure.segments.rules.comparing import Comparison
from tenure.segments.rules.form import Input
from tenure.segments.rules.testing import PropertyTest

_SOURCE = EventSource("consent")


class ConsentRule(Rule):
    """Her last `consent` event of the category says `accept` and is still valid (`valid_until`: a moment, Unix seconds,
    or `unlimited`, which is also what a missing one means). No event is no consent."""

    title: ClassVar[str] = "Consent"
    group: ClassVar[str] = "Permission"
    note: ClassVar[str] = "Customers who were never asked have not agreed."
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"kind": "consent", "purpose": "newsletter"},)

    form: ClassVar[tuple[Input, ...]] = (
        Input("purpose", "Has agreed to", is_required=True, suggest="purpose"),
    )

    kind: Literal["consent"] = "consent"
    purpose: str = Field(min_length=1, max_length=100)

    def describe(self) -> str:
        return f"has agreed to {self.purpose}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return (("event", "consent"),)

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (self._last(Column("action")), self._last(Column("valid_until", "moment")), Coming(_SOURCE))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        is_accepted: BooleanValue = (facts.get(self._last(Column("action"))) == "accept").fill_null(False)
        until = facts.get_moment(self._last(Column("valid_until", "moment")))
        return is_accepted & (until.isnull() | (until > NOW))

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        until = facts.get_moment(self._last(Column("valid_until", "moment")))
        return build_earliest([ibis.ifelse(until > NOW, until, None), facts.get_moment(Coming(_SOURCE))])

    def _last(self, column: Column) -> Aggregate:
        of_purpose = PropertyTest(Column("category"), Comparison(operator="equals", value=self.purpose))
        return Aggregate(_SOURCE, "last_text", (of_purpose,), of=column)
