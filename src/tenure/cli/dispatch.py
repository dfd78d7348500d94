"""Where an operation runs: in this process, or in the server that holds the data folder."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tenure.base.errors import NotFoundError, UnavailableError
from tenure.cli.operations.operation import Progress, be_quiet
from tenure.cli.remote import ServerGoneError, run_remotely
from tenure.cli.server_file import find_running_server
from tenure.config import process
from tenure.config.environment import read_environment

WAIT_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


def require_data() -> None:
    """Errors: there is no data folder yet. For commands that only look, so that looking makes none."""
    environment = read_environment()
    home = environment.home.absolute()
    if not environment.ledger_path.exists():
        try:
            shown = f"./{home.relative_to(Path.cwd())}"
        except ValueError:
            shown = str(home)
        raise NotFoundError(
            "no_data",
            f"There is no data in {shown}. Set TENURE_HOME to the folder that holds it, or run tenure serve or tenure import.",
        )


def run(name: str, arguments: dict[str, Any], progress: Progress = be_quiet) -> dict[str, Any]:
    """Run the operation `name`; waits up to a minute while another command holds the data folder."""
    environment = read_environment()
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        server = find_running_server(environment.server_file)
        if server is not None:
            try:
                return run_remotely(server, name, arguments, progress)
            except ServerGoneError:
                pass
        with ExitStack() as stack:
            if _open_folder(stack):
                from tenure.cli.operations import get_operation

                return get_operation(name).run(arguments, progress)
        if time.monotonic() > deadline:
            raise UnavailableError(
                "data_folder_busy",
                f"Another tenure command is working on {environment.home}. Wait until it is done, then try again.",
            )
        progress(None, "Waiting for another tenure command to finish")
        time.sleep(_PAUSE_SECONDS)


def _open_folder(stack: ExitStack) -> bool:
    """Open the data folder for the rest of `stack`; False when another process holds it."""
    try:
        stack.enter_context(process.opened())
    except process.FolderBusyError:
        return False
    return True
