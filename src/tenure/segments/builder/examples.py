"""Ready segments to start from."""

from functools import cache
from pathlib import Path

from tenure.segments.definitions.definition import Segment, parse_segments


@cache
def list_examples() -> tuple[Segment, ...]:
    return tuple(parse_segments(Path(__file__).with_name("examples.yaml").read_text("utf-8")))


def find_example(name: str) -> Segment | None:
    return next((one for one in list_examples() if one.name == name), None)
