"""The local mail catcher: a real SMTP server whose mails are read in the product and never leave."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from tenure.base.errors import UnavailableError
from tenure.channels import mailbox
from tenure.channels.smtp_server import ReceivedMail, SmtpSession

logger = logging.getLogger(__name__)


class Catcher:
    """Listens on `host:port` (port 0: any free one) in a thread of its own; keeps mails in `path`.

    Mails that arrive together are committed together before any of them is answered.
    """

    def __init__(self, path: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self._path = path or mailbox.get_mailbox_path()
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: Exception | None = None
        self._waiting: list[tuple[ReceivedMail, Callable[[bool], None]]] = []

    @property
    def url(self) -> str:
        """What TENURE_SMTP_URL would say."""
        return f"smtp://{self._host}:{self._port}"

    def start(self) -> str:
        """Start listening; returns the url. Errors: UnavailableError when the port is taken."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="mail-catcher", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self._error is not None:
            raise UnavailableError(
                "catcher_failed",
                f"The mail catcher cannot listen on {self._host}:{self._port}: {self._error}",
            )
        return self.url

    def stop(self) -> None:
        loop = self._loop
        if self._thread is not None and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
        self._thread = None

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, sqlite3.Error) as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        with mailbox.opened(self._path) as connection:
            self._connection = connection
            server = await loop.create_server(lambda: SmtpSession(self._keep), self._host, self._port)
            self._port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._stop.wait()
            server.close()
            self._flush()

    def _keep(self, mail: ReceivedMail, answer: Callable[[bool], None]) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append((mail, answer))

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            mailbox.add_mails(self._connection, [mail for mail, _ in waiting])
            is_kept = True
        except sqlite3.Error:
            logger.exception("caught mails could not be kept")
            is_kept = False
        for _, answer in waiting:
            answer(is_kept)
