"""Templates: parsed once, rendered once per person."""

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Literal

from liquid import BoundTemplate, Environment, Undefined
from liquid.exceptions import LiquidError, ResourceLimitError

from tenure.base.errors import TenureError
from tenure.content.liquid_language import build_environment, get_environment

Mode = Literal["html", "header", "text"]
MAX_SOURCE_CHARACTERS = 500_000
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class Template:
    """A parsed template. `mode`: html (values escaped), header (one line) or text."""

    def __init__(self, source: str, field: str, mode: Mode, parsed: BoundTemplate) -> None:
        self.source = source
        self.field = field
        self.mode = mode
        self._parsed = parsed

    def render(self, context: Mapping[str, Any]) -> str:
        """The text for one person. Errors: `template_error`, with the line."""
        return _render(self._parsed, self, context)


def parse_template(source: str, field: str, mode: Mode | None = None) -> Template:
    """Parse Liquid. Without `mode`, a field named subject or preheader is a header, any other is HTML.

    Errors: `template_error` naming the line, the mistake and the field.
    """
    if mode is None:
        mode = "header" if field in ("subject", "preheader") else "html"
    return Template(source, field, mode, _parse(source, field, get_environment(mode == "html")))


def compute_undefined(template: Template, context: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Variables that would print nothing for this person, without a default: (name, line), in order."""
    return preview_template(template, context)[1]


def preview_template(template: Template, context: Mapping[str, Any]) -> tuple[str, list[tuple[str, int]]]:
    """The text with `[undefined: name]` where a variable is missing, and the list of those (name, line)."""
    missing: list[tuple[str, int]] = []

    class Shown(Undefined):
        __slots__ = ()

        def __str__(self) -> str:
            name, line = _describe_missing(self, template.source)
            if (name, line) not in missing:
                missing.append((name, line))
            return f"[undefined: {name}]"

    environment = build_environment(template.mode == "html", Shown)
    parsed = _parse(template.source, template.field, environment)
    return _render(parsed, template, context), missing


def list_variables(template: Template) -> list[tuple[tuple[str, ...], int]]:
    """What a template reads of its context, with or without a default: (path, line), in order of the text."""
    found = template._parsed.analyze(include_partials=False).globals.values()
    places = sorted({(one.span.index, _path(one.segments)) for variables in found for one in variables})
    return [(path, _find_line(index, template.source)) for index, path in places]


def _path(segments: list[Any]) -> tuple[str, ...]:
    """The named steps of a variable, up to the first that is not a plain name."""
    return tuple(takewhile(lambda part: isinstance(part, str), segments))


def _parse(source: str, field: str, environment: Environment) -> BoundTemplate:
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise TenureError(
            "template_error", f"The {field} has more than {MAX_SOURCE_CHARACTERS:,} characters.", field
        )
    try:
        parsed = environment.from_string(source)
        for name, places in parsed.analyze(include_partials=False).filters.items():
            if name not in environment.filters:
                message = f"unknown filter '{name}'"
                raise _make_error(field, _find_line(places[0].index, source), message)
        return parsed
    except LiquidError as error:
        raise _explain(error, source, field) from error
    except (RecursionError, ValueError) as error:
        raise TenureError(
            "template_error", f"The {field} cannot be read: {str(error)[:200]}", field
        ) from error


def _render(parsed: BoundTemplate, template: Template, context: Mapping[str, Any]) -> str:
    try:
        text = parsed.render(context)
    except LiquidError as error:
        raise _explain(error, template.source, template.field) from error
    except Exception as error:
        message = f"The {template.field} cannot be rendered: {type(error).__name__}: {str(error)[:200]}"
        raise TenureError("template_error", message, template.field) from error
    return CONTROL.sub(" ", text).strip() if template.mode == "header" else text


def _explain(error: LiquidError, source: str, field: str) -> TenureError:
    index = error.token.start_index if error.token else -1
    line = _find_line(index if index >= 0 else len(source), source)
    reason = str(error.message or type(error).__name__)
    if isinstance(error, ResourceLimitError):
        reason += " (budgets protect the sending of everybody else; make loops and texts smaller)"
    return _make_error(field, line, reason)


def _make_error(field: str, line: int, reason: str) -> TenureError:
    short = reason if len(reason) <= 300 else f"{reason[:300]}…"
    return TenureError("template_error", f"The {field} has a mistake in line {line}: {short}", field)


def _describe_missing(missing: Undefined, source: str) -> tuple[str, int]:
    name = (missing.hint or "").removesuffix(" is undefined").strip("'") or missing.name
    if name == "index out of range":
        name = missing.name
    return name, _find_line(missing.token.start_index if missing.token else -1, source)


def _find_line(index: int, source: str) -> int:
    return source.count("\n", 0, index) + 1 if 0 <= index <= len(source) else 0
