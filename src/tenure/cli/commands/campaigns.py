"""`tenure campaign`: send one, and read what it earned."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file


def register(app: typer.Typer) -> None:
    campaigns = typer.Typer(help="E-mail campaigns with a control group.", no_args_is_help=True)
    campaigns.command("send")(send)
    campaigns.command("report")(report)
    app.add_typer(campaigns, name="campaign")


def send(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="name, segment, subject, body, control_share.")
    ],
    as_json: AsJson = False,
) -> None:
    """Send a campaign. The same file again goes on where it stopped; nobody gets a second mail."""
    arguments = {"file": str(existing_file(file, "file"))}
    with output.progress(as_json, f"Sending {file.stem}") as progress:
        result = dispatch.run("campaign.send", arguments, progress)
    output.show(result, as_json, _show)


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign's name.")], as_json: AsJson = False
) -> None:
    """What a campaign did, held against its control group."""
    result = dispatch.run("campaign.report", {"name": name})
    output.show(result, as_json, _show)


def _show(result: dict[str, Any]) -> None:
    output.say(result["statement"])
    rows = [[_words(name), _cell(value)] for name, value in result.items() if name != "statement"]
    output.print_table(["", ""], rows)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _cell(value: Any) -> str | None:
    if isinstance(value, dict):
        return ", ".join(f"{_words(name).lower()} {_cell(inner)}" for name, inner in value.items())
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return None if value is None else f"{value:,}" if isinstance(value, int) else str(value)
