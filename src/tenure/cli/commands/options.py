"""Options that many commands share."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.misuse import MisuseError

FIRST_DAY = date(1900, 1, 1)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day to look from, YYYY-MM-DD. Default: today."),
]
PresetName = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME|FILE", help="A preset by name, or a YAML file that defines one."),
]


class DateFormat(StrEnum):
    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"
    ISO = "ISO"
    EPOCH = "EPOCH"


DateForm = Annotated[
    DateFormat | None,
    typer.Option(
        "--date-format",
        case_sensitive=False,
        help="How dates are written. Found by itself, unless 01/10 could be both 1 October and 10 January.",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Which column holds a field, by heading or by position from 1. Several may follow one --map.",
    ),
]


def parse_day(text: str | None) -> date | None:
    """`2026-11-30` to a date. Errors: anything else."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError as error:
        raise MisuseError(
            "bad_date", f"{text[:40]!r} is not a day. Write it as YYYY-MM-DD, like 2026-11-30.", "as_of"
        ) from error
    if day < FIRST_DAY:
        raise MisuseError("bad_date", f"{day} is too long ago. Give a day from {FIRST_DAY} on.", "as_of")
    return day


def parse_preset(text: str | None) -> str | None:
    """A preset's name as it is; a file's path made absolute."""
    if text is None or not (text.endswith((".yaml", ".yml")) or Path(text).is_file()):
        return text
    return str(existing_file(Path(text), "preset"))


def parse_mapping(pairs: list[str]) -> dict[str, str]:
    """`["customer_id=1", "ordered_at=Date"]` to a dict. Errors: no `=`, an empty side, a field twice."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        field, column = field.strip(), column.strip()
        if not (equals and field and column):
            raise MisuseError(
                "bad_map", f"--map {pair!r}: write field=column, like --map customer_id=CustomerID.", "map"
            )
        if field in mapping:
            raise MisuseError("bad_map", f"--map names the field {field} twice.", "map")
        mapping[field] = column
    return mapping


def existing_file(path: Path, field: str) -> Path:
    """The absolute path of a file that can be read."""
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise MisuseError("no_such_file", f"{path} {what}. Check the path.", field)
    return path.absolute()
