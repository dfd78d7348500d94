"""`event`: did, or did not do, something; how often, when, the first or the last time."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import ibis
from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field

from tenure.segments.compiling.moments import FAR, build_earliest
from tenure.segments.compiling.needs import Aggregate, Coming, Facts, Need
from tenure.segments.compiling.sources import EventSource
from tenure.segments.rules.base import Rule, Span, Surroundings
from tenure.segments.rules.comparing import Bound
from tenure.segments.rules.counting import Occurrences
from tenure.segments.rules.form import EVENT, TIMES, WHEN, WHERE, Input
from tenure.segments.rules.testing import Filter, build_tests, describe_filters, list_properties

ONCE = Bound(at_least=1)  # type: ignore[arg-type]


class EventRule(Rule):
    """Events of one name that pass all of `where`. `occurrence` looks at every one in the window, or asks whether the
    first or the last one ever lies in it."""

    title: ClassVar[str] = "Did or did not do"
    group: ClassVar[str] = "Behaviour"
    note: ClassVar[str] = "“Exactly 0 times” includes customers who never did it."
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "event", "event": "Product Viewed", "times": {"at_least": 3}, "window": {"days": 30}},
        {"kind": "event", "event": "Order Completed", "times": {"exactly": 0}, "window": {"days": 30}},
        {
            "kind": "event",
            "event": "Order Completed",
            "where": [{"property": "total", "type": "number", "operator": "more_than", "value": 100}],
            "occurrence": "first",
            "window": {"from": "2026-01-01", "to": "2026-01-31"},
        },
    )

    form: ClassVar[tuple[Input, ...]] = (
        EVENT,
        Input(
            "occurrence",
            "Which time",
            "select",
            options=(("any", "any time"), ("first", "the first time ever"), ("last", "the last time ever")),
            default="any",
            shapes=True,
        ),
        replace(TIMES, when=("occurrence", ("any",))),
        WHEN,
        WHERE,
    )

    kind: Literal["event"] = "event"
    event: str = Field(min_length=1, max_length=200)
    where: tuple[Filter, ...] = Field((), max_length=20)
    times: Bound = ONCE
    window: Span = Span()
    occurrence: Literal["any", "first", "last"] = "any"

    def describe(self) -> str:
        what = f"“{self.event}”{describe_filters(self.where)}"
        if self.occurrence != "any":
            when = self.window.describe()
            return f"did {what} for the {self.occurrence} time{' ' + when if when else ''}"
        when = f" {self.window.describe()}" if self.window.describe() else ""
        if self.times == Bound(exactly=0):
            return f"did not do {what}{when}" if when else f"never did {what}"
        if self.times == ONCE:
            return f"did {what}{when}"
        return f"did {what} {self.times.describe()} times{when}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return list_properties(self.event, self.where)

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        if self.occurrence == "any":
            return self._occurrences(around).list_needs()
        return (self._edge(), Coming(self._source()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        if self.occurrence == "any":
            return self._occurrences(around).build(facts)
        edge = facts.get_moment(self._edge())
        inside = self.window.as_window(around.zone).build(edge)
        return edge.notnull() if inside is None else inside.fill_null(False)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        if self.occurrence == "any":
            return self._occurrences(around).build_next_change(facts)
        edge, window = facts.get_moment(self._edge()), self.window.as_window(around.zone)
        coming = facts.get_moment(Coming(self._source()))
        leaving, inside = window.build_leaving(edge), window.build(edge)
        if leaving is None or inside is None:
            return coming
        return build_earliest([coming, ibis.ifelse(inside, leaving, FAR)])

    def _source(self) -> EventSource:
        return EventSource(self.event)

    def _edge(self) -> Aggregate:
        function: Literal["first_at", "last_at"] = "first_at" if self.occurrence == "first" else "last_at"
        return Aggregate(self._source(), function, build_tests(self.where))

    def _occurrences(self, around: Surroundings) -> Occurrences:
        window = self.window.as_window(around.zone)
        return Occurrences(self._source(), build_tests(self.where), window, self.times)
