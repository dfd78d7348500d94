"""What can be wrong with a segment beyond its form: names that nothing has, circles, pieces in use."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.base.errors import TenureError
from tenure.base.words import suggest
from tenure.lake import api as lakes
from tenure.segments.definitions.definition import Segment
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules.base import Group, Node, Rule, list_rules

MOST_EXPANDED = 1_000
Reference = tuple[str, str]
"""What and name: a segment or a stage model."""


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
            check_name(place, what, name, around, segment=segment.name)
    check_circle(("segment", segment.name), [segment.node], around)


def list_places(node: Node, place: str = "rule") -> list[tuple[str, Rule]]:
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


def check_name(
    place: str, what: str, name: str, around: LedgerSurroundings, segment: str = "", model: str = ""
) -> None:
    """Errors: nothing has the name. `segment` or `model` is the one that is being checked."""
    match what.split(" of ")[0]:
        case "segment":
            known = [*around.segments, *([segment] if segment else [])]
        case "list":
            known = list(around.lists)
        case "model":
            known = [*around.models, *([model] if model else [])]
        case "stage":
            known = list(around.models.get(what.removeprefix("stage of "), {}))
        case "campaign":
            if around.find_campaign_id(name) is None:
                raise TenureError("unknown_name", f"{place}: there is no campaign {name[:80]!r}.", place)
            return
        case _:
            return
    if name not in known:
        hint = suggest(name, known)
        raise TenureError("unknown_name", f"{place}: there is no {what} {name[:80]!r}. {hint}", place)


def check_circle(start: Reference, nodes: Sequence[Node], around: LedgerSurroundings) -> None:
    """Errors: rules that lead back to where they started, over segments and stage models; too many in all.

    `nodes` are the rules of `start` as they are to be.
    """
    count = 0

    def list_nodes(reference: Reference) -> Sequence[Node]:
        what, name = reference
        if reference == start:
            return nodes
        if what == "model":
            return around.stage_rules.get(name, ())
        return [around.segments[name].node] if name in around.segments else []

    def walk(reference: Reference, path: tuple[Reference, ...]) -> None:
        nonlocal count
        for rule in [rule for node in list_nodes(reference) for rule in list_rules(node)]:
            count += 1
            if count > MOST_EXPANDED:
                raise TenureError(
                    "too_large",
                    f"rule: with the segments that it refers to this is more than {MOST_EXPANDED:,} rules.",
                    "rule",
                )
            for other in rule.list_names():
                if other[0] not in ("segment", "model"):
                    continue
                if other in path:
                    circle = " -> ".join(name for _, name in [*path[path.index(other) :], other])
                    raise TenureError(
                        "circle", f"rule: definitions refer to each other in a circle: {circle}.", "rule"
                    )
                walk(other, (*path, other))

    walk(start, (start,))


def list_users(name: str, around: LedgerSurroundings, what: str = "segment") -> list[str]:
    """The segments and stage models that refer to a segment, or to another thing by what it is: list, campaign, model."""

    def refers(node: Node) -> bool:
        return any((what, name) in rule.list_names() for rule in list_rules(node))

    segments = [
        other.name
        for other in around.segments.values()
        if (what, other.name) != ("segment", name) and refers(other.node)
    ]
    models = [
        model
        for model, nodes in around.stage_rules.items()
        if (what, model) != ("model", name) and any(refers(node) for node in nodes)
    ]
    return [*segments, *models]


def list_warnings(segment: Segment) -> list[Warning]:
    """Events, properties and attributes that the data does not have, with the nearest that it has."""
    return list_name_warnings(segment.node)


def list_name_warnings(node: Node, place: str = "rule") -> list[Warning]:
    """The same of a tree of rules that stands at `place`."""
    warnings = []
    for where, rule in list_places(node, place):
        for what, name in rule.list_names():
            known = _list_known(what)
            if known is not None and name not in known:
                near = difflib.get_close_matches(name, known, 3, 0.5)
                hint = f" Did you mean {' or '.join(near)}?" if near else ""
                warnings.append(Warning(where, f"No {what} “{name}” has been seen yet.{hint}"))
    return warnings


def _list_known(what: str) -> list[str] | None:
    from tenure.segments.definitions import seen

    lake = lakes.current()
    if what == "event":
        return seen.list_events(lake)
    if what.startswith("property of "):
        return seen.list_properties(lake, what.removeprefix("property of "))
    return seen.list_attributes(lake) if what == "attribute" else None
