"""Whether the local mail catcher runs, so that the menu shows its mailbox only then."""


def is_mailbox_running() -> bool:
    return False
