"""`tenure backup`, `restore` and `doctor`: keeping the data safe and in order."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.base.words import count_of
from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file
from tenure.cli.misuse import MisuseError

_LEVELS = {"ok": "ok", "warning": "warning", "failed": "FAILED"}


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("doctor")(doctor)


def backup(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Where to write the backup, for example tenure-2026-11-30.tar.gz."
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole data folder into one file, while Tenure runs."""
    target = file.absolute()
    if target.is_dir() or not target.parent.is_dir():
        raise MisuseError(
            "bad_target", f"{file} cannot be a file: give a file in a folder that exists.", "file"
        )
    if target.exists() and not force:
        raise MisuseError(
            "file_exists", f"{file} is there already. Give another name, or --force to write over it.", "file"
        )
    with output.progress(as_json, "Backing up") as progress:
        result = dispatch.run("backup", {"file": str(target)}, progress)
    output.show(result, as_json, _show_backed_up)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `tenure backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Put aside what is in the data folder now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into the data folder (TENURE_HOME). Stop the server first."""
    from tenure.cli.restore import restore_backup

    source = existing_file(file, "file")
    with output.progress(as_json, "Restoring") as progress:
        result = restore_backup(source, force, progress)
    output.show(result, as_json, _show_restored)


def doctor(as_json: AsJson = False) -> None:
    """Is everything in order, and what to do if not. Exit code 1 when something is wrong; warnings are not."""
    dispatch.require_data()
    result = dispatch.run("doctor", {})
    output.show(result, as_json, _show_checks)
    if not result["ok"]:
        raise typer.Exit(1)


def _show_backed_up(result: dict[str, Any]) -> None:
    if result["has_lake"]:
        output.say(f"{result['file']}: {result['bytes']:,} bytes, {count_of(result['events'], 'event')}.")
        return
    output.say(f"{result['file']}: {result['bytes']:,} bytes.")
    output.say(
        "The lake is NOT in it: TENURE_LAKE_URL names a PostgreSQL database, which is backed up with its own tools. "
        "The two belong together only when both were made while Tenure was stopped."
    )


def _show_restored(result: dict[str, Any]) -> None:
    output.say(f"{result['home']} is as it was at {result['made_at']}.")
    if not result["has_lake"]:
        output.say(
            "The lake was not in the backup: restore the PostgreSQL database of the same moment with its own tools."
        )
    if result["put_aside"]:
        output.say(f"What was there before is in {result['put_aside']}.")
    for name in result["cancelled_campaigns"]:
        output.say(
            f"The campaign {name!r} was being sent at that moment; it is cancelled, so that nobody gets it twice."
        )


def _show_checks(result: dict[str, Any]) -> None:
    output.say(
        f"{count_of(result['events'], 'event')}, {count_of(result['customers'], 'customer')}, "
        f"{result['inbox']:,} waiting in the inbox, {result['outbox']:,} in the outbox."
    )
    rows = [[_LEVELS[check["level"]], check["name"], check["message"]] for check in result["checks"]]
    output.print_table(["", "Check", "What was found"], rows)
    for check in result["checks"]:
        if check["what_to_do"]:
            output.say(f"{check['name']}: {check['what_to_do']}")
