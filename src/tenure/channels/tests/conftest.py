"""SMTP peers that behave badly in a chosen way, and senders that are stopped after the test."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tenure.channels import api, sender
from tenure.channels.models import Delivery


class Peer:
    """An aiosmtpd handler: keeps what it accepted; `replies` maps a recipient to the reply it gets."""

    def __init__(self, **replies: str) -> None:
        self.recipients: list[str] = []
        self.contents: list[bytes] = []
        self.on_mail = replies.get("mail")
        self.on_rcpt = replies.get("rcpt")
        self.on_data = replies.get("data")
        self.hang_at = replies.get("hang")
        self.drop_at = replies.get("drop")
        self.times = int(replies.get("times", "1000000"))

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, *rest: Any) -> str:
        envelope.mail_from = rest[0]
        return await self._misbehave(server, "mail", self.on_mail) or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, *rest: Any) -> str:
        reply = await self._misbehave(server, "rcpt", self.on_rcpt)
        if reply is None:
            envelope.rcpt_tos.append(rest[0])
        return reply or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = await self._misbehave(server, "data", self.on_data)
        if reply is None:
            self.recipients += envelope.rcpt_tos
            self.contents.append(bytes(envelope.content or b""))
        return reply or "250 OK"

    async def _misbehave(self, server: SMTP, stage: str, reply: str | None) -> str | None:
        if self.times <= 0 or (reply is None and stage not in (self.hang_at, self.drop_at)):
            return None
        self.times -= 1
        if stage == self.hang_at:
            await asyncio.sleep(30)
        if stage == self.drop_at:
            server.transport.abort()
        return reply


class Listening:
    """A peer on a free port."""

    def __init__(self, peer: Peer, port: int = 0) -> None:
        self.peer = peer
        self._controller = Controller(peer, hostname="127.0.0.1", port=port or _free_port())
        self._controller.start()
        self.port = self._controller.port
        self.url = f"smtp://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._controller.stop(no_assert=True)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    return _free_port()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listening]]:
    """`listen(rcpt="550 No such person")` starts a peer."""
    running: list[Listening] = []

    def start(port: int = 0, **replies: str) -> Listening:
        running.append(Listening(Peer(**replies), port))
        return running[-1]

    yield start
    for peer in running:
        peer.stop()


@pytest.fixture
def start_sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., api.Sender]]:
    """Start a sender that tries again quickly; it is stopped after the test."""
    monkeypatch.setattr(sender, "FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(sender, "LONGEST_PAUSE_SECONDS", 0.3)
    running: list[api.Sender] = []

    def start(url: str, build: Any = build_message, **options: Any) -> api.Sender:
        running.append(api.Sender(build, url, **{"connections": 2, "timeout_seconds": 1.0, **options}))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()
    assert not [thread for thread in threading.enumerate() if thread.name in ("sender", "outbox-writer")]


def build_message(delivery: api.ClaimedDelivery) -> api.OutgoingEmail:
    return api.OutgoingEmail(
        delivery.address,
        "Shop <hi@shop.example>",
        "Hello",
        "<p>Hello</p>",
        "Hello",
        {"X-Delivery": str(delivery.id)},
    )


@pytest.fixture
def plan() -> Callable[..., int]:
    """`plan(5)` plans five deliveries of campaign 1 to p0@example.com, p1@example.com, ..."""

    def add(count: int, campaign_id: int = 1, start: int = 0) -> int:
        people = range(start, start + count)
        rows = {"customer_id": list(people), "address": [f"p{number}@example.com" for number in people]}
        return api.add_deliveries(campaign_id, pa.table(rows), "email")

    return add


def get_only() -> Delivery:
    return Delivery.objects.get()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False
