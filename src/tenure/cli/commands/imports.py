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
    kept = "would be written" if result["dry_run"] else "written"
    written = result["events_built"] if result["dry_run"] else result["events_written"]
    output.say(
        f"{result['rows_read']:,} rows read, {written:,} events {kept}, {result['duplicates']:,} known already."
    )
    if result["kind"] == "orders":
        output.say(
            f"{result['orders']:,} orders of {result['customers']:,} customers, {result['refunds']:,} refunds, "
            f"{float(result['total_amount']):,.2f} in all; {result['rows_without_customer']:,} rows without a customer."
        )
    output.say(
        "Columns read: " + ", ".join(f"{field} from {column}" for field, column in result["mapping"].items())
    )
    if result["rows_rejected"]:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in result["rejected_reasons"].items())
        output.say(f"{result['rows_rejected']:,} rows rejected ({reasons}).")
        if result["rejected_file"]:
            output.say(f"Each with its line and reason: {result['rejected_file']}")
    for warning in result["warnings"]:
        output.say(f"Note: {warning}")
