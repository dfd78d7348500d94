"""What an operation is: the work of one command, apart from where it runs and how its result is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Progress = Callable[[float | None, str], None]
"""Called with the share that is done (0 to 1, None while unknown) and a short text."""


@dataclass(frozen=True)
class Operation:
    """`run` takes JSON-able arguments and gives a JSON-able result; it needs an open data folder."""

    name: str
    run: Callable[[dict[str, Any], Progress], dict[str, Any]]


def be_quiet(share: float | None, message: str) -> None:
    """A `Progress` for nobody."""
