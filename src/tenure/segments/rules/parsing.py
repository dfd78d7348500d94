"""Definitions read from data. Every error names its place, as in `rule.all[2].window.days`."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tenure.base.errors import TenureError
from tenure.base.words import shorten
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.base import Group, Node

MOST_RULES = 200
MOST_LEVELS = 8
MOST_EVENTS = 60
"""Each event is a pass of its own over everybody's history."""
WORDS = ("all", "any", "not")


def parse_rules(data: Any, place: str = "rule") -> Node:
    """A tree of `all`, `any`, `not` and rules. Errors: `bad_rule`, with the place."""
    reader = _Reader()
    node = reader.read(data, place, 1)
    if len(reader.events) > MOST_EVENTS:
        raise bad_rule(
            place,
            f"names {len(reader.events)} events and {MOST_EVENTS} are the most; leave out those that decide little",
        )
    return node


class _Reader:
    def __init__(self) -> None:
        self._count = 0
        self.events: set[str] = set()

    def read(self, data: Any, place: str, level: int) -> Node:
        if level > MOST_LEVELS:
            raise bad_rule(
                place,
                f"groups are nested deeper than {MOST_LEVELS} levels; put a part into a segment of its own",
            )
        if not isinstance(data, dict) or not data:
            raise bad_rule(
                place,
                f"write a rule such as {{kind: event, event: Order Completed}}, or a group such as {{all: [...]}}; "
                f"not {shorten(data)}",
            )
        words = [word for word in WORDS if word in data]
        if "kind" in data and not words:
            return self._read_rule(data, place)
        if len(words) != 1 or len(data) != 1:
            others = ", ".join(shorten(key, 40) for key in list(data)[:6])
            raise bad_rule(
                place,
                f"a group has one of all, any, not and nothing else, and a rule has a kind; here are {others}",
            )
        return self._read_group(words[0], data[words[0]], place, level)

    def _read_group(self, word: str, parts: Any, place: str, level: int) -> Group:
        if word == "not":
            if isinstance(parts, list):
                raise bad_rule(f"{place}.not", "takes one rule or group; write not: {any: [...]} for several")
            return Group("not", (self.read(parts, f"{place}.not", level + 1),))
        if not isinstance(parts, list) or not parts:
            raise bad_rule(f"{place}.{word}", "takes a list with at least one rule or group")
        return Group(
            word,
            tuple(
                self.read(part, f"{place}.{word}[{number}]", level + 1) for number, part in enumerate(parts)
            ),
        )

    def _read_rule(self, data: dict[str, Any], place: str) -> Node:
        self._count += 1
        if self._count > MOST_RULES:
            raise bad_rule(
                place, f"a segment has at most {MOST_RULES} rules; put a part into a segment of its own"
            )
        kind = BY_NAME.get(data["kind"]) if isinstance(data["kind"], str) else None
        if kind is None:
            raise bad_rule(
                f"{place}.kind", f"there is no kind {shorten(data['kind'])}; there are {', '.join(BY_NAME)}"
            )
        try:
            rule: Node = kind.model_validate(data)
            self.events |= set(_list_events(rule.model_dump()))
            return rule
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise bad_rule(f"{place}{where}"[:200], _say(first, kind)) from error
        except RecursionError as error:
            raise bad_rule(place, "is nested too deeply") from error


def _list_events(part: Any) -> Iterator[str]:
    """The events that a rule names, in itself or in a step of it."""
    if isinstance(part, list | tuple):
        for each in part:
            yield from _list_events(each)
    if not isinstance(part, dict):
        return
    for name, value in part.items():
        if name == "event" and isinstance(value, str):
            yield value
        yield from _list_events(value)


def bad_rule(place: str, message: str) -> TenureError:
    return TenureError("bad_rule", f"{place}: {message}.", place)


_EXAMPLES = {"Bound": "{at_least: 2}", "Span": "{days: 90}", "SequenceStep": "{event: Product Viewed}"}


def _say(error: Any, kind: Any) -> str:
    """What was wrong in the words of definitions, not of the library that found it."""
    message = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            known = _list_fields(kind, error["loc"][:-1])
            return f"is not known here{'; known are ' + ', '.join(known) if known else ''}"
        case "missing":
            return "is missing"
        case "model_type" | "model_attributes_type":
            example = _EXAMPLES.get(error["ctx"]["class_name"], "{...}")
            return f"write a mapping such as {example}, not {shorten(error['input'], 40)}"
        case "tuple_type" | "list_type":
            return f"write a list such as [...], not {shorten(error['input'], 40)}"
        case "too_short":
            return "the list is empty"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"write a whole number, not {shorten(error['input'], 40)}"
    return f"{message[:1].lower()}{message[1:250]}"


def _list_fields(kind: Any, place: tuple[int | str, ...]) -> list[str]:
    """The names that are known at a place within a rule; none where that depends."""
    for step in place:
        field = kind.model_fields.get(step) if isinstance(step, str) else None
        inner = [] if field is None else [field.annotation, *get_args(field.annotation)]
        kind = next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if kind is None:
            return []
    return [field.alias or name for name, field in kind.model_fields.items()]
