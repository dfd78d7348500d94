"""What a rule kind is: one object that is read from data, said in a sentence, compiled and explained."""

import operator
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Protocol, Self

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure.segments.compiling.needs import Aggregate, Fact, Facts, Need
from tenure.segments.compiling.windows import EVER, Window, build_days
from tenure.segments.rules.form import Input

MOST_DAYS = 3_660
DAY_SECONDS = 86_400


class Part(BaseModel):
    """A piece of a definition: fixed, compared by value, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Span(Part):
    """A stretch of time: the last `days` or `hours`, or whole days `from` to `to` in the shop's time zone; empty is ever."""

    days: int | None = Field(None, ge=1, le=MOST_DAYS)
    hours: int | None = Field(None, ge=1, le=MOST_DAYS * 24)
    from_on: date | None = Field(None, alias="from")
    to_on: date | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        ways = (self.days is not None) + (self.hours is not None) + bool(self.from_on or self.to_on)
        if ways > 1:
            raise ValueError("give days, or hours, or from and to; not several")
        if self.from_on and self.to_on and self.from_on > self.to_on:
            raise ValueError(f"{self.from_on} to {self.to_on} is empty; give the earlier day first")
        return self

    def as_window(self, zone: str) -> Window:
        """The window; days are those of `zone`."""
        if self.days is not None:
            return Window(seconds=self.days * DAY_SECONDS)
        if self.hours is not None:
            return Window(seconds=self.hours * 3_600)
        if self.from_on is None and self.to_on is None:
            return EVER
        return build_days(self.from_on, self.to_on, zone)

    def describe(self) -> str:
        """As in "in the last 30 days"; nothing for ever."""
        if self.days is not None:
            return f"in the last {_count(self.days, 'day')}"
        if self.hours is not None:
            return f"in the last {_count(self.hours, 'hour')}"
        if self.from_on and self.to_on:
            return f"from {say_value(self.from_on)} to {say_value(self.to_on)}"
        if self.from_on:
            return f"since {say_value(self.from_on)}"
        return f"until {say_value(self.to_on)}" if self.to_on else ""


def _count(number: int, one: str) -> str:
    return one if number == 1 else f"{number:,} {one}s"


class Surroundings(Protocol):
    """What definitions refer to by name. `find_` gives None for what does not exist."""

    @property
    def zone(self) -> str:
        """The shop's time zone."""
        ...

    def find_segment(self, name: str) -> "Node | None": ...

    def find_list_id(self, name: str) -> int | None: ...

    def find_campaign_id(self, name: str) -> int | None: ...

    def find_stages(self, model: str) -> "dict[str, int] | None":
        """The stages of a model, each with the rank of its phase: a move to a higher rank is a move up."""
        ...


class Rule(Part):
    """A condition on a customer. A subclass is one kind; `KINDS` names them all.

    `list_needs` says what has to be known of each customer, `build` turns it into the condition (never NULL), and
    `build_next_change` into the earliest moment at which the answer may change with nothing happening. Names are
    looked up in the surroundings; an unknown one is an error where the definition is saved.
    """

    title: ClassVar[str]
    group: ClassVar[str]
    examples: ClassVar[tuple[dict[str, Any], ...]]
    form: ClassVar[tuple[Input, ...]]
    note: ClassVar[str] = ""
    """What the form says about customers of whom nothing is known."""

    kind: str

    @abstractmethod
    def describe(self) -> str:
        """As a condition in a sentence: "bought coffee at least 2 times in the last 90 days"."""

    @abstractmethod
    def list_needs(self, around: Surroundings) -> tuple[Need, ...]: ...

    @abstractmethod
    def build(self, facts: Facts, around: Surroundings) -> BooleanValue: ...

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue | None:
        """NULL where it never changes by itself. May be too early, never too late."""
        return None

    def list_names(self) -> tuple[tuple[str, str], ...]:
        """(what, name) of everything that the rule refers to: event, property, trait, segment, list, campaign, model."""
        return ()

    def find_evidence(self, around: Surroundings) -> Aggregate | None:
        """The rows that decide, as the aggregate that counts them; None where the customer's own row does."""
        for need in self.list_needs(around):
            if isinstance(need, Aggregate):
                return need
        return None

    def find_inner(self, around: Surroundings) -> "Node | None":
        """The tree that stands behind the rule, where it stands for another one."""
        return None

    def as_data(self) -> dict[str, Any]:
        """The rule as it is written, without what stands by itself."""
        data: dict[str, Any] = write_plainly(self.model_dump(exclude_defaults=True))
        return {"kind": self.kind, **data}


@dataclass(frozen=True)
class Group:
    """`all`: every part holds. `any`: at least one does. `not`: its one part does not."""

    word: str
    parts: tuple["Node", ...]

    def as_data(self) -> dict[str, Any]:
        if self.word == "not":
            return {"not": self.parts[0].as_data()}
        return {self.word: [part.as_data() for part in self.parts]}


Node = Rule | Group


def list_rules(node: Node) -> list[Rule]:
    """The rules of a tree, from left to right."""
    if isinstance(node, Group):
        return [rule for part in node.parts for rule in list_rules(part)]
    return [node]


def build_node(node: Node, facts: Facts, around: Surroundings) -> BooleanValue:
    if not isinstance(node, Group):
        return node.build(facts, around)
    parts = [build_node(part, facts, around) for part in node.parts]
    if node.word == "not":
        return ~parts[0]
    return join_evenly(parts, operator.and_ if node.word == "all" else operator.or_)


def join_evenly(
    parts: list[BooleanValue], join: Callable[[BooleanValue, BooleanValue], BooleanValue]
) -> BooleanValue:
    """Joined as a tree of even halves: engines refuse what is nested as deep as there are conditions."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return join(join_evenly(parts[:half], join), join_evenly(parts[half:], join))


def describe_node(node: Node) -> str:
    """The tree as a sentence without its subject."""
    if not isinstance(node, Group):
        return node.describe()
    if node.word == "not":
        return f"not ({describe_node(node.parts[0])})"
    texts = [
        f"({describe_node(part)})" if isinstance(part, Group) and part.word != "not" else describe_node(part)
        for part in node.parts
    ]
    return {"all": " and ", "any": " or "}[node.word].join(texts)


def write_plainly(value: Any) -> Any:
    """For JSON and YAML: numbers as numbers wherever that loses nothing, dates as ISO text."""
    if isinstance(value, dict):
        return {name: write_plainly(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [write_plainly(one) for one in value]
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() else float(value)
        return number if Decimal(str(number)) == value else str(value)
    return value.isoformat() if isinstance(value, date) else value


def say_amount(number: Decimal) -> str:
    return f"{number.normalize():,f}"


def say_value(value: Any) -> str:
    """A value as a sentence shows it."""
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, Decimal):
        return say_amount(value)
    return str(value)


def list_facts(needs: Sequence[Need]) -> list[Fact]:
    return [need for need in needs if isinstance(need, Fact)]
