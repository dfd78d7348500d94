"""`segment`: in another segment."""

from typing import Any, ClassVar, Literal

import ibis
from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field

from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Facts, Need
from tenure.segments.rules.base import Node, Rule, Surroundings, build_node, list_rules
from tenure.segments.rules.form import Input


class SegmentRule(Rule):
    """The other segment's own rules, put in its place. Who is in no segment of that name is in none."""

    title: ClassVar[str] = "In a segment"
    group: ClassVar[str] = "Membership"
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"kind": "segment", "name": "big-spenders"},)

    form: ClassVar[tuple[Input, ...]] = (
        Input("name", "Segment", "select", is_required=True, suggest="segment"),
    )

    kind: Literal["segment"] = "segment"
    name: str = Field(min_length=1, max_length=60)

    def describe(self) -> str:
        return f"is in the segment {self.name}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return (("segment", self.name),)

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return tuple(need for rule in self._rules(around) for need in rule.list_needs(around))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        node = self.find_inner(around)
        return ibis.literal(False) if node is None else build_node(node, facts, around)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        found = [rule.build_next_change(facts, around) for rule in self._rules(around)]
        return build_earliest([moment for moment in found if moment is not None])

    def find_inner(self, around: Surroundings) -> Node | None:
        return around.find_segment(self.name)

    def _rules(self, around: Surroundings) -> list[Rule]:
        node = self.find_inner(around)
        return [] if node is None else list_rules(node)
