"""A submitted form, as the builder reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MOST_CHARACTERS = 2_000


class Posted(Protocol):
    """What Django's QueryDict gives."""

    def getlist(self, key: str) -> list[str]: ...

    def __contains__(self, key: object) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True)
class FormData:
    posted: Posted

    def get(self, name: str, default: str = "") -> str:
        """The last value of a name, trimmed."""
        values = self.posted.getlist(name)
        return values[-1].replace("\x00", "").strip()[:MOST_CHARACTERS] if values else default

    def get_lines(self, name: str) -> list[str]:
        """Every value of a name, those of several lines as several."""
        lines = [line.strip() for value in self.posted.getlist(name) for line in value.split("\n")]
        return list(dict.fromkeys(line.replace("\x00", "") for line in lines if line))

    def has(self, name: str) -> bool:
        return name in self.posted

    def has_any(self, name: str) -> bool:
        """Whether the form has a control of that name, or one that begins with it."""
        return name in self.posted or any(one.startswith(f"{name}.") for one in self.posted)


@dataclass(frozen=True)
class Control:
    """One element that takes a value. `kind`: input, select, area, checks."""

    kind: str
    name: str
    label: str
    value: str = ""
    options: tuple[tuple[str, str, bool], ...] = ()
    type: str = "text"
    mode: str = ""
    list_id: str = ""
    shapes: bool = False
    unit: str = ""
    is_short: bool = False

    @property
    def id(self) -> str:
        return make_id(self.name)


@dataclass(frozen=True)
class Line:
    """Controls side by side; `remove` is the action that takes the line away."""

    controls: tuple[Control, ...]
    remove: str = ""


@dataclass(frozen=True)
class ShownField:
    """A field with its label. `add` is the action that adds a line."""

    label: str
    lines: tuple[Line, ...]
    hint: str = ""
    add: str = ""
    add_label: str = ""
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def label_for(self) -> str:
        first = self.lines[0].controls[0] if self.lines and self.lines[0].controls else None
        return first.id if first is not None and first.kind != "checks" else ""


def make_id(name: str) -> str:
    """A form name as an id."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def choose(options: tuple[tuple[str, str], ...], chosen: str) -> tuple[tuple[str, str, bool], ...]:
    """Options of a select; a chosen value that is not among them stays, so that nothing is lost silently."""
    listed = [(value, text, value == chosen) for value, text in options]
    if chosen and all(value != chosen for value, _ in options):
        listed.append((chosen, f"{chosen} (not there)", True))
    return tuple(listed)
