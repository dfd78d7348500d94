"""`total`: the sum, average, smallest, largest or number of different values of a property."""

from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field, model_validator

from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Aggregate, Column, Coming, Facts, Need
from tenure.segments.compiling.sources import EventSource, LineSource
from tenure.segments.rules.base import Rule, Span, Surroundings
from tenure.segments.rules.comparing import Bound
from tenure.segments.rules.form import EVENT, WHEN, WHERE, Input
from tenure.segments.rules.testing import Filter, PropertyTest, build_tests, describe_filters, list_properties

LINE_PREFIX = "products."
ORDER = "Order Completed"
LINE_NUMBERS = ("quantity", "price", "amount")
_WORDS = {
    "sum": "total of", "average": "average of", "min": "smallest", "max": "largest",
    "distinct": "number of different values of",
}  # fmt: skip


def _check_line_column(place: str, name: str, is_number: bool, is_strict: bool = False) -> None:
    column = name.removeprefix(LINE_PREFIX)
    if column not in LineSource.fixed:
        raise ValueError(f"{place}: a product has {', '.join(LineSource.fixed)}; not {column[:40]!r}")
    if is_number and column not in LINE_NUMBERS:
        raise ValueError(f"{place}: {column} of a product is a text")
    if is_strict and not is_number and column in LINE_NUMBERS:
        raise ValueError(f"{place}: {column} of a product is a number")


class TotalRule(Rule):
    """`function` of `property` over the events of one name in a window. `products.category` and its like look inside
    the products of paid orders, as does `where`; `event` is then Order Completed. The average, smallest and largest of nothing are
    unknown and meet no bound; the sum and the number of different values of nothing are 0."""

    title: ClassVar[str] = "Total, average or variety"
    group: ClassVar[str] = "Behaviour"
    note: ClassVar[str] = (
        "The total of nothing is 0; the average, smallest and largest of nothing meet no bound."
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "kind": "total", "function": "sum", "event": "Order Completed", "property": "total",
            "bound": {"more_than": 200}, "window": {"days": 90},
        },
        {
            "kind": "total", "function": "distinct", "event": "Order Completed", "property": "products.category",
            "bound": {"at_least": 3},
        },
        {
            "kind": "total", "function": "average", "event": "Product Viewed", "property": "price",
            "bound": {"between": [10, 40]}, "window": {"days": 30},
        },
    )  # fmt: skip

    form: ClassVar[tuple[Input, ...]] = (
        Input(
            "function",
            "What",
            "select",
            options=tuple(_WORDS.items()),
            default="sum",
        ),
        Input(
            "property",
            "Property",
            is_required=True,
            suggest="property",
            hint="A number; products.category and its like look inside orders.",
        ),
        replace(EVENT, label="Of the event"),
        Input("bound", "Is", "bound", default={"more_than": "0"}),
        WHEN,
        WHERE,
    )

    kind: Literal["total"] = "total"
    function: Literal["sum", "average", "min", "max", "distinct"] = "sum"
    event: str = Field(min_length=1, max_length=200)
    property: str = Field(min_length=1, max_length=200)
    bound: Bound
    where: tuple[Filter, ...] = Field((), max_length=20)
    window: Span = Span()

    @model_validator(mode="after")
    def _lines_have_it(self) -> Self:
        if not self._is_of_lines():
            return self
        if self.event != ORDER:
            raise ValueError(f"event: {self.property} is in the products of {ORDER}")
        _check_line_column("property", self.property, self.function != "distinct")
        for one in self.where:
            _check_line_column("where", one.property, one.type == "number", is_strict=True)
            if one.type not in ("text", "number"):
                raise ValueError(f"where: {one.property} of a product is a text or a number")
        return self

    def describe(self) -> str:
        when = f" {self.window.describe()}" if self.window.describe() else ""
        what = (
            f"{_WORDS[self.function]} “{self.property}” of “{self.event}”{describe_filters(self.where)}{when}"
        )
        return f"the {what} is {self.bound.describe()}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        if self._is_of_lines():
            return ()
        return (*list_properties(self.event, self.where), (f"property of {self.event}", self.property))

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        needs: list[Need] = [self._aggregate(around)]
        if self.function == "average":
            needs.append(self._count(around))
        if self.window.as_window(around.zone).is_sliding:
            needs.append(self._first(around))
        return (*needs, Coming(self._source()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        value = facts.get(self._aggregate(around))
        if self.function != "average":
            return self.bound.build(value).fill_null(False)
        count = facts.get(self._count(around))
        return (count > 0) & self.bound.build(value, count)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        moments = [facts.get_moment(Coming(self._source()))]
        window = self.window.as_window(around.zone)
        if window.is_sliding:
            leaving = window.build_leaving(facts.get_moment(self._first(around)))
            assert leaving is not None
            moments.append(leaving)
        return build_earliest(moments)

    def _is_of_lines(self) -> bool:
        return self.property.startswith(LINE_PREFIX)

    def _build_tests(self) -> tuple[PropertyTest, ...]:
        if not self._is_of_lines():
            return build_tests(self.where)
        plain = [
            one.model_copy(update={"property": one.property.removeprefix(LINE_PREFIX)}) for one in self.where
        ]
        return build_tests(tuple(plain))

    def _source(self) -> EventSource | LineSource:
        return LineSource() if self._is_of_lines() else EventSource(self.event)

    def _column(self) -> Column:
        kind: Literal["text", "number"] = "text" if self.function == "distinct" else "number"
        return Column(self.property.removeprefix(LINE_PREFIX) if self._is_of_lines() else self.property, kind)

    def _aggregate(self, around: Surroundings) -> Aggregate:
        functions: dict[str, Literal["sum", "min", "max", "distinct"]] = {"average": "sum"}
        function = functions.get(self.function, self.function)  # type: ignore[arg-type]
        window = self.window.as_window(around.zone)
        return Aggregate(self._source(), function, self._build_tests(), window, self._column())

    def _count(self, around: Surroundings) -> Aggregate:
        """How many values there are: events without a readable one count for nothing."""
        window = self.window.as_window(around.zone)
        return Aggregate(self._source(), "count", self._build_tests(), window, self._column())

    def _first(self, around: Surroundings) -> Aggregate:
        window = self.window.as_window(around.zone)
        return Aggregate(self._source(), "first_at", self._build_tests(), window)
