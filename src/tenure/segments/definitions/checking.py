"""What can be wrong with a segment beyond its form: names that nothing has, circles, pieces in use."""

import difflib
from dataclasses import dataclass

from tenure.base.errors import TenureError
from tenure.lake import api as lakes
from tenure.segments.definitions.definition import Segment
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules.base import Group, Node, list_rules
from tenure.segments.rules.segment import SegmentRule

MOST_EXPANDED = 1_000


@dataclass(frozen=True)
class Warning:
    """Something that is allowed and probably not meant."""

    place: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"place": self.place, "message": self.message}


def check_references(segment: Segment, around: LedgerSurroundings) -> None:
    """Errors: a segment, list, model, stage or campaign that does not exist; a circle of segments."""
    for place, rule in list_places(segment.node):
        for what, name in rule.list_names():
            _check_name(place, what, name, segment, around)
    _check_circle(segment, around)


def list_places(node: Node, place: str = "rule") -> list[tuple[str, Node]]:
    """The rules of a tree, each with its place."""
    if not isinstance(node, Group):
        return [(place, node)]
    if node.word == "not":
        return list_places(node.parts[0], f"{place}.not")
    return [
        found
        for number, part in enumerate(node.parts)
        for found in list_places(part, f"{place}.{node.word}[{number}]")
    ]


def _check_name(place: str, what: str, name: str, segment: Segment, around: LedgerSurroundings) -> None:
    match what.split(" of ")[0]:
        case "segment":
            known = [*around.segments, segment.name]
        case "list":
            known = list(around.lists)
        case "model":
            known = list(around.models)
        case "stage":
            known = list(around.models.get(what.removeprefix("stage of "), {}))
        case "campaign":
            if around.find_campaign_id(name) is None:
                raise TenureError("unknown_name", f"{place}: there is no campaign {name[:80]!r}.", place)
            return
        case _:
            return
    if name not in known:
        near = difflib.get_close_matches(name, known, 3)
        hint = (
            f" Did you mean {' or '.join(near)}?"
            if near
            else f" There are {', '.join(known[:12]) or 'none'}."
        )
        raise TenureError("unknown_name", f"{place}: there is no {what} {name[:80]!r}.{hint}", place)


def _check_circle(segment: Segment, around: LedgerSurroundings) -> None:
    known = {**around.segments, segment.name: segment}
    count = 0

    def walk(name: str, path: tuple[str, ...]) -> None:
        nonlocal count
        for rule in list_rules(known[name].node) if name in known else []:
            count += 1
            if count > MOST_EXPANDED:
                raise TenureError(
                    "too_large",
                    f"rule: with the segments that it refers to this is more than {MOST_EXPANDED:,} rules.",
                    "rule",
                )
            if not isinstance(rule, SegmentRule):
                continue
            if rule.name in path:
                circle = " -> ".join([*path[path.index(rule.name) :], rule.name])
                raise TenureError(
                    "circle", f"rule: segments refer to each other in a circle: {circle}.", "rule"
                )
            walk(rule.name, (*path, rule.name))

    walk(segment.name, (segment.name,))


def list_users(name: str, around: LedgerSurroundings, what: str = "segment") -> list[str]:
    """The segments that refer to a segment, or to another thing by what it is: list, campaign, model."""
    return [
        other.name
        for other in around.segments.values()
        if (what, other.name) != ("segment", name)
        and any((what, name) in rule.list_names() for rule in list_rules(other.node))
    ]


def list_warnings(segment: Segment) -> list[Warning]:
    """Events, properties and attributes that the data does not have, with the nearest that it has."""
    warnings = []
    for place, rule in list_places(segment.node):
        for what, name in rule.list_names():
            known = _list_known(what)
            if known is not None and name not in known:
                near = difflib.get_close_matches(name, known, 3, 0.5)
                hint = f" Near is {', '.join(near)}." if near else ""
                warnings.append(Warning(place, f"No {what} {name!r} has been seen yet.{hint}"))
    return warnings


def _list_known(what: str) -> list[str] | None:
    from tenure.segments.definitions import seen

    lake = lakes.current()
    if what == "event":
        return seen.list_events(lake)
    if what.startswith("property of "):
        return seen.list_properties(lake, what.removeprefix("property of "))
    return seen.list_attributes(lake) if what == "attribute" else None
