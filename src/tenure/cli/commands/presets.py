"""`tenure preset`: the ways to divide customers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file


def register(app: typer.Typer) -> None:
    presets = typer.Typer(help="Ways to divide customers into segments.", no_args_is_help=True)
    presets.command("list")(list_presets)
    presets.command("apply")(apply)
    app.add_typer(presets, name="preset")


def list_presets(as_json: AsJson = False) -> None:
    """The presets there are."""
    dispatch.require_data()
    output.show(dispatch.run("preset.list", {}), as_json, _show)


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="A file that defines a preset.")],
    as_json: AsJson = False,
) -> None:
    """Save a preset of your own under the name it has, or a new version of it."""
    result = dispatch.run("preset.apply", {"file": str(existing_file(file, "file"))})
    output.show(
        result, as_json, lambda r: output.say(f"Saved. Use it with: tenure rfm --preset {r['preset']}")
    )


def _show(result: dict[str, Any]) -> None:
    rows = [[preset["name"], preset["title"], f"{preset['segments']:,}"] for preset in result["presets"]]
    output.print_table(["Name", "What it is", ">Segments"], rows)
