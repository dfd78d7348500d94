"""Definitions saved and evaluated."""

from collections.abc import Collection

from tenure.segments.definitions import library
from tenure.segments.definitions.checking import list_users
from tenure.segments.definitions.definition import Segment
from tenure.segments.definitions.library import SaveResult
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.membership.engine import Rebuilt, current_engine
from tenure.segments.models import SegmentDefinition, StageModelDefinition


def save_segment(
    segment: Segment, actor: str, replace: bool = True, version: int | None = None
) -> SaveResult:
    """As `library.save_segment`; the members follow in the background, within moments."""
    result = library.save_segment(segment, actor, replace, version)
    if result.is_changed:
        follow_users(segment.name)
    return result


def follow_users(name: str, what: str = "segment") -> None:
    """Segments and stage models that ask for what changed, also by way of others, are evaluated anew, within moments."""
    around = look_around()
    found: set[str] = set()
    waiting = list_users(name, around, what)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [*list_users(one, around), *list_users(one, around, "model")]
    SegmentDefinition.objects.filter(name__in=found).update(built_version=0)
    StageModelDefinition.objects.filter(name__in=found & set(around.stage_rules)).update(built_version=0)
    current_engine().woken.set()


def rebuild_segments(names: Collection[str] | None = None) -> Rebuilt:
    """Evaluate segments (default: all) for everybody, now, and write who is in them."""
    return current_engine().rebuild(names)
