"""Counts in sentences, values in messages, and the names that may have been meant."""

import difflib
from collections.abc import Collection


def count_of(number: int, one: str, many: str | None = None) -> str:
    """`number` things: "1 row", "1,200 rows", "2 people" (with `many` where an s is not enough)."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shorten(value: object, most: int = 100) -> str:
    """A value of somebody's as an error message may show it: its `repr`, at most about `most` characters."""
    text = repr(value[: most + 1] if isinstance(value, str) else value)
    return text if len(text) <= most else f"{text[:most]}…"


def suggest(name: str, known: Collection[str]) -> str:
    """What to say after a name that nothing has: the nearest of those there are, else some of them."""
    near = difflib.get_close_matches(name, known, 3)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"There are {', '.join(list(known)[:12]) or 'none'}."
