"""`visits`: sessions on the site, and the time spent there."""

from typing import Any, ClassVar, Literal, Self

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field, model_validator

from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Aggregate, Column, Coming, Facts, Need
from tenure.segments.compiling.sources import SessionSource
from tenure.segments.rules.base import Rule, Span, Surroundings
from tenure.segments.rules.comparing import Bound
from tenure.segments.rules.event import ONCE
from tenure.segments.rules.form import WHEN, Input
from tenure.segments.rules.testing import Filter, build_tests, describe_filters

FIELDS = ("source", "medium", "campaign", "landing_page", "minutes", "pages")


class VisitsRule(Rule):
    """Sessions that began in the window: how many, or how many minutes in all. 30 minutes of silence end a session."""

    title: ClassVar[str] = "Visits"
    group: ClassVar[str] = "Behaviour"
    note: ClassVar[str] = "“Exactly 0” includes customers who never visited."
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "visits", "bound": {"at_least": 3}, "window": {"days": 14}},
        {"kind": "visits", "measure": "minutes", "bound": {"more_than": 30}, "window": {"days": 30}},
        {"kind": "visits", "where": [{"property": "source", "value": "newsletter"}]},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input(
            "measure",
            "Counted in",
            "select",
            options=(("sessions", "visits"), ("minutes", "minutes on the site")),
            default="sessions",
        ),
        Input("bound", "How many", "bound", default={"at_least": "1"}),
        Input(
            "where",
            "Only where",
            "filters",
            options=tuple((one, one.replace("_", " ")) for one in FIELDS),
            default=[],
            types={one: "number" if one in ("minutes", "pages") else "text" for one in FIELDS},
        ),
        WHEN,
    )

    kind: Literal["visits"] = "visits"
    measure: Literal["sessions", "minutes"] = "sessions"
    bound: Bound = ONCE
    where: tuple[Filter, ...] = Field((), max_length=20)
    window: Span = Span()

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        for one in self.where:
            if one.property not in FIELDS:
                raise ValueError(f"where: a visit has {', '.join(FIELDS)}; not {one.property[:40]!r}")
            if (one.property in ("minutes", "pages")) != (one.type == "number"):
                raise ValueError(f"where: {one.property} is a {'text' if one.type == 'number' else 'number'}")
        return self

    def describe(self) -> str:
        when = f" {self.window.describe()}" if self.window.describe() else ""
        where = describe_filters(self.where)
        if self.measure == "minutes":
            return f"spent {self.bound.describe()} minutes on the site{where}{when}"
        if self.bound == Bound(exactly=0):
            return f"did not visit{where}{when}"
        return (
            f"visited{where}{when}"
            if self.bound == ONCE
            else f"visited {self.bound.describe()} times{where}{when}"
        )

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        sliding = (self._first(around),) if self.window.as_window(around.zone).is_sliding else ()
        return (self._aggregate(around), *sliding, Coming(SessionSource()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return self.bound.build(facts.get(self._aggregate(around)))

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        moments = [facts.get_moment(Coming(SessionSource()))]
        window = self.window.as_window(around.zone)
        if window.is_sliding:
            leaving = window.build_leaving(facts.get_moment(self._first(around)))
            assert leaving is not None
            moments.append(leaving)
        return build_earliest(moments)

    def _aggregate(self, around: Surroundings) -> Aggregate:
        window = self.window.as_window(around.zone)
        if self.measure == "minutes":
            return Aggregate(
                SessionSource(), "sum", build_tests(self.where), window, Column("minutes", "number")
            )
        return Aggregate(SessionSource(), "count", build_tests(self.where), window)

    def _first(self, around: Surroundings) -> Aggregate:
        return Aggregate(
            SessionSource(), "first_at", build_tests(self.where), self.window.as_window(around.zone)
        )
