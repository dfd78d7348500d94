"""A real Tenure in a process of its own, for tests and benches that talk to it over HTTP or kill it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_START_SECONDS = 60.0
_PROGRAM = """
import sys
from tenure.config.server import serve
serve("127.0.0.1", int(sys.argv[1]), lambda note: print(__import__("json").dumps(note), flush=True))
"""
_MAKE_KEY = """
from tenure.config import process
with process.opened():
    from tenure.base.access import create_user
    from tenure.base.models import User
    from tenure.events import api
    if not User.objects.exists():
        create_user("test@tenure.example", "correct horse battery", "admin", "Test")
    print(api.create_write_key("test"))
"""


class RunningTenure:
    """Start, kill and start again on one data folder."""

    email = "test@tenure.example"
    password = "correct horse battery"

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = _find_free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._environment = {**os.environ, "TENURE_HOME": str(home), "TENURE_SMTP_URL": "", **environment}
        self._environment.pop("DJANGO_SETTINGS_MODULE", None)
        self._environment.pop("TENURE_BASE_URL", None)
        self._process: subprocess.Popen[str] | None = None
        self.write_key = self._run(_MAKE_KEY).strip().splitlines()[-1]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(self.port)],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"tenure did not start (exit code {self._process.wait()})")

    def kill(self) -> None:
        """SIGKILL: nothing is told, nothing is flushed."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.kill()
        self.start()

    def command(self, *arguments: str, exit_codes: tuple[int, ...] = (0,)) -> Any:
        """Run a `tenure` command with --json; gives its document."""
        done = subprocess.run(
            [sys.executable, "-m", "tenure.cli.main", *arguments, "--json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS * 2,
        )
        if done.returncode not in exit_codes:
            raise RuntimeError(f"tenure {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def _run(self, program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], env=self._environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
