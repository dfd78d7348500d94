"""YAML that people write, read within bounds: no aliases, not deep, not long."""

from pathlib import Path
from typing import Any

import yaml

from tenure.base.words import shorten

MOST_LEVELS = 40


class BadYamlError(ValueError):
    """The text cannot be taken. The message says why, without the file's name."""


class BoundedLoader(yaml.SafeLoader):
    """A safe loader that refuses aliases, which can blow a few lines up to gigabytes, and deep nesting."""

    _levels = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise BadYamlError(f"line {mark.line + 1} has an alias (*). Write the value out")
        self._levels += 1
        try:
            if self._levels > MOST_LEVELS:
                raise BadYamlError(f"it is nested deeper than {MOST_LEVELS} levels")
            return super().compose_node(parent, index)
        finally:
            self._levels -= 1


def parse_yaml(text: str, most_characters: int = 200_000) -> Any:
    """What the text says. Errors: BadYamlError."""
    if len(text) > most_characters:
        raise BadYamlError(f"it has more than {most_characters:,} characters")
    try:
        return yaml.load(text, Loader=BoundedLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = str(getattr(error, "problem", None) or "it cannot be parsed")
        raise BadYamlError(f"{where}{problem[:150]}") from error
    except RecursionError as error:
        raise BadYamlError("it is nested too deeply") from error
    except ValueError as error:
        if isinstance(error, BadYamlError):
            raise
        raise BadYamlError(f"a value cannot be read: {shorten(str(error))}") from error


def read_yaml(path: Path, most_characters: int = 200_000) -> Any:
    """As `parse_yaml`, of a file in UTF-8. Errors: BadYamlError, OSError, UnicodeDecodeError."""
    with path.open(encoding="utf-8") as file:
        return parse_yaml(file.read(most_characters + 1), most_characters)
