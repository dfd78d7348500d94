"""`list`: on a static list."""

from typing import Any, ClassVar, Literal

from ibis.expr.types import BooleanValue
from pydantic import Field

from tenure.segments.compiling.needs import Aggregate, Column, Facts, Need
from tenure.segments.compiling.sources import ListSource
from tenure.segments.rules.base import Rule, Surroundings
from tenure.segments.rules.comparing import Comparison
from tenure.segments.rules.form import Input
from tenure.segments.rules.testing import PropertyTest


class ListRule(Rule):
    """On the list since somebody put her there. Nobody is on a list that does not exist."""

    title: ClassVar[str] = "On a static list"
    group: ClassVar[str] = "Membership"
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"kind": "list", "name": "trade-fair-2026"},)

    form: ClassVar[tuple[Input, ...]] = (Input("name", "List", "select", is_required=True, suggest="list"),)

    kind: Literal["list"] = "list"
    name: str = Field(min_length=1, max_length=60)

    def describe(self) -> str:
        return f"is on the list {self.name}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return (("list", self.name),)

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (self._places(around),)

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return facts.get(self._places(around)).notnull()

    def _places(self, around: Surroundings) -> Aggregate:
        list_id = around.find_list_id(self.name)
        is_there = Comparison(type="number", operator="equals", value=-1 if list_id is None else list_id)
        return Aggregate(ListSource(), "last_at", (PropertyTest(Column("list_id", "number"), is_there),))
