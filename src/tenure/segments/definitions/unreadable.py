"""What stands for a stored rule that this version does not read: it takes nobody and says why."""

from typing import Any, ClassVar

import ibis
from ibis.expr.types import BooleanValue

from tenure.base.errors import TenureError
from tenure.segments.compiling.needs import Facts, Need
from tenure.segments.rules.base import Node, Rule, Surroundings, list_rules
from tenure.segments.rules.form import Input
from tenure.segments.rules.parsing import parse_rules


class UnreadableRule(Rule):
    """No kind of its own: nobody can write it."""

    title: ClassVar[str] = "Cannot be read"
    group: ClassVar[str] = ""
    examples: ClassVar[tuple[dict[str, Any], ...]] = ()
    form: ClassVar[tuple[Input, ...]] = ()

    kind: str = "unreadable"
    stored: dict[str, Any]
    why: str

    def describe(self) -> str:
        return f"a rule that cannot be read ({self.why})"

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return ()

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return ibis.literal(False)

    def as_data(self) -> dict[str, Any]:
        """As it is stored, so that nothing is lost where it is written out."""
        return self.stored


def read_stored_rules(data: dict[str, Any]) -> Node:
    """A stored tree of rules; one that takes nobody where a later version reads it no more, so that it stops no other."""
    try:
        return parse_rules(data)
    except TenureError as error:
        return UnreadableRule(stored=data if isinstance(data, dict) else {}, why=error.message)


def find_why_unreadable(node: Node) -> str:
    """Empty where it can be read."""
    return next((rule.why for rule in list_rules(node) if isinstance(rule, UnreadableRule)), "")
