"""The command as a user runs it: in a process of its own, on a data folder of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

COMMAND = [sys.executable, "-m", "tenure.cli.main"]
START_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it must be."""
        document: dict[str, Any] = json.loads(self.out)
        return document


Tenure = Callable[..., Outcome]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "DJANGO_"))}
    return {**kept, "TENURE_HOME": str(tmp_path / "home"), "TENURE_SMTP_URL": "catcher"}


@pytest.fixture
def tenure(environment: dict[str, str], tmp_path: Path) -> Tenure:
    def run(*arguments: str, stdin: str = "", **changes: str) -> Outcome:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**environment, **changes},
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A running server on the same data folder; gives its first announcement."""
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(find_free_port()), "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield json.loads("".join(_read_document(process.stdout)))
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _read_document(stream: IO[str]) -> Iterator[str]:
    for line in stream:
        yield line
        if line == "}\n":
            return


@pytest.fixture
def order_file(tmp_path: Path) -> Path:
    """Alice ordered three times, Bob twice and sent one back, Charlie once."""
    rows = [
        "alice,A1,2026-01-05,40.00",
        "alice,A2,2026-02-05,60.00",
        "alice,A3,2026-03-05,20.00",
        "bob,B1,2026-01-10,30.00",
        "bob,B2,2026-02-10,50.00",
        "bob,B2,2026-02-12,-50.00",
        "charlie,C1,2026-03-01,15.00",
    ]
    path = tmp_path / "orders.csv"
    path.write_text("who,number,day,sum\n" + "\n".join(rows) + "\n")
    return path


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
