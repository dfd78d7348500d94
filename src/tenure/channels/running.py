"""The one sender of this process."""

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
