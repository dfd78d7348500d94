"""Write docs/reference/cli.md from the commands themselves. A test holds the page against them."""

import os
import runpy
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import django
import typer.main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"
KPIS = PAGE.with_name("kpis.md")
INTRODUCTION = """# The `tenure` command

<!-- Written by `make docs` from the commands themselves. Do not edit. -->

The data folder is `TENURE_HOME`, by default `./tenure-data` ([settings](settings.md)). Every command works while a
server runs on the same data folder (the server then does the work) and without one.

Every command takes `--json`: one JSON document on standard output and nothing else. An error is a document too:
`{"error": {"code", "message", "field"}}`.

| exit code | meaning |
|---|---|
| 0 | fine |
| 1 | it failed; the message says what to do |
| 2 | it was called in a way that cannot work |
"""


def build_reference() -> str:
    """The page as Markdown."""
    from tenure.cli.main import app

    parts = [INTRODUCTION]
    for path, command in _list_commands(typer.main.get_command(app), "tenure"):
        parts.append(_describe(path, command))
    return "\n".join(parts)


def _list_commands(group: Any, path: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        full = f"{path} {name}"
        found += _list_commands(command, full) if hasattr(command, "commands") else [(full, command)]
    return found


def _describe(path: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join([path, *[_usage(argument) for argument in arguments], "[OPTIONS]"])
    lines = [f"## {path}", "", (command.help or "").strip(), "", f"    {usage}", ""]
    rows = [(f"`{_usage(argument)}`", argument.help) for argument in arguments]
    rows += [(f"`{_option(option)}`", _help(option)) for option in options if "--help" not in option.opts]
    if rows:
        lines += ["| | |", "|---|---|", *[f"| {_cell(name)} | {_cell(text)} |" for name, text in rows], ""]
    return "\n".join(lines)


def _usage(argument: Any) -> str:
    name = _choices(argument) or argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    return f"{names} {_choices(option) or option.metavar or _kind(option)}"


def _help(option: Any) -> str:
    text, default = option.help or "", option.default
    is_worth_saying = default not in (None, "", False) and not callable(default)
    return f"{text} Default: {getattr(default, 'value', default)}." if is_worth_saying else text


def _kind(option: Any) -> str:
    return "NUMBER" if option.type_descriptor.annotation is int else "TEXT"


def _choices(parameter: Any) -> str:
    if parameter.metavar:
        return ""
    annotation = parameter.type_descriptor.annotation
    is_choice = isinstance(annotation, type) and issubclass(annotation, Enum)
    return "|".join(str(choice.value) for choice in annotation) if is_choice else ""


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def build_kpis() -> str:
    """The page of key figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
    django.setup()
    from tenure.segments.stages.kpis.reference import build_reference as build

    return build()


def build_pages() -> dict[Path, str]:
    """Every generated page by its path."""
    segments = runpy.run_path(str(Path(__file__).with_name("segment_reference.py")))
    routes = runpy.run_path(str(Path(__file__).with_name("http_reference.py")))
    return {
        PAGE: build_reference(),
        segments["PAGE"]: segments["build_segment_reference"](),
        routes["PAGE"]: routes["build_http_reference"](),
    }


if __name__ == "__main__":
    pages = build_pages()
    if "--check" in sys.argv:
        sys.exit(any(path.read_text(encoding="utf-8") != text for path, text in pages.items()))
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
