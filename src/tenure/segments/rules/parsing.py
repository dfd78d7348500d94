"""Definitions read from data. Every error names its place, as in `rule.all[2].window.days`."""

from typing import Any

from pydantic import ValidationError

from tenure.base.errors import TenureError
from tenure.base.words import shorten
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.base import Group, Node

MOST_RULES = 200
MOST_LEVELS = 8
WORDS = ("all", "any", "not")


def parse_rules(data: Any, place: str = "rule") -> Node:
    """A tree of `all`, `any`, `not` and rules. Errors: `bad_rule`, with the place."""
    reader = _Reader()
    return reader.read(data, place, 1)


class _Reader:
    def __init__(self) -> None:
        self._count = 0

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
            return kind.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise bad_rule(f"{place}{where}"[:200], _say(first, kind)) from error
        except RecursionError as error:
            raise bad_rule(place, "is nested too deeply") from error


def bad_rule(place: str, message: str) -> TenureError:
    return TenureError("bad_rule", f"{place}: {message}.", place)


def _say(error: Any, kind: Any) -> str:
    message = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            known = (
                [field.alias or name for name, field in kind.model_fields.items()]
                if len(error["loc"]) == 1
                else []
            )
            return f"is not known here{'; known are ' + ', '.join(known) if known else ''}"
        case "missing":
            return "is missing"
    return f"{message[:1].lower()}{message[1:250]}"
