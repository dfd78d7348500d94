"""The parts of a running Tenure, put together: opened under the data folder's lock, closed in order."""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tenure.base.errors import ConflictError, UnavailableError
from tenure.config.environment import Environment, read_environment

if TYPE_CHECKING:
    from tenure.config.services import Services

logger = logging.getLogger(__name__)


class FolderBusyError(ConflictError):
    """Another process holds the data folder."""


_opened = threading.Lock()


def set_up_django() -> None:
    """Load Django once; the data folder must exist."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def hold_folder(environment: Environment) -> IO[str]:
    """Create the data folder if need be and lock it. Errors: busy; not writable."""
    try:
        environment.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = environment.lock_path.open("a+")
    except OSError as error:
        raise UnavailableError(
            "data_folder_unwritable",
            f"The data folder {environment.home} cannot be written ({error.strerror}). Set TENURE_HOME to a folder "
            "that you may write to.",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise FolderBusyError(
            "data_folder_busy",
            f"Another Tenure (process {holder}) works on {environment.home}. Use that one, stop it, or set "
            "TENURE_HOME to another folder.",
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextmanager
def opened(background: bool = False) -> Iterator["Services"]:
    """Open ledger, inbox and lake of the data folder, under its lock; close them in order.

    With `background` the pump, the ticker and the sender run in threads of their own; without, the caller
    drains what it puts in. What waited in the inbox is folded before the block either way.
    """
    environment = read_environment()
    with _opened:
        lock = hold_folder(environment)
    try:
        set_up_django()
        _migrate_ledger(environment)
        from tenure.config.services import Services

        services = Services(environment)
        services.start(background)
        try:
            yield services
        finally:
            services.stop()
    finally:
        lock.close()


open_process = opened


def _migrate_ledger(environment: Environment) -> None:
    """Bring an older version's ledger up to date, after a copy of it was put aside."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return
    if executor.loader.applied_migrations:
        _put_aside(environment)
    call_command("migrate", verbosity=0, interactive=False)


def _put_aside(environment: Environment) -> None:
    """Copies of all three stores before a migration touches them."""
    import shutil

    from django.db import connection

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = environment.home / "before-migration" / stamp
    folder.mkdir(parents=True)
    connection.close()
    for path in (environment.ledger_path, environment.inbox_path, environment.lake_path):
        for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + ".wal")):
            if part.exists():
                shutil.copy2(part, folder / part.name)
    logger.info("the data of the older version was copied to %s before migrating", folder)


def list_copies(environment: Environment) -> list[Path]:
    """The copies put aside before migrations."""
    return sorted((environment.home / "before-migration").glob("*"))
