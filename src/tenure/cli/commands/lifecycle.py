"""`tenure refresh` and `tenure rfm`: where every customer is in the lifecycle."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.base.words import count_of
from tenure.cli import dispatch, output
from tenure.cli.commands.options import (
    AsJson,
    AsOf,
    DateForm,
    Map,
    PresetName,
    existing_file,
    parse_day,
    parse_mapping,
    parse_preset,
)
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
    quantity: Annotated[
        str | None, typer.Option(metavar="COL", help="FILE's column with the quantity.")
    ] = None,
    price: Annotated[
        str | None, typer.Option(metavar="COL", help="FILE's column with the price of one.")
    ] = None,
    map_: Map = None,
    date_format: DateForm = None,
    as_json: AsJson = False,
) -> None:
    """Customers by RFM segment: from the data folder, or straight from an order file.

    Columns of FILE that are not named are guessed by their headings and first rows.
    """
    day = parse_day(as_of)
    arguments: dict[str, Any] = {
        "preset": parse_preset(preset),
        "as_of": day.isoformat() if day else None,
        "out": str(_writable(out)) if out else None,
    }
    if file is None:
        _refuse_columns(customer, date, amount, order, quantity, price, map_, date_format)
        dispatch.require_data()
        with output.progress(as_json, "Computing segments") as progress:
            result = dispatch.run("rfm", arguments, progress)
    else:
        from tenure.cli.operations.score import score_file

        named = {
            "customer": customer,
            "date": date,
            "amount": amount,
            "order": order,
            "mapping": _build_mapping(map_, amount, quantity, price),
            "date_format": date_format.value if date_format else None,
        }
        with output.progress(as_json, f"Reading {file.name}") as progress:
            result = score_file({**arguments, **named, "file": str(existing_file(file, "file"))}, progress)
    output.show(result, as_json, _show)


def _refuse_columns(*given: object) -> None:
    if any(given):
        raise MisuseError(
            "no_file",
            "--customer, --date, --amount, --order, --quantity, --price, --map and --date-format describe a FILE. "
            "Name the file.",
            "file",
        )


def _build_mapping(
    given: list[str] | None, amount: str | None, quantity: str | None, price: str | None
) -> dict[str, str]:
    """--map with --quantity and --price; these two replace a guessed total unless --amount names one."""
    mapping = parse_mapping(given or [])
    if quantity or price:
        mapping |= {"amount": amount or "", "order_total": ""}
        mapping |= {"quantity": quantity} if quantity else {}
        mapping |= {"unit_price": price} if price else {}
    return mapping


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
    title = f"{count_of(result['customers'], 'customer')} by segment on {result['as_of']}, preset {result['preset']}"
    output.print_table(["Segment", "Phase", ">Customers", ">Share", ">Revenue"], rows, title)
    if "left_out" in result:
        _show_file(result)
    if result.get("out"):
        output.say(f"A row per customer is in {result['out']}.")


def _show_file(result: dict[str, Any]) -> None:
    output.say()
    output.say(
        f"From {count_of(result['orders'], 'order')} and {count_of(result['refunds'], 'refund')} in "
        f"{count_of(result['rows_read'], 'row')}."
    )
    nobody = result["orders_without_customer"]
    if nobody:
        output.say(
            f"{count_of(nobody, 'order has', 'orders have')} no customer and {'is' if nobody == 1 else 'are'} in no segment."
        )
    for one in result["left_out"]:
        lines = ", ".join(str(line) for line in one["lines"])
        more = " and more" if one["rows"] > len(one["lines"]) else ""
        word = "line" if one["rows"] == 1 else "lines"
        output.say(f"Left out: {count_of(one['rows'], 'row')} with {one['words']} ({word} {lines}{more}).")
    output.say(
        "Columns read: " + ", ".join(f"{name} from {column}" for name, column in result["mapping"].items())
    )
    for warning in result["warnings"]:
        output.say(f"Note: {warning}")


def _share(part: int, total: int) -> str:
    return f"{part / total:.1%}" if total else "–"
