"""Definitions saved and evaluated."""

from collections.abc import Collection

from tenure.segments.definitions import library
from tenure.segments.definitions.definition import Segment
from tenure.segments.definitions.library import SaveResult
from tenure.segments.membership.engine import Rebuilt, current_engine


def save_segment(segment: Segment, actor: str, replace: bool = True) -> SaveResult:
    """As `library.save_segment`; the members follow in the background, within moments."""
    result = library.save_segment(segment, actor, replace)
    if result.is_changed:
        current_engine().woken.set()
    return result


def rebuild_segments(names: Collection[str] | None = None) -> Rebuilt:
    """Evaluate segments (default: all) for everybody, now, and write who is in them."""
    return current_engine().rebuild(names)
