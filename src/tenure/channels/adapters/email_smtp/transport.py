"""SMTP, one command at a time, so that it is always known whether the message has left."""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass, field

import aiosmtplib

from tenure.channels.adapters.base import Outcome, OutcomeState, ServerProblemError
from tenure.channels.message import Envelope, OutgoingEmail, build_envelope

LOST = (aiosmtplib.SMTPException, OSError, EOFError, TimeoutError)


@dataclass(frozen=True)
class SmtpServer:
    """A server and how to sign in. `security`: smtp, smtps or smtp+starttls."""

    host: str
    port: int
    security: str = "smtp"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def shown_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.security}://{host}:{self.port}"


class SmtpTransport:
    """Opens connections to one SMTP server."""

    def __init__(self, server: SmtpServer, timeout_seconds: float = 30.0) -> None:
        self.server = server
        self.shown_url = server.shown_url
        self._timeout = timeout_seconds
        self._tls: ssl.SSLContext | None = None

    def prepare(self, message: OutgoingEmail) -> Envelope:
        return build_envelope(message)

    async def connect(self) -> "SmtpConnection":
        server = self.server
        if self._tls is None:
            self._tls = ssl.create_default_context()
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=_local_hostname(),
            timeout=self._timeout,
            use_tls=server.security == "smtps",
            start_tls={"smtp": None, "smtps": False, "smtp+starttls": True}[server.security],
            tls_context=self._tls,
        )
        try:
            await client.connect()
            await client._ehlo_or_helo_if_needed()
        except LOST as error:
            client.close()
            raise ServerProblemError(_explain_refusal(error, self._timeout)) from error
        except asyncio.CancelledError:
            client.close()
            raise
        return SmtpConnection(client, self._timeout)


class SmtpConnection:
    """One open connection."""

    def __init__(self, client: aiosmtplib.SMTP, timeout_seconds: float) -> None:
        self._client = client
        self._timeout = timeout_seconds
        self._has_size = client.supports_extension("size")
        self._delivered = 0

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def deliver(self, prepared: Envelope) -> Outcome:
        content = prepared.content.replace(b"\r\n.", b"\r\n..")
        content += b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
        has_left = False
        try:
            refusal = await self._introduce(prepared)
            if refusal is None:
                protocol = self._client.protocol
                if protocol is None:
                    raise aiosmtplib.SMTPServerDisconnected("Connection lost")
                has_left = True
                protocol.write(content)
                reply = await protocol.read_response(timeout=self._timeout)
                if 200 <= reply.code < 300:
                    self._delivered += 1
                    return Outcome("sent")
                refusal = reply
        except LOST as error:
            self._client.close()
            return self._explain_loss(error, has_left)
        await self._start_over(refusal.code)
        if 400 <= refusal.code < 600:
            state: OutcomeState = "failed" if refusal.code >= 500 else "retry"
            return Outcome(state, str(refusal.code), f"{refusal.code} {refusal.message}")
        self._client.close()
        code = "bad_reply"
        text = f"The server gave an answer that SMTP does not know: {refusal.code} {refusal.message}"
        return Outcome("in_doubt" if has_left else "retry", code, text)

    async def close(self) -> None:
        if self._client.is_connected:
            with contextlib.suppress(*LOST):
                await self._client.quit(timeout=min(self._timeout, 2.0))
        self._client.close()

    async def _introduce(self, prepared: Envelope) -> aiosmtplib.SMTPResponse | None:
        """MAIL, RCPT, DATA. None when the server waits for the message, else its refusal."""
        say, timeout = self._client.execute_command, self._timeout
        size = [b"SIZE=%d" % len(prepared.content)] if self._has_size else []
        sender = b"FROM:<" + prepared.sender.encode("ascii") + b">"
        reply = await say(b"MAIL", sender, *size, timeout=timeout)
        if reply.code != 250:
            return reply
        reply = await say(b"RCPT", b"TO:<" + prepared.recipient.encode("ascii") + b">", timeout=timeout)
        if reply.code not in (250, 251):
            return reply
        reply = await say(b"DATA", timeout=timeout)
        return None if reply.code == 354 else reply

    async def _start_over(self, code: int) -> None:
        """After a refusal: forget the half-made mail; a server that says 421 is hanging up."""
        if code == 421:
            self._client.close()
            return
        try:
            reply = await self._client.execute_command(b"RSET", timeout=self._timeout)
            if reply.code != 250:
                self._client.close()
        except LOST:
            self._client.close()

    def _explain_loss(self, error: BaseException, has_left: bool) -> Outcome:
        timed_out = isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError)
        what = f"did not answer for {self._timeout:g} s" if timed_out else f"broke off: {_words(error)}"
        if has_left:
            return Outcome("in_doubt", "no_answer", f"The message was handed over, then the server {what}.")
        if self._delivered and not timed_out:
            return Outcome("planned", "connection_lost", f"The server {what}.")
        return Outcome("retry", "timeout" if timed_out else "connection_lost", f"The server {what}.")


def _local_hostname() -> str:
    name = socket.gethostname()
    return name if name.isascii() and name.replace(".", "").replace("-", "").isalnum() else "localhost"


def _words(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    if isinstance(error.__cause__, OSError) and error.__cause__.strerror:
        return str(error.__cause__.strerror)
    if isinstance(error, aiosmtplib.SMTPConnectError) and error.__cause__ is not None:
        return _words(error.__cause__)
    return str(error) or type(error).__name__


def _explain_refusal(error: BaseException, timeout_seconds: float) -> str:
    cause: BaseException = error.__cause__ or error
    if isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return f"does not answer: nothing heard for {timeout_seconds:g} s"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return (
            f"refuses the sign-in: {error.code} {error.message}. Check user and password in TENURE_SMTP_URL"
        )
    if isinstance(cause, ConnectionRefusedError):
        return "refuses: Connection refused"
    if isinstance(cause, socket.gaierror):
        return "cannot be found: no such host name"
    if isinstance(cause, ssl.SSLError):
        return f"cannot be trusted: {cause}"
    return f"refuses: {_words(error)}"
