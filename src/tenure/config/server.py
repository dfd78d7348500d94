"""`tenure serve`: one process that takes events in, shows the pages and sends."""

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from tenure.base.errors import UnavailableError
from tenure.config.environment import Environment, read_environment
from tenure.config.process import opened

logger = logging.getLogger(__name__)

FIRST_USER = "admin@localhost"
_SWITCH_SECONDS = 0.001
"""So that the event loop waits a millisecond, not five, while the pump computes."""


def serve(host: str, port: int, announce: Callable[[dict[str, str]], None]) -> None:
    """Serve until stopped. `announce` gets {address} and, at the first start, {email, password} of a sign-in.

    Errors: the port is taken; another process holds the data folder.
    """
    environment = read_environment()
    address = _check_port(host, port)
    sys.setswitchinterval(_SWITCH_SECONDS)
    os.environ.setdefault("TENURE_BASE_URL", address)
    with opened(background=True) as services:
        note = {"address": address, **_make_first_user()}
        _write_note(environment, address)
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(_run(host, port, services, lambda: announce(note)))
        finally:
            environment.server_file.unlink(missing_ok=True)


async def _run(host: str, port: int, services: object, on_listening: Callable[[], None]) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from tenure.config.asgi import Application

    logging.getLogger("_granian").setLevel(logging.ERROR)
    server = Server(
        Application(services),  # type: ignore[arg-type]
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
        backlog=2048,
    )
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    task = asyncio.create_task(server.serve())
    await _wait_until_listening(host, port, task)
    on_listening()
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    await asyncio.wait({task}, timeout=5)


async def _wait_until_listening(host: str, port: int, task: "asyncio.Task[None]") -> None:
    for _ in range(200):
        if task.done():
            task.result()
        try:
            _, writer = await asyncio.open_connection(_reachable(host), port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


def _check_port(host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UnavailableError(
                "port_taken",
                f"Cannot listen on {host}:{port} ({error.strerror}). Stop what uses it, or give another --port.",
                "port",
            ) from error
    return f"http://{_reachable(host)}:{port}"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else host


def _make_first_user() -> dict[str, str]:
    from tenure.base.access import create_user
    from tenure.base.models import User

    if User.objects.exists():
        return {}
    password = secrets.token_urlsafe(12)
    create_user(FIRST_USER, password, "admin", "Admin")
    return {"email": FIRST_USER, "password": password}


def _write_note(environment: Environment, address: str) -> None:
    path: Path = environment.server_file
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"pid": os.getpid(), "address": address, "token": secrets.token_urlsafe(32)}, file)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
