"""Brings a backup back into the data folder. Nothing of what is there is touched before the backup is proven whole."""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from tenure.base import clock
from tenure.base.errors import ConflictError, TenureError
from tenure.cli.backup_file import read_backup
from tenure.cli.operations.operation import Progress
from tenure.config import process
from tenure.config.environment import Environment, read_environment

_SETTLED = {"draft", "sent", "failed", "cancelled"}


def restore_backup(source: Path, force: bool, progress: Progress) -> dict[str, Any]:
    """Result: home, made_at, version, events, put_aside (a folder, or None), cancelled_campaigns,
    has_lake (false where the lake was in PostgreSQL, which is restored with its own tools).

    Errors: the data folder is in use, it is not empty and `force` is not given, the backup is broken.
    """
    environment = read_environment()
    with process.hold_folder(environment):
        present = _list_present(environment)
        if present and not force:
            raise ConflictError(
                "data_folder_not_empty",
                f"{environment.home} holds data already. Set TENURE_HOME to an empty folder, "
                "or put what is there aside with --force.",
            )
        with tempfile.TemporaryDirectory(prefix="restoring-", dir=environment.home) as scratch:
            folder = Path(scratch)
            progress(None, "Reading the backup")
            manifest = read_backup(source, folder)
            progress(None, "Checking the databases")
            has_lake = manifest.get("has_lake", True)
            _check_databases(environment, folder, source, has_lake)
            put_aside = _put_aside(environment, present)
            for entry in sorted(folder.iterdir()):
                shutil.move(entry, environment.home / entry.name)
    return {
        "home": str(environment.home),
        "made_at": manifest["made_at"],
        "version": manifest["version"],
        "events": manifest["events"],
        "has_lake": has_lake,
        "put_aside": str(put_aside) if put_aside else None,
        "cancelled_campaigns": _cancel_unfinished_campaigns(),
    }


def _cancel_unfinished_campaigns() -> list[str]:
    """What was being sent when the backup was made has gone on since, and nothing here knows to whom.

    So that nobody gets a second mail, such campaigns stop. Gives their names.
    """
    with process.opened():
        from tenure.campaigns import api as campaigns

        unfinished = [each for each in campaigns.list_campaigns() if each.state not in _SETTLED]
        for campaign in unfinished:
            campaigns.cancel(campaign.id, "command line")
        return [campaign.name for campaign in unfinished]


def _list_present(environment: Environment) -> list[Path]:
    passing = (environment.lock_path.name, environment.server_file.name)
    return [
        entry
        for entry in environment.home.iterdir()
        if entry.name not in passing and not entry.name.startswith(("restoring-", "before-restore-"))
    ]


def _put_aside(environment: Environment, present: list[Path]) -> Path | None:
    if not present:
        return None
    folder = environment.home / f"before-restore-{clock.now():%Y%m%d-%H%M%S}"
    folder.mkdir()
    for entry in present:
        shutil.move(entry, folder / entry.name)
    return folder


def _check_databases(environment: Environment, folder: Path, source: Path, has_lake: bool) -> None:
    for name in (environment.ledger_path.name, environment.inbox_path.name):
        connection = sqlite3.connect(folder / name)
        try:
            outcome = connection.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            outcome = str(error)
        finally:
            connection.close()
        if outcome != "ok":
            raise TenureError(
                "broken_backup", f"{source}: {name} is damaged ({outcome}). Try another file.", "file"
            )
    if not has_lake:
        return
    from tenure.lake import api as lakes

    lakes.open_file(folder / environment.lake_path.name).close()
