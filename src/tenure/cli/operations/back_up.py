"""Backs up the data folder while it is in use."""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from tenure.cli.backup_file import write_backup
from tenure.cli.operations.operation import Operation, Progress
from tenure.config.environment import Environment, read_environment

NOT_BACKED_UP = (
    "tenure.lock",
    "server.json",
    "lake.history.sqlite3",
    "static",
    "backup-",
    "restoring-",
    "before-",
    "test-ledger",
)


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: file (absolute path). Result: file, bytes, events, made_at, has_lake.

    The lake's one writer stands still while the ledger and the inbox are copied after it: whatever the inbox
    has let go of by then is in the copied lake, and no copied event names a customer that the copied ledger
    lacks. Events go on being accepted meanwhile. A lake in PostgreSQL is not in the file (`has_lake` false).
    """
    import tenure
    from tenure.base import clock
    from tenure.base.audit import record_audit
    from tenure.lake import api as lakes

    environment = read_environment()
    target = Path(arguments["file"])
    made_at = clock.now()
    record_audit("command line", "data.backed_up", target.name)
    lake = lakes.current()
    with tempfile.TemporaryDirectory(prefix="backup-", dir=environment.home) as scratch:
        folder = Path(scratch)
        progress(0.05, "Copying the lake")
        has_lake = lake.copy_to(
            folder / environment.lake_path.name, then=lambda: _copy_beside(environment, folder)
        )
        _copy_other_files(environment, folder)
        about = {"version": tenure.__version__, "made_at": made_at.isoformat(), "events": _count_events(lake)}
        about["has_lake"] = has_lake
        progress(0.5, "Writing the file")
        size = write_backup(
            folder, target, about, lambda share: progress(0.5 + share / 2, "Writing the file")
        )
    return {
        "file": str(target),
        "bytes": size,
        "events": about["events"],
        "made_at": about["made_at"],
        "has_lake": has_lake,
    }


def _copy_beside(environment: Environment, folder: Path) -> None:
    _copy_sqlite(environment.ledger_path, folder / environment.ledger_path.name)
    _copy_sqlite(environment.inbox_path, folder / environment.inbox_path.name)


def _copy_other_files(environment: Environment, folder: Path) -> None:
    """All but the databases (and their side files), what belongs to a running process, and other backups."""
    databases = (environment.ledger_path.name, environment.inbox_path.name, environment.lake_path.name)
    for entry in environment.home.iterdir():
        if entry.name.startswith((*databases, *NOT_BACKED_UP)) or entry.suffix in {
            ".gz",
            ".tgz",
            ".tar",
            ".unfinished",
        }:
            continue
        if entry.name.endswith(("-wal", "-shm", "-journal")):
            continue
        if entry.suffix == ".sqlite3":
            _copy_sqlite(entry, folder / entry.name)
        elif entry.is_dir():
            shutil.copytree(entry, folder / entry.name)
        elif entry.is_file():
            shutil.copy2(entry, folder / entry.name)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online backup: consistent while others write."""
    reader = sqlite3.connect(source, timeout=30)
    writer = sqlite3.connect(target)
    try:
        reader.backup(writer)
    finally:
        reader.close()
        writer.close()


def _count_events(lake: Any) -> int:
    from tenure.lake import api as lakes

    return int(lake.read_value(lakes.table("events").count().name("events").as_table()) or 0)


OPERATION = Operation("backup", run)
