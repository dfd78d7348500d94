"""A server of its own for a bench, and what is needed to talk to it without a client library in the way."""

import asyncio
import base64
import http.cookiejar
import json
import os
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "tenure.cli.main"]


@dataclass(frozen=True)
class RunningServer:
    home: Path
    port: int
    pid: int
    write_key: str
    email: str
    password: str

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run a command beside the server; gives its JSON document."""
        return run_command(self.home, *arguments)

    def sign_in(self) -> str:
        """Sign in; gives the Cookie header of the session."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        address = f"http://127.0.0.1:{self.port}/sign-in/"
        with opener.open(address) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        form = {
            "email": self.email,
            "password": self.password,
            "csrfmiddlewaretoken": token[1] if token else "",
        }
        opener.open(address, urllib.parse.urlencode(form).encode()).close()
        cookies = {cookie.name: cookie.value for cookie in jar}
        if "sessionid" not in cookies:
            raise SystemExit("the bench could not sign in")
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    def read_memory_mb(self) -> float:
        """Resident memory of the server's process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

    def read_cpu_seconds(self) -> float:
        """User and system time that the server's process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_server(home: Path) -> Iterator[RunningServer]:
    """Serve `home` (made if need be) for a block, and stop that process afterwards."""
    email, password = "bench@example.com", "a long bench password"
    run_command(home, "user", "create", email, "--password-stdin", stdin=password)
    key = run_command(home, "key", "create")["key"]
    port = find_free_port()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TENURE_HOME": str(home)},
    )
    try:
        for line in process.stdout or []:
            if line == "}\n":
                break
        else:
            raise SystemExit("the server did not start")
        yield RunningServer(home, port, process.pid, key, email, password)
    finally:
        process.terminate()
        process.wait(timeout=60)


def run_command(home: Path, *arguments: str, stdin: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [*COMMAND, *arguments, "--json"],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TENURE_HOME": str(home)},
    )
    document: dict[str, Any] = json.loads(done.stdout)
    if done.returncode == 1 and "error" in document:
        raise SystemExit(f"tenure {' '.join(arguments)}: {document['error']['message']}")
    return document


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Caller:
    """One kept-alive HTTP/1.1 connection; one call at a time."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._basic = base64.b64encode(f"{server.write_key}:".encode()).decode()

    async def open(self) -> "Caller":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        return self

    async def post(self, path: str, body: bytes) -> None:
        """POST a tracking call; anything but 200 ends the bench."""
        status, answer = await self._exchange("POST", path, f"Authorization: Basic {self._basic}\r\n", body)
        if status != 200:
            raise SystemExit(f"{path} answered {status}: {answer[:200]!r}")

    async def get(self, path: str, headers: str) -> tuple[int, bytes]:
        return await self._exchange("GET", path, headers, b"")

    async def _exchange(self, method: str, path: str, headers: str, body: bytes) -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer)
        if length:
            return status, await self._reader.readexactly(int(length[1]))
        return status, await self._read_chunks()

    async def _read_chunks(self) -> bytes:
        parts = []
        while size := int(await self._reader.readline(), 16):
            parts.append((await self._reader.readexactly(size + 2))[:-2])
        await self._reader.readline()
        return b"".join(parts)

    def close(self) -> None:
        self._writer.close()


def compute_percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
