"""What a channel adapter is: one object that knows its addresses and opens its transport."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

OutcomeState = Literal["sent", "failed", "in_doubt", "retry", "planned"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the other side said to one message.

    sent: accepted. failed: refused for good. retry: refused for now, counts an attempt. planned: nothing was
    said and nothing was handed over, counts no attempt. in_doubt: handed over, and the answer never came.
    """

    state: OutcomeState
    code: str | None = None
    text: str | None = None


class ServerProblemError(Exception):
    """No connection can be had right now. The message says why, in words for a person."""


class Connection(Protocol):
    """One open connection; it delivers one message at a time."""

    @property
    def is_open(self) -> bool: ...

    async def deliver(self, prepared: Any) -> Outcome: ...

    async def close(self) -> None: ...


class Transport(Protocol):
    """Where messages go. `shown_url` holds no password."""

    shown_url: str

    def prepare(self, message: Any) -> Any:
        """Turn a message into what `deliver` takes. Errors: TenureError when it cannot be sent at all."""
        ...

    async def connect(self) -> Connection:
        """Errors: ServerProblemError."""
        ...


class Adapter(Protocol):
    """A kind of transport."""

    @property
    def kind(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def sentence(self) -> str: ...

    @property
    def schemes(self) -> tuple[str, ...]: ...

    @property
    def example(self) -> str: ...

    def open(self, url: str, timeout_seconds: float) -> Transport:
        """Errors: `bad_transport_url`."""
        ...
