"""`sequence`: this, then that, and nothing of a third kind in between."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field

from tenure.segments.compiling.needs import Facts, Need
from tenure.segments.compiling.sources import SequenceSource, Step
from tenure.segments.rules.base import DAY_SECONDS, MOST_DAYS, Part, Rule, Span, Surroundings
from tenure.segments.rules.comparing import Bound
from tenure.segments.rules.counting import Occurrences
from tenure.segments.rules.event import ONCE
from tenure.segments.rules.form import TIMES, WHEN, Input
from tenure.segments.rules.testing import Filter, build_tests, describe_filters, list_properties


class SequenceStep(Part):
    """Events of one name that pass all of `where`."""

    event: str = Field(min_length=1, max_length=200)
    where: tuple[Filter, ...] = Field((), max_length=20)

    def as_step(self) -> Step:
        return Step(self.event, build_tests(self.where))

    def describe(self) -> str:
        return f"“{self.event}”{describe_filters(self.where)}"


class SequenceRule(Rule):
    """`first`, then `then` within `days` of it, with no `without` in between; `window` is about `then`.

    Of events at the same moment the one taken in later comes after. An event is not between itself and another: one
    that is both `first` and `without` may begin a sequence.
    """

    title: ClassVar[str] = "This, then that"
    group: ClassVar[str] = "Behaviour"
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "sequence", "first": {"event": "Product Added"}, "then": {"event": "Order Completed"}, "days": 7},
        {
            "kind": "sequence", "first": {"event": "Product Viewed", "where": [{"property": "category", "value": "coffee"}]},
            "then": {"event": "Product Added"}, "without": {"event": "Order Completed"}, "days": 14, "window": {"days": 30},
        },
    )  # fmt: skip

    form: ClassVar[tuple[Input, ...]] = (
        Input("first", "First", "step", is_required=True, suggest="event"),
        Input("then", "Then", "step", is_required=True, suggest="event"),
        Input("days", "Within", "number", is_required=True, default="7", unit="days"),
        Input("without", "Without in between", "step", suggest="event"),
        TIMES,
        replace(WHEN, label="The second one"),
    )

    kind: Literal["sequence"] = "sequence"
    first: SequenceStep
    then: SequenceStep
    days: int = Field(ge=1, le=MOST_DAYS)
    without: SequenceStep | None = None
    times: Bound = ONCE
    window: Span = Span()

    def describe(self) -> str:
        days = "a day" if self.days == 1 else f"{self.days:,} days"
        without = f", without {self.without.describe()} in between" if self.without else ""
        when = f", {self.window.describe()}" if self.window.describe() else ""
        head = "did" if self.times == ONCE else f"did {self.times.describe()} times"
        return f"{head} {self.first.describe()}, then {self.then.describe()} within {days}{without}{when}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        steps = [self.first, self.then, *([self.without] if self.without else [])]
        return tuple(name for step in steps for name in list_properties(step.event, step.where))

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return self._occurrences(around).list_needs()

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return self._occurrences(around).build(facts)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        return self._occurrences(around).build_next_change(facts)

    def _occurrences(self, around: Surroundings) -> Occurrences:
        without = None if self.without is None else self.without.as_step()
        source = SequenceSource(self.first.as_step(), self.then.as_step(), self.days * DAY_SECONDS, without)
        return Occurrences(source, (), self.window.as_window(around.zone), self.times)
