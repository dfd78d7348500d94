"""The note that a running server leaves in the data folder, so that commands find it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunningServer:
    pid: int
    address: str
    token: str


def find_running_server(path: Path) -> RunningServer | None:
    """The server that `path` (server.json) tells of, if its process lives."""
    try:
        note = json.loads(path.read_text())
        server = RunningServer(int(note["pid"]), str(note["address"]), str(note["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return server if _is_alive(server.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
