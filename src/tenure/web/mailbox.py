"""Whether the local mail catcher runs, so that the menu shows its mailbox only then."""

from tenure.config.environment import read_environment

CATCHER = "catcher"


def is_mailbox_running() -> bool:
    """Whether mails go to the catcher instead of a mail server."""
    return read_environment().smtp_url == CATCHER
