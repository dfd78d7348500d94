"""Builds docs/reference/segment-rules.md from the kinds themselves; run by write_reference.py."""

import inspect
import typing
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "segment-rules.md"
INTRODUCTION = """# The rules of segments

<!-- Written by `make docs` from the kinds of rules themselves. Do not edit. -->

A segment is data, the same in the builder, in [files](../how-to/segments-as-files.md) and in the API:

```yaml
name: silent-spenders
title: Spenders who went silent
rule:
  all:
    - {kind: attribute, name: revenue, type: number, operator: at_least, value: 200}
    - {kind: event, event: Order Completed, times: {exactly: 0}, window: {days: 30}}
```

| field | |
|---|---|
| `name` | small letters, figures and hyphens, at most 60; what other segments and commands call it |
| `title`, `description`, `owner` | for people; each may be missing |
| `rule` | a rule or a group: `all: [...]`, `any: [...]`, `not: {...}`, at most 8 levels deep, 200 rules and 60 events by name; a part can be a segment of its own |
| `persona` | a [profile card](../how-to/describe-a-persona.md); may be missing |

What unknown values and things that never happened mean stands on [one page](null-and-never.md).
An error names the place, as in `rule.all[1].window.days`.
"""
PIECES = """## Pieces that rules share

### Comparisons

`type` (by default `text`), `operator` (by default `equals`) and `value`.

{operators}

`one_of` and `not_one_of` take up to 1,000 values; upload more as a [static list](../how-to/static-lists.md). `between` takes two,
both included. `in_next_days`, `in_last_days` and `anniversary_in_days` take a number of days; today is one of them. They are for
attributes only.

### Bounds

One of `at_least`, `at_most`, `exactly`, `more_than`, `less_than` with a number, or `between` with two: `{{at_least: 3}}`.

### Windows

`{{days: 30}}` or `{{hours: 6}}` back from now, to the second; or whole days of the shop's time zone `{{from: 2026-01-01, to: 2026-01-31}}`,
of which one may be missing. Without a window it is ever. Nothing that lies in the future counts.

### Filters

Conditions on the properties of one event, all of which have to hold: `property` (a name, or a path such as `address.city`) and a comparison.

    where: [{{property: total, type: number, operator: more_than, value: 100}}]
"""
_SHARED = {
    "Bound": "a [bound](#bounds)",
    "Span": "a [window](#windows)",
    "Filter": "[filters](#filters)",
    "SequenceStep": "an event with `event` and `where`",
}


def build_segment_reference() -> str:
    """The page as Markdown."""
    from tenure.segments.rules import KINDS
    from tenure.segments.rules.comparing import OPERATORS

    rows = ["| type | operators |", "|---|---|"]
    rows += [f"| `{name}` | {', '.join(f'`{one}`' for one in known)} |" for name, known in OPERATORS.items()]
    groups: dict[str, list[str]] = {}
    for kind in KINDS:
        groups.setdefault(kind.group, []).append(kind.model_fields["kind"].default)
    index = ["| | kinds |", "|---|---|"]
    index += [
        f"| {group} | {', '.join(f'[`{name}`](#{name})' for name in names)} |"
        for group, names in groups.items()
    ]
    parts = [
        INTRODUCTION,
        "\n".join(index) + "\n",
        *(_describe(kind) for kind in KINDS),
        PIECES.format(operators="\n".join(rows)),
    ]
    return "\n".join(parts)


def _describe(kind: Any) -> str:
    from tenure.segments.rules.parsing import parse_rules

    lines = [
        f"## {kind.model_fields['kind'].default}",
        "",
        f"**{kind.title}.** {_one_line(kind.__doc__)}",
        "",
    ]
    if kind.note:
        lines += [_one_line(kind.note), ""]
    lines += ["| field | takes | default |", "|---|---|---|"]
    lines += [_describe_field(name, field) for name, field in kind.model_fields.items() if name != "kind"]
    lines += ["", "```yaml"]
    for example in kind.examples:
        rule = parse_rules(example)
        written = yaml.safe_dump(
            rule.as_data(), sort_keys=False, allow_unicode=True, default_flow_style=True, width=1_000
        )
        lines += [f"# {rule.describe()}", written.strip()]
    return "\n".join([*lines, "```", ""])


def _describe_field(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() else _say_default(field.get_default(call_default_factory=True))
    needed = "needed" if field.is_required() else default
    takes = "a [comparison](#comparisons) of the type" if name == "operator" else _say_type(field.annotation)
    if typing.get_origin(field.annotation) is typing.Literal:
        takes = _say_type(field.annotation)
    return f"| `{field.alias or name}` | {takes} | {needed} |"


def _say_type(annotation: Any) -> str:
    if annotation is Any:
        return "what the type and the operator want"
    if annotation in (str, int, bool):
        return {str: "text", int: "a whole number", bool: "true or false"}[annotation]
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return _SHARED.get(annotation.__name__, annotation.__name__.lower())
    arguments = [one for one in typing.get_args(annotation) if one not in (type(None), Ellipsis)]
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if typing.get_origin(annotation) is tuple:
        inner = _say_type(arguments[0])
        return inner if inner.startswith("[") else f"a list of {inner}s"
    return " or ".join(dict.fromkeys(_say_type(one) for one in arguments))


def _say_default(value: Any) -> str:
    if value is None or value in ((), ""):
        return ""
    if isinstance(value, BaseModel):
        given = value.model_dump(mode="json", exclude_none=True)
        return f"`{{{', '.join(f'{name}: {one}' for name, one in given.items())}}}`" if given else "ever"
    return f"`{value}`"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
