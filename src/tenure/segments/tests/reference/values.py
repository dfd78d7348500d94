"""Values as rules read and compare them."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)?)?)?", re.ASCII)
SECONDS = re.compile(r"\d{9,10}", re.ASCII)
MOST = Decimal(10) ** 14


def find(document: dict[str, Any], path: str) -> Any:
    """The value at a path such as `address.city`; None where there is none."""
    value: Any = document
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def read_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_number(value: Any) -> Decimal | None:
    """A number, or a text that is one: four decimals, fewer than 10^14."""
    text = read_text(value)
    text = "" if text is None else text.strip(" \t\n\r\f\v")
    if not NUMBER.fullmatch(text):
        return None
    number = Decimal(text).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return number if abs(number) < MOST else None


def read_moment(value: Any) -> datetime | None:
    """ISO 8601 (UTC where no zone is given) or Unix seconds, as naive UTC."""
    text = read_text(value)
    if text is None:
        return None
    if SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
    if not MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def compare(rule: Any, value: Any, today: date | None = None) -> bool:
    """Whether `value` (as it stands in JSON) meets a comparison. `today` is the customer's own day."""
    negatives = {
        "not_equals": "equals",
        "not_one_of": "one_of",
        "not_contains": "contains",
        "unknown": "known",
    }
    if rule.operator in negatives:
        return not _compare(rule.type, negatives[rule.operator], rule.value, value, today)
    return _compare(rule.type, rule.operator, rule.value, value, today)


def _compare(kind: str, operator: str, wanted: Any, value: Any, today: date | None) -> bool:
    if kind == "list":
        if operator == "known":
            return value is not None
        return _is_in(wanted, value)
    if kind == "number":
        number = read_number(value)
        return number is not None and (operator == "known" or _compare_number(operator, number, wanted))
    if kind == "date":
        moment = read_moment(value)
        return moment is not None and (
            operator == "known" or _compare_day(operator, moment.date(), wanted, today)
        )
    text = read_text(value)
    if text is None:
        return False
    if operator == "known":
        return True
    if kind == "boolean":
        return text == {"is_true": "true", "is_false": "false"}[operator]
    match operator:
        case "equals":
            return text == wanted
        case "one_of":
            return text in wanted
        case "contains":
            return wanted in text
        case "starts_with":
            return text.startswith(wanted)
    return text.endswith(wanted)


def _compare_number(operator: str, number: Decimal, wanted: Any) -> bool:
    match operator:
        case "equals":
            return number == wanted
        case "not_equals":
            return number != wanted
        case "more_than":
            return number > wanted
        case "at_least":
            return number >= wanted
        case "less_than":
            return number < wanted
        case "at_most":
            return number <= wanted
    return wanted[0] <= number <= wanted[1]


def _compare_day(operator: str, on: date, wanted: Any, today: date | None) -> bool:
    match operator:
        case "on":
            return on == wanted
        case "before":
            return on < wanted
        case "after":
            return on > wanted
        case "between":
            return wanted[0] <= on <= wanted[1]
    assert today is not None
    match operator:
        case "in_next_days":
            return today <= on <= today + timedelta(days=wanted)
        case "in_last_days":
            return today - timedelta(days=wanted) <= on <= today
    days = (today + timedelta(days=number) for number in range(wanted + 1))
    return on <= today and any(is_anniversary(on, day) for day in days)


def is_anniversary(on: date, day: date) -> bool:
    """That of 29 February is on 28 February in common years."""
    if (on.month, on.day) == (day.month, day.day):
        return True
    is_last_of_february = (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).day == 1
    return (on.month, on.day) == (2, 29) and is_last_of_february


def _is_in(wanted: str, value: Any) -> bool:
    """Whether a list holds a text, or a number that is written like it; at any depth, names inside objects too."""
    if isinstance(value, str):
        return value == wanted
    if isinstance(value, dict):
        return wanted in value or any(_is_in(wanted, one) for one in value.values() if not _is_number(one))
    if isinstance(value, list):
        return any(_is_in(wanted, one) or (_is_number(one) and read_text(one) == wanted) for one in value)
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
