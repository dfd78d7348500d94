"""The one sender of this process."""

from typing import Any

from tenure.base.errors import UnavailableError
from tenure.channels.adapters.base import Outcome
from tenure.channels.sender import Sender, SenderStatus

_current: Sender | None = None


def start_sender(sender: Sender) -> Sender:
    """Start `sender` and make it the one that `notify` wakes; one that ran before is stopped."""
    global _current
    stop_sender()
    sender.start()
    _current = sender
    return sender


def stop_sender(timeout_seconds: float = 15.0) -> None:
    """Stop the sender of this process, if there is one."""
    global _current
    if _current is not None:
        _current.stop(timeout_seconds)
        _current = None


def notify() -> None:
    """Deliveries were added. Does nothing where no sender runs."""
    if _current is not None:
        _current.notify()


def get_sender_status() -> SenderStatus:
    """What the sender of this process does right now."""
    if _current is None:
        return SenderStatus("stopped", "No sender runs in this process.", "", 0, 0, None)
    return _current.get_status()


def send_alone(message: Any) -> Outcome:
    """Hand over one message by the sender of this process, beside the outbox.

    Errors: `no_sender`, `mail_server_refuses`, `bad_address`.
    """
    if _current is None:
        raise UnavailableError("no_sender", "No mail server is set, so nothing can be sent from here.")
    return _current.send_alone(message)
