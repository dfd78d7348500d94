"""Values as SQL text, for statements that are put together."""

from collections.abc import Iterable


def list_numbers(numbers: Iterable[int]) -> str:
    """The inside of an IN list; never empty, so that the statement stays whole."""
    return ", ".join(str(int(number)) for number in numbers) or "NULL"
