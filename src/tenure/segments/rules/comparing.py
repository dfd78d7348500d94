"""Comparisons of one value, shared by attributes, properties of events and company traits."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Self

import ibis
from ibis.expr.types import BooleanValue, DateValue, NumericValue, StringValue, TimestampValue, Value
from pydantic import field_validator, model_validator

from tenure.segments.compiling.needs import AMOUNT, Kind
from tenure.segments.rules.base import Part, say_amount, say_value

MOST_VALUES = 1_000
Type = Literal["text", "number", "boolean", "date", "list"]
KINDS: dict[str, Kind] = {
    "text": "text",
    "number": "number",
    "boolean": "text",
    "date": "moment",
    "list": "raw",
}

OPERATORS: dict[str, dict[str, str]] = {
    "text": {
        "equals": "is", "not_equals": "is not", "one_of": "is one of", "not_one_of": "is none of",
        "contains": "contains", "not_contains": "does not contain", "starts_with": "starts with",
        "ends_with": "ends with", "known": "is known", "unknown": "is unknown",
    },
    "number": {
        "equals": "is", "not_equals": "is not", "more_than": "is more than", "at_least": "is at least",
        "less_than": "is less than", "at_most": "is at most", "between": "is between", "known": "is known",
        "unknown": "is unknown",
    },
    "boolean": {"is_true": "is yes", "is_false": "is no", "known": "is known", "unknown": "is unknown"},
    "date": {
        "on": "is on", "before": "is before", "after": "is after", "between": "is between",
        "in_next_days": "is in the next days", "in_last_days": "was in the last days",
        "anniversary_in_days": "has its anniversary in the next days", "known": "is known", "unknown": "is unknown",
    },
    "list": {
        "contains": "contains", "not_contains": "does not contain", "known": "is known", "unknown": "is unknown",
    },
}  # fmt: skip
"""By type: each operator and how it is said. `not_` operators hold for unknown values too."""

NEGATIVE = {"not_equals", "not_one_of", "not_contains", "unknown"}
BY_HER_DAY = {"in_next_days", "in_last_days", "anniversary_in_days"}
WITHOUT_VALUE = {"known", "unknown", "is_true", "is_false"}
_POSITIVES = {"not_equals": "equals", "not_one_of": "one_of", "not_contains": "contains", "unknown": "known"}


class Comparison(Part):
    """`operator` of `type` against `value`: a text, a number, a date, a list of them, or nothing."""

    type: Type = "text"
    operator: str = "equals"
    value: Any = None

    @field_validator("value")
    @classmethod
    def _lists_are_fixed(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = OPERATORS[self.type]
        if self.operator not in known:
            others = [name for name, operators in OPERATORS.items() if self.operator in operators]
            hint = f"; for that write type: {' or '.join(others)}" if others else ""
            raise ValueError(
                f"operator: a {self.type} knows {', '.join(known)}; not {str(self.operator)[:40]!r}{hint}"
            )
        object.__setattr__(self, "value", self._read_value())
        return self

    def _read_value(self) -> Any:
        if self.operator in WITHOUT_VALUE:
            if self.value is not None:
                raise ValueError(f"value: {self.operator} takes none")
            return None
        if self.operator in ("one_of", "not_one_of"):
            return self._read_list()
        if self.operator == "between":
            low, high = self._read_pair()
            if low > high:
                raise ValueError(f"value: {low} to {high} is empty; give the smaller one first")
            return (low, high)
        if self.operator in BY_HER_DAY:
            return _read_days(self.value)
        return _READERS[self.type](self.value)

    def _read_list(self) -> tuple[str, ...]:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        if not values:
            raise ValueError("value: the list is empty")
        if len(values) > MOST_VALUES:
            raise ValueError(
                f"value: {len(values):,} values are too many for one rule (at most {MOST_VALUES:,}); "
                "upload them as a static list and use the rule `list`"
            )
        return tuple(sorted({_read_text(value) for value in values}))

    def _read_pair(self) -> tuple[Any, Any]:
        if not isinstance(self.value, tuple) or len(self.value) != 2:
            raise ValueError("value: between takes two, such as [10, 20]")
        reader = _READERS[self.type]
        return reader(self.value[0]), reader(self.value[1])

    @property
    def read_as(self) -> Kind:
        """How the value has to be read."""
        return KINDS[self.type]

    @property
    def needs_day(self) -> bool:
        """Whether the customer's own date decides."""
        return self.operator in BY_HER_DAY

    def build(self, value: Value, local_on: DateValue | None = None) -> BooleanValue:
        """The comparison, never NULL. `value` was read as `read_as`; `local_on` is needed where `needs_day`."""
        if self.operator in NEGATIVE:
            return ~self._build_positive(_POSITIVES[self.operator], value, local_on)
        return self._build_positive(self.operator, value, local_on)

    def _build_positive(self, operator: str, value: Value, local_on: DateValue | None) -> BooleanValue:
        if operator == "known":
            return value.notnull()
        build = _BUILDERS[self.type]
        condition: BooleanValue = build(operator, value, self.value, local_on)
        return condition.fill_null(False)

    def describe(self) -> str:
        """As in "is one of DE, AT"."""
        words = OPERATORS[self.type][self.operator]
        if self.operator in WITHOUT_VALUE:
            return words
        if self.operator == "between":
            return f"{words} {say_value(self.value[0])} and {say_value(self.value[1])}"
        if self.operator in BY_HER_DAY:
            days = f"{self.value} {'day' if self.value == 1 else 'days'}"
            return words.replace("days", days)
        value = self.value if isinstance(self.value, tuple) else (self.value,)
        shown = ", ".join(say_value(one) for one in value[:6])
        more = f" and {len(value) - 6:,} more" if len(value) > 6 else ""
        return f"{words} {shown}{more}"


def _read_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"value: write a text, not {type(value).__name__}")
    text = str(value)
    if not text or "\x00" in text:
        raise ValueError("value: the text is empty")
    if len(text) > 1_000:
        raise ValueError("value: the text is longer than 1,000 characters")
    return text


def read_number(value: Any) -> Decimal:
    """A number with at most four decimals and fourteen figures before them."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"value: write a number, not {type(value).__name__}")
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError as error:
        raise ValueError(f"value: {str(value)[:40]!r} is not a number") from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** 14:
        raise ValueError("value: the number is too large")
    if round(number, 4) != number:
        raise ValueError("value: numbers have at most four decimals")
    return number


def _read_date(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"value: {str(value)[:40]!r} is not a date; write 2026-11-30") from error


def _read_days(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3_660:
        raise ValueError("value: write a number of days from 0 to 3660")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _read_text,
    "number": read_number,
    "date": _read_date,
    "list": _read_text,
    "boolean": _read_text,
}


def build_number(number: Decimal) -> NumericValue:
    return ibis.literal(number, AMOUNT)


def _build_text(operator: str, value: StringValue, wanted: Any, _day: DateValue | None) -> BooleanValue:
    match operator:
        case "equals":
            return value == wanted
        case "one_of":
            return value.isin(wanted)
        case "contains":
            return value.contains(wanted)
        case "starts_with":
            return value.startswith(wanted)
        case _:
            return value.endswith(wanted)


def _build_number(operator: str, value: NumericValue, wanted: Any, _day: DateValue | None) -> BooleanValue:
    match operator:
        case "equals":
            return value == build_number(wanted)
        case "more_than":
            return value > build_number(wanted)
        case "at_least":
            return value >= build_number(wanted)
        case "less_than":
            return value < build_number(wanted)
        case "at_most":
            return value <= build_number(wanted)
        case _:
            return (value >= build_number(wanted[0])) & (value <= build_number(wanted[1]))


def _build_boolean(operator: str, value: StringValue, _wanted: Any, _day: DateValue | None) -> BooleanValue:
    return value == ("true" if operator == "is_true" else "false")


def _build_date(operator: str, value: TimestampValue, wanted: Any, day: DateValue | None) -> BooleanValue:
    on = value.date()
    match operator:
        case "on":
            return on == ibis.literal(wanted)
        case "before":
            return on < ibis.literal(wanted)
        case "after":
            return on > ibis.literal(wanted)
        case "between":
            return (on >= ibis.literal(wanted[0])) & (on <= ibis.literal(wanted[1]))
    assert day is not None
    days = ibis.interval(days=wanted)
    match operator:
        case "in_next_days":
            return (on >= day) & (on <= (day + days).cast("date"))
        case "in_last_days":
            return (on <= day) & (on >= (day - days).cast("date"))
        case _:
            return (on <= day) & _is_anniversary_near(on, day, wanted)


def _is_anniversary_near(on: DateValue, day: DateValue, days: int) -> BooleanValue:
    """Whether the next anniversary is at most `days` away. That of 29 February is 28 February in common years."""
    if days >= 366:
        return on.notnull()
    this_year = _build_anniversary(on, day.year())
    next_year = _build_anniversary(on, day.year() + 1)
    last = (day + ibis.interval(days=days)).cast("date")
    return ((this_year >= day) & (this_year <= last)) | (next_year <= last)


def _build_anniversary(on: DateValue, year: NumericValue) -> DateValue:
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    is_moved = (on.month() == 2) & (on.day() == 29) & ~is_leap
    return ibis.date(year, on.month(), ibis.ifelse(is_moved, 28, on.day()))


def _build_list(operator: str, value: StringValue, wanted: str, _day: DateValue | None) -> BooleanValue:
    """On the JSON text of a list: a text stands there in quotes, a number between brackets and commas.

    At any depth; of objects inside, names count as values do. A single text is a list of one.
    """
    quoted = value.contains(_quote(wanted))
    if not _is_number(wanted):
        return quoted
    without_texts = value.re_replace(r'"([^"\\]|\\.)*"', '""')
    bare = without_texts.re_search(r"[\[,]\s*" + wanted.replace(".", r"\.") + r"\s*[,\]]")
    return quoted | bare


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdecimal()


_BUILDERS: dict[str, Callable[..., BooleanValue]] = {
    "text": _build_text,
    "number": _build_number,
    "boolean": _build_boolean,
    "date": _build_date,
    "list": _build_list,
}


class Bound(Part):
    """What a count or an amount has to be: exactly one of the fields."""

    at_least: Decimal | None = None
    at_most: Decimal | None = None
    exactly: Decimal | None = None
    more_than: Decimal | None = None
    less_than: Decimal | None = None
    between: tuple[Decimal, Decimal] | None = None

    @field_validator("at_least", "at_most", "exactly", "more_than", "less_than", mode="before")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        return None if value is None else read_number(value)

    @field_validator("between", mode="before")
    @classmethod
    def _are_numbers(cls, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise ValueError("between takes two numbers, such as [2, 5]")
        low, high = read_number(value[0]), read_number(value[1])
        if low > high:
            raise ValueError(f"{low} to {high} is empty; give the smaller one first")
        return (low, high)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(
                "give exactly one of at_least, at_most, exactly, more_than, less_than, between, such as {at_least: 3}"
            )
        return self

    @property
    def operator(self) -> str:
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def takes_zero(self) -> bool:
        """Whether nothing at all meets it."""
        return self.meets(Decimal(0))

    def meets(self, number: Decimal) -> bool:
        match self.operator:
            case "at_least":
                return number >= self.at_least  # type: ignore[operator]
            case "at_most":
                return number <= self.at_most  # type: ignore[operator]
            case "exactly":
                return number == self.exactly
            case "more_than":
                return number > self.more_than  # type: ignore[operator]
            case "less_than":
                return number < self.less_than  # type: ignore[operator]
        assert self.between is not None
        return self.between[0] <= number <= self.between[1]

    def build(self, number: NumericValue, times: NumericValue | None = None) -> BooleanValue:
        """Whether `number` meets it, or `number / times` does, without dividing (`times` is positive)."""

        def bar(value: Decimal | None) -> NumericValue:
            assert value is not None
            is_whole = number.type().is_integer() and value == int(value)
            literal = ibis.literal(int(value), "int64") if is_whole else build_number(value)
            return literal if times is None else literal * times

        match self.operator:
            case "at_least":
                return number >= bar(self.at_least)
            case "at_most":
                return number <= bar(self.at_most)
            case "exactly":
                return number == bar(self.exactly)
            case "more_than":
                return number > bar(self.more_than)
            case "less_than":
                return number < bar(self.less_than)
        assert self.between is not None
        return (number >= bar(self.between[0])) & (number <= bar(self.between[1]))

    def describe(self) -> str:
        """As in "at least 3", "between 2 and 5"."""
        if self.between is not None:
            return f"between {say_amount(self.between[0])} and {say_amount(self.between[1])}"
        return f"{self.operator.replace('_', ' ')} {say_amount(getattr(self, self.operator))}"
