"""Counts in sentences."""


def count_of(number: int, one: str, many: str | None = None) -> str:
    """`number` things: "1 row", "1,200 rows", "2 people" (with `many` where an s is not enough)."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shorten(value: object, most: int = 100) -> str:
    """A value of somebody's as an error message may show it: its `repr`, at most about `most` characters."""
    text = repr(value[: most + 1] if isinstance(value, str) else value)
    return text if len(text) <= most else f"{text[:most]}…"
