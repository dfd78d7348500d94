"""Counts in sentences."""


def count_of(number: int, one: str, many: str | None = None) -> str:
    """`number` things: "1 row", "1,200 rows", "2 people" (with `many` where an s is not enough)."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
