"""Options that many commands share."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.misuse import MisuseError

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day to look from, YYYY-MM-DD. Default: today."),
]
PresetName = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME|FILE", help="A preset by name, or a YAML file that defines one."),
]


def parse_day(text: str | None) -> date | None:
    """`2026-11-30` to a date. Errors: anything else."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError as error:
        raise MisuseError(
            "bad_date", f"{text!r} is not a day. Write it as YYYY-MM-DD, like 2026-11-30.", "as_of"
        ) from error


def parse_preset(text: str | None) -> str | None:
    """A preset's name as it is; a file's path made absolute."""
    if text is None or not (text.endswith((".yaml", ".yml")) or Path(text).is_file()):
        return text
    return str(existing_file(Path(text), "preset"))


def existing_file(path: Path, field: str) -> Path:
    """The absolute path of a file that can be read."""
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise MisuseError("no_such_file", f"{path} {what}. Check the path.", field)
    return path.absolute()
