"""`tenure campaign`: send one, and read what it earned."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file
from tenure.cli.operations.send_campaign import PATIENCE_SECONDS


def register(app: typer.Typer) -> None:
    campaigns = typer.Typer(help="E-mail campaigns with a control group.", no_args_is_help=True)
    campaigns.command("send")(send)
    campaigns.command("report")(report)
    app.add_typer(campaigns, name="campaign")


def send(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="name, segment, subject, body, control_share.")
    ],
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=1,
            help="Stop when no mail got out for so long. Default: 30 for a program, no end on a terminal.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send a campaign. The same file again goes on where it stopped; nobody gets a second mail."""
    if wait is None and (as_json or not sys.stderr.isatty()):
        wait = PATIENCE_SECONDS
    arguments = {"file": str(existing_file(file, "file")), "wait": wait}
    with output.progress(as_json, f"Sending {file.stem}") as progress:
        result = dispatch.run("campaign.send", arguments, progress)
    output.show(result, as_json, _show)


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign's name.")], as_json: AsJson = False
) -> None:
    """What a campaign did, held against its control group."""
    dispatch.require_data()
    result = dispatch.run("campaign.report", {"name": name})
    output.show(result, as_json, _show)


def _show(result: dict[str, Any]) -> None:
    output.say(result["statement"])
    output.say()
    output.print_table(
        [result["name"], ">Treatment group", ">Control group"],
        [
            ["People", *_both(result["assigned"], "{:,}")],
            ["Bought", *_both(result["bought"], "{:,}")],
            ["Bought, of 100", *_both(_as_percent(result["conversion"]), "{:.1f}")],
            [
                f"Revenue per customer, {result['currency']}",
                *_both(result["revenue_per_customer"], "{:,.2f}"),
            ],
        ],
    )
    counts = ("sent", "opened", "clicked", "unsubscribed", "waiting", "failed", "in_doubt", "cancelled")
    output.say()
    output.say(", ".join(f"{result[name]:,} {name.replace('_', ' ')}" for name in counts if result[name]))
    for other in result.get("also_sending", []):
        output.say(f"Also went on with {other['name']!r}, of which {other['waiting']:,} mails were waiting.")
    for reason, people in result["skipped"].items():
        output.say(f"{people:,} got none: {reason.replace('_', ' ')}")


def _both(groups: dict[str, Any], form: str) -> list[str | None]:
    values = (groups["treatment"], groups["control"])
    return [None if value is None else form.format(value) for value in values]


def _as_percent(groups: dict[str, Any]) -> dict[str, Any]:
    return {arm: None if groups[arm] is None else groups[arm] * 100 for arm in ("treatment", "control")}
