"""What the command line and the HTTP API say of segments: one shape for both."""

from typing import Any

from tenure.segments.definitions.checking import list_users, list_warnings
from tenure.segments.definitions.counting import count_segment
from tenure.segments.definitions.definition import Segment
from tenure.segments.definitions.library import SavedSegment, get_segment
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.exporting import list_identifiers
from tenure.segments.membership.history import list_days, read_causes
from tenure.segments.membership.members import build_segment_members, count_segment_members


def describe_segment(saved: SavedSegment, member_count: int) -> dict[str, Any]:
    """name, title, members (how many), sentence, state: as lists of segments show it."""
    return {
        "name": saved.segment.name,
        "title": saved.segment.title,
        "members": member_count,
        "sentence": saved.segment.sentence,
        "state": saved.trouble or ("built" if saved.is_built else "being computed"),
    }


def describe_segment_whole(name: str) -> dict[str, Any]:
    """As in the list, and definition, used_by, warnings, version, updated_at. Errors: no such segment."""
    saved = get_segment(name)
    return {
        **describe_segment(saved, count_segment_members(saved.segment.name)),
        "definition": saved.segment.as_data(),
        "used_by": list_users(saved.segment.name, look_around()),
        "warnings": [warning.as_dict() for warning in list_warnings(saved.segment)],
        "version": saved.version,
        "updated_at": saved.updated_at,
    }


def describe_count(segment: Segment) -> dict[str, Any]:
    """name, count, customers, steps: [{sentence, own, left}], warnings: [{place, message}]. Exact, as of now."""
    counted = count_segment(segment)
    return {
        "name": segment.name,
        "count": counted.count,
        "customers": counted.total_count,
        "steps": [
            {"sentence": step.sentence, "own": step.own_count, "left": step.left_count}
            for step in counted.steps
        ],
        "warnings": [warning.as_dict() for warning in list_warnings(segment)],
    }


def describe_members(name: str, limit: int, after: int = 0) -> tuple[dict[str, Any], int | None]:
    """name, members (how many), customers: [id, ...] up to the limit; and where the next page starts, if there is one."""
    shown, last = list_identifiers(build_segment_members(name), limit, after)
    return {"name": name, "members": count_segment_members(name), "customers": shown}, last


def describe_history(name: str, days: int) -> dict[str, Any]:
    """name, days: [{day, members, entered, exited}]: the size at the end of each of the last days (UTC), today last."""
    saved = get_segment(name)
    listed = list_days(read_causes(saved.id, days), count_segment_members(name), days)
    return {
        "name": name,
        "days": [
            {
                "day": one.day,
                "members": one.size,
                "entered": one.entered_count,
                "exited": one.exited_count,
            }
            for one in listed
        ],
    }
