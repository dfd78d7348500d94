"""`tenure import`: files of customers, orders and events."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.base.words import count_of
from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, DateForm, Map, existing_file, parse_mapping


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
    map_: Map = None,
    date_format: DateForm = None,
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
        "date_format": date_format.value if date_format else None,
    }
    with output.progress(as_json, f"Importing {file.name}") as progress:
        result = dispatch.run("import", arguments, progress)
    output.show(result, as_json, _show)


def _show(result: dict[str, Any]) -> None:
    would = " would be" if result["dry_run"] else ""
    written = result["events_built"] if result["dry_run"] else result["events_written"]
    output.say(
        f"{count_of(result['rows_read'], 'row')} read, {count_of(written, 'event')}{would} written, "
        f"{result['duplicates']:,} known already."
    )
    if result["kind"] == "orders":
        output.say(
            f"{count_of(result['orders'], 'order')} of {count_of(result['customers'], 'customer')}, "
            f"{count_of(result['refunds'], 'refund')}, {float(result['total_amount']):,.2f} in all; "
            f"{count_of(result['rows_without_customer'], 'row')} without a customer."
        )
        if result["identified"]:
            output.say(
                "Events are orders, refunds, and what the file says of "
                f"{count_of(result['identified'], 'customer')} (address, country)."
            )
    output.say(
        "Columns read: " + ", ".join(f"{field} from {column}" for field, column in result["mapping"].items())
    )
    if result["rows_rejected"]:
        reasons = ", ".join(f"{count:,} with {words}" for words, count in result["rejected_words"].items())
        output.say(f"{count_of(result['rows_rejected'], 'row')} rejected ({reasons}).")
        if result["rejected_file"]:
            output.say(f"Each with its line and reason: {result['rejected_file']}")
    for warning in result["warnings"]:
        output.say(f"Note: {warning}")
