"""The rows that rules count. Each is a value; how an engine reads it is said in `reading.py`."""

from dataclasses import dataclass
from typing import ClassVar

import ibis

from tenure.segments.compiling.needs import Column, Test

ANY_CHANGE = "*"
Texts = tuple[str, ...]


@dataclass(frozen=True)
class EventSource:
    """The events of one name. Columns besides properties: seq."""

    event: str
    fixed: ClassVar[dict[str, str]] = {"seq": "int64"}

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset({self.event})


@dataclass(frozen=True)
class LineSource:
    """The product lines of paid orders, as they stand."""

    fixed: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("order_id", "product_id", "sku", "name", "category", "brand", "variant"), "string"),
        **dict.fromkeys(("quantity", "price", "amount"), "decimal(18, 4)"),
    }

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset({"Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"})


@dataclass(frozen=True)
class SessionSource:
    """The visits; occurred_at is when each began."""

    fixed: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("source", "medium", "campaign", "landing_page"), "string"),
        **dict.fromkeys(("minutes", "pages"), "decimal(18, 4)"),
    }

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset({ANY_CHANGE})


@dataclass(frozen=True)
class StageSource:
    """The changes of stage in one model; occurred_at is when each happened. from_stage is NULL for the first."""

    model: str
    fixed: ClassVar[dict[str, str]] = {"from_stage": "string", "to_stage": "string"}

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset({ANY_CHANGE})


@dataclass(frozen=True)
class DecisionSource:
    """What was decided about her in campaigns: outcome, reason and arm."""

    fixed: ClassVar[dict[str, str]] = {
        "campaign_id": "int64",
        "outcome": "string",
        "reason": "string",
        "arm": "string",
    }

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset({ANY_CHANGE})


@dataclass(frozen=True)
class ListSource:
    """Her places on static lists; occurred_at is when she was put there."""

    fixed: ClassVar[dict[str, str]] = {"list_id": "int64"}

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset({ANY_CHANGE})


@dataclass(frozen=True)
class Step:
    """Events of one name that pass all tests."""

    event: str
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True)
class SequenceSource:
    """The events `then` that come after a `first`, within `seconds` of it, and with no `without` in between.

    After means later, or at the same moment and taken in later.
    """

    first: Step
    then: Step
    seconds: int
    without: Step | None = None
    fixed: ClassVar[dict[str, str]] = {"seq": "int64"}

    @property
    def steps(self) -> tuple[Step, ...]:
        return (self.first, self.then) if self.without is None else (self.first, self.then, self.without)

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset(step.event for step in self.steps)


AnySource = (
    EventSource | LineSource | SessionSource | StageSource | DecisionSource | ListSource | SequenceSource
)


def build_sequence(source: SequenceSource, rows: list[ibis.Table]) -> ibis.Table:
    """The matched `then` events: customer_id, seq, occurred_at.

    `rows` are customer_id, seq, occurred_at of the steps' events, in their order. The latest `first` before a
    `then` decides: an earlier one is farther away, and has at least as much in between.
    """
    marked = [
        table.select("customer_id", "seq", "occurred_at", step=ibis.literal(number, "int8"))
        for number, table in enumerate(rows)
    ]
    every = marked[0].union(*marked[1:])
    place = every.group_by("customer_id", "occurred_at", "seq").agg(
        is_first=(every.step == 0).cast("int8").max(),
        is_then=(every.step == 1).cast("int8").max(),
        is_without=(every.step == 2).cast("int8").max(),
    )
    order = ibis.row_number().over(group_by="customer_id", order_by=["occurred_at", "seq"])
    numbered = place.mutate(place=order)
    before = ibis.window(group_by="customer_id", order_by="place", preceding=(None, 1))
    looked = numbered.mutate(
        first_at=ibis.ifelse(numbered.is_first == 1, numbered.occurred_at, None).max().over(before),
        first_place=ibis.ifelse(numbered.is_first == 1, numbered.place, None).max().over(before),
        without_place=ibis.ifelse(numbered.is_without == 1, numbered.place, None).max().over(before),
    )
    limit = looked.first_at + ibis.interval(seconds=source.seconds)
    found = looked.filter(
        looked.is_then == 1,
        looked.first_at.notnull(),
        looked.occurred_at <= limit,
        looked.without_place.isnull() | (looked.without_place <= looked.first_place),
    )
    return found.select("customer_id", "seq", "occurred_at")


def list_step_columns(step: Step) -> tuple[Column, ...]:
    return tuple(column for test in step.tests for column in test.columns)
