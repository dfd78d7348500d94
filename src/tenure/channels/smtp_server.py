"""A small SMTP server for the local mail catcher: one asyncio protocol, pipelining, no relaying."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

MAX_MESSAGE_BYTES = 25_000_000
MAX_LINE_BYTES = 4096
PATH = re.compile(rb"(?:FROM|TO):\s*<([^<>\r\n]*)>(?:\s.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """What came over the wire: bare addresses and the message, lines ended by CRLF."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


Keep = Callable[[ReceivedMail, Callable[[bool], None]], None]


class SmtpSession(asyncio.Protocol):
    """One connection. `keep` takes a mail and calls back with whether it is safely kept."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._buffer = bytearray()
        self._scanned = 0
        self._is_reading_message = False
        self._is_waiting = False
        self._sender: str | None = None
        self._recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._say("220 Tenure mail catcher: nothing leaves this machine")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while self._buffer and not self._is_waiting and not self._transport.is_closing():
            if not (self._read_message() if self._is_reading_message else self._read_line()):
                return

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                self._say("500 That line is too long")
                self._transport.close()
            return False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        verb, _, rest = line.partition(b" ")
        self._obey(verb.upper().decode("ascii", "replace"), rest.strip())
        return True

    def _obey(self, verb: str, rest: bytes) -> None:
        if verb == "EHLO":
            self._say(
                "250-localhost",
                f"250-SIZE {MAX_MESSAGE_BYTES}",
                "250-8BITMIME",
                "250-SMTPUTF8",
                "250 PIPELINING",
            )
        elif verb == "MAIL" or verb == "RCPT":
            self._address(verb, rest)
        elif verb == "DATA":
            if not self._recipients:
                self._say("503 Say MAIL and RCPT first")
                return
            self._is_reading_message, self._scanned = True, 0
            self._say("354 End the message with a line that holds one dot")
        elif verb == "QUIT":
            self._say("221 Bye")
            self._transport.close()
        elif verb in ("HELO", "RSET", "NOOP"):
            self._forget()
            self._say("250 OK")
        elif verb == "VRFY":
            self._say("252 Just send it")
        else:
            self._say("500 That is no command here")

    def _address(self, verb: str, rest: bytes) -> None:
        match = PATH.fullmatch(rest)
        if match is None:
            self._say("501 Write it like FROM:<ann@example.com>")
            return
        address = match.group(1).decode("utf-8", "replace")
        if verb == "MAIL":
            self._forget()
            self._sender = address
        elif self._sender is None or not address:
            self._say("503 Say MAIL first, then name somebody")
            return
        else:
            self._recipients.append(address)
        self._say("250 OK")

    def _read_message(self) -> bool:
        if self._buffer.startswith(b".\r\n"):
            end, after = 0, 3
        else:
            end = self._buffer.find(b"\r\n.\r\n", self._scanned)
            if end < 0:
                self._scanned = max(0, len(self._buffer) - 4)
                if len(self._buffer) > MAX_MESSAGE_BYTES:
                    self._say("552 The message is too large")
                    self._transport.close()
                return False
            end, after = end + 2, end + 5
        content = bytes(self._buffer[:end]).replace(b"\r\n..", b"\r\n.")
        del self._buffer[:after]
        mail = ReceivedMail(self._sender or "", tuple(self._recipients), content.removeprefix(b"."))
        self._is_reading_message, self._is_waiting = False, True
        self._forget()
        self._keep(mail, self._kept)
        return True

    def _kept(self, is_kept: bool) -> None:
        self._is_waiting = False
        self._say("250 Kept" if is_kept else "452 It could not be kept; is the disk full?")
        self._go_on()

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    def _say(self, *lines: str) -> None:
        if not self._transport.is_closing():
            self._transport.write(("\r\n".join(lines) + "\r\n").encode("ascii"))
