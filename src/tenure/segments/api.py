"""The door of the segments room."""


def rescore_batch(tx: object) -> None:
    """Re-score the customers that a batch touched."""


def refresh() -> None:
    """A full scoring."""
