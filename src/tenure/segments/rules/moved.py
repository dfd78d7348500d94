"""`moved`: from one stage to another, up or down."""

from typing import Any, ClassVar, Literal, Self

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field, model_validator

from tenure.segments.compiling.needs import Column, Facts, Need, Test
from tenure.segments.compiling.sources import StageSource
from tenure.segments.rules.base import Rule, Span, Surroundings
from tenure.segments.rules.comparing import Bound, Comparison
from tenure.segments.rules.counting import Occurrences
from tenure.segments.rules.event import ONCE
from tenure.segments.rules.form import TIMES, WHEN, Input
from tenure.segments.rules.testing import MoveTest, PropertyTest

_FROM, _TO = Column("from_stage"), Column("to_stage")


class MovedRule(Rule):
    """A change of stage in the window: out of one of `from`, into one of `to`, or to a higher or lower phase.

    The first stage of a customer is no move; those of profiles merged into hers are her moves too. At least one of `from`, `to` and `direction` is given.
    """

    title: ClassVar[str] = "Moved between stages"
    group: ClassVar[str] = "Lifecycle"
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "moved", "from": ["Loyal Customers"], "to": ["At Risk Customers"], "window": {"days": 30}},
        {"kind": "moved", "direction": "up", "window": {"days": 7}},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input("model", "Model", "select", default="lifecycle", suggest="model", shapes=True),
        Input("from", "From", "stages", hint="None: from any."),
        Input("to", "To", "stages", hint="None: to any."),
        Input(
            "direction",
            "Direction",
            "select",
            options=(("", "any"), ("up", "up a phase"), ("down", "down a phase")),
            default="up",
        ),
        TIMES,
        WHEN,
    )

    kind: Literal["moved"] = "moved"
    model: str = Field("lifecycle", min_length=1, max_length=60)
    from_stages: tuple[str, ...] = Field((), alias="from", max_length=50)
    to_stages: tuple[str, ...] = Field((), alias="to", max_length=50)
    direction: Literal["up", "down"] | None = None
    times: Bound = ONCE
    window: Span = Span()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.from_stages or self.to_stages or self.direction):
            raise ValueError("give from, to or direction")
        return self

    def describe(self) -> str:
        parts = ["moved", *([f"{self.direction} a phase"] if self.direction else [])]
        if self.from_stages:
            parts.append(f"from {' or '.join(self.from_stages)}")
        if self.to_stages:
            parts.append(f"to {' or '.join(self.to_stages)}")
        if self.model != "lifecycle":
            parts.append(f"of {self.model}")
        if self.times != ONCE:
            parts.append(f"{self.times.describe()} times")
        return " ".join([*parts, self.window.describe()]).strip()

    def list_names(self) -> tuple[tuple[str, str], ...]:
        stages = (*self.from_stages, *self.to_stages)
        return (("model", self.model), *((f"stage of {self.model}", stage) for stage in stages))

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return self._occurrences(around).list_needs()

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return self._occurrences(around).build(facts)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        return self._occurrences(around).build_next_change(facts)

    def _occurrences(self, around: Surroundings) -> Occurrences:
        tests: list[Test] = [PropertyTest(_FROM, Comparison(operator="known"))]
        if self.from_stages:
            tests.append(PropertyTest(_FROM, Comparison(operator="one_of", value=list(self.from_stages))))
        if self.to_stages:
            tests.append(PropertyTest(_TO, Comparison(operator="one_of", value=list(self.to_stages))))
        if self.direction:
            ranks = around.find_stages(self.model) or {}
            tests.append(MoveTest(tuple(sorted(ranks.items())), self.direction))
        window = self.window.as_window(around.zone)
        return Occurrences(StageSource(self.model), tuple(tests), window, self.times)
