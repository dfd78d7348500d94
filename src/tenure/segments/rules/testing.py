"""Conditions on properties of events, and on what rows of the lake hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import ibis
from ibis.expr.types import BooleanValue, Value
from pydantic import Field, model_validator

from tenure.segments.compiling.needs import Column
from tenure.segments.rules.comparing import Comparison


@dataclass(frozen=True)
class PropertyTest:
    """A comparison of one column of a row."""

    column: Column
    comparison: Comparison

    @property
    def columns(self) -> tuple[Column, ...]:
        return (self.column,)

    def build(self, column: Callable[[Column], Value]) -> BooleanValue:
        return self.comparison.build(column(self.column))

    def describe(self) -> str:
        return f"{self.column.name} {self.comparison.describe()}"


class Filter(Comparison):
    """A condition on a property of the event: `property` is a name, or a path such as `address.city`."""

    property: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _needs_no_day(self) -> Self:
        if self.needs_day:
            raise ValueError(f"operator: {self.operator} is for attributes of the customer")
        return self

    def as_test(self) -> PropertyTest:
        comparison = Comparison(type=self.type, operator=self.operator, value=self.value)
        return PropertyTest(Column(self.property, self.read_as), comparison)

    def describe(self) -> str:
        return f"{self.property} {super().describe()}"


def describe_filters(filters: tuple[Filter, ...]) -> str:
    """As in " where category is coffee and price is more than 10"."""
    return f" where {' and '.join(one.describe() for one in filters)}" if filters else ""


def list_properties(event: str, filters: tuple[Filter, ...]) -> tuple[tuple[str, str], ...]:
    return (("event", event), *((f"property of {event}", one.property) for one in filters))


def build_tests(filters: tuple[Filter, ...]) -> tuple[PropertyTest, ...]:
    """In a fixed order, so that the same conditions in another order are the same need."""
    return tuple(sorted((one.as_test() for one in filters), key=repr))


@dataclass(frozen=True)
class MoveTest:
    """Whether a change of stage goes to a phase of a higher (`up`) or lower rank; stages that are gone have none."""

    ranks: tuple[tuple[str, int], ...]
    direction: str

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("from_stage"), Column("to_stage"))

    def build(self, column: Callable[[Column], Value]) -> BooleanValue:
        before, after = (self._rank(column(one)) for one in self.columns)
        return (after > before if self.direction == "up" else after < before).fill_null(False)

    def _rank(self, stage: Value) -> Value:
        branches = [(stage == name, ibis.literal(rank, "int16")) for name, rank in self.ranks]
        return ibis.cases(*branches, else_=ibis.null("int16")) if branches else ibis.null("int16")

    def describe(self) -> str:
        return f"moved {self.direction} a phase"
