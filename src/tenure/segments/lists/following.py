"""What follows a change of a static list: the segments that ask for it are evaluated anew."""

from tenure.segments.definitions.checking import list_users
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.models import SegmentDefinition


def follow_list(name: str) -> tuple[str, ...]:
    """Mark the segments that ask for a list, also by way of other segments, as not yet evaluated. Gives their names."""
    around = look_around()
    found: list[str] = []
    waiting = list_users(name, around, "list")
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            waiting += list_users(one, around)
    SegmentDefinition.objects.filter(name__in=found).update(built_version=0)
    return tuple(sorted(found))
