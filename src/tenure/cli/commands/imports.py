"""`tenure import`: files of customers, orders and events."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file
from tenure.cli.misuse import MisuseError


class Kind(StrEnum):
    CUSTOMERS = "customers"
    ORDERS = "orders"
    EVENTS = "events"


def register(app: typer.Typer) -> None:
    app.command("import")(import_file)


def import_file(
    kind: Annotated[Kind, typer.Argument(metavar="customers|orders|events", help="What the file holds.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A delimited text file; may be gzip-compressed.")
    ],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Which column holds a field, by heading or by position from 1. Several may follow one --map.",
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where the rows come from; events keep it.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything, keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a file. The same file twice changes nothing."""
    arguments = {
        "kind": kind.value,
        "file": str(existing_file(file, "file")),
        "mapping": parse_mapping(map_ or []),
        "source": source,
        "dry_run": dry_run,
    }
    with output.progress(as_json, f"Importing {file.name}") as progress:
        result = dispatch.run("import", arguments, progress)
    output.show(result, as_json, _show)


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


def _show(result: dict[str, Any]) -> None:
    for name, value in result.items():
        output.say(f"{name}: {value}")
