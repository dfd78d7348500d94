"""`tenure refresh` and `tenure rfm`: where every customer is in the lifecycle."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, AsOf, PresetName, existing_file, parse_day, parse_preset
from tenure.cli.misuse import MisuseError


def register(app: typer.Typer) -> None:
    app.command("refresh")(refresh)
    app.command("rfm")(rfm)


def refresh(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Recompute scores, segments and stages."""
    day = parse_day(as_of)
    with output.progress(as_json, "Computing scores and segments") as progress:
        result = dispatch.run("refresh", {"as_of": day.isoformat() if day else None}, progress)
    output.show(result, as_json, _show)


def rfm(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="An order file to analyse by itself: nothing is kept, no data folder needed."
        ),
    ] = None,
    preset: PresetName = None,
    as_of: AsOf = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write a row per customer.")] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="COL", help="FILE's column with the customer.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="COL", help="FILE's column with the day or moment.")
    ] = None,
    amount: Annotated[str | None, typer.Option(metavar="COL", help="FILE's column with the amount.")] = None,
    order: Annotated[str | None, typer.Option(metavar="COL", help="FILE's column with the order id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Customers by RFM segment: from the data folder, or straight from an order file."""
    day = parse_day(as_of)
    arguments: dict[str, Any] = {
        "preset": parse_preset(preset),
        "as_of": day.isoformat() if day else None,
        "out": str(_writable(out)) if out else None,
    }
    if file is None:
        if customer or date or amount or order:
            raise MisuseError(
                "no_file", "--customer, --date, --amount and --order describe a FILE. Name the file.", "file"
            )
        with output.progress(as_json, "Computing segments") as progress:
            result = dispatch.run("rfm", arguments, progress)
    else:
        if not (customer and date and amount):
            raise MisuseError(
                "columns_missing",
                "For a FILE say which columns to read: --customer COL --date COL --amount COL.",
                "file",
            )
        from tenure.cli.operations.score import score_file

        named = {"customer": customer, "date": date, "amount": amount, "order": order}
        with output.progress(as_json, f"Reading {file.name}") as progress:
            result = score_file({**arguments, **named, "file": str(existing_file(file, "file"))}, progress)
    output.show(result, as_json, _show)


def _writable(path: Path) -> Path:
    if not path.absolute().parent.is_dir():
        raise MisuseError("no_such_folder", f"The folder of {path} does not exist. Make it first.", "out")
    return path.absolute()


def _show(result: dict[str, Any]) -> None:
    total = sum(row["customers"] for row in result["segments"])
    rows = [
        [
            row["segment"],
            row["phase"],
            f"{row['customers']:,}",
            _share(row["customers"], total),
            f"{row['revenue']:,.2f}",
        ]
        for row in result["segments"]
    ]
    title = f"{result['customers']:,} customers by segment on {result['as_of']}, preset {result['preset']}"
    output.print_table(["Segment", "Phase", ">Customers", ">Share", ">Revenue"], rows, title)
    if result.get("out"):
        output.say(f"A row per customer is in {result['out']}.")


def _share(part: int, total: int) -> str:
    return f"{part / total:.1%}" if total else "–"
