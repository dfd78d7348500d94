"""What can be said of a draft: which rules are unfinished or wrong, what they make, what is probably not meant."""

from dataclasses import dataclass, field
from typing import Any

from tenure.base.errors import TenureError
from tenure.segments.builder.drafts import ROOT, DraftGroup, DraftRule, clean_rule, emit, list_rules
from tenure.segments.builder.widgets import WIDGETS, is_shown
from tenure.segments.definitions.checking import check_references, list_warnings
from tenure.segments.definitions.definition import Segment, parse_segment
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules import BY_NAME

NEW_NAME = "new-segment"


@dataclass
class Verdict:
    """By path: `hints` are unfinished rules, `errors` wrong ones; both are left out of `segment`, which may be None."""

    segment: Segment | None = None
    hints: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    @property
    def left_out_count(self) -> int:
        return len(self.hints) + len(self.errors)

    @property
    def is_whole(self) -> bool:
        return self.segment is not None and not self.hints and not self.errors


def judge(draft: DraftGroup, around: LedgerSurroundings, name: str = "") -> Verdict:
    """`name` is that of the segment being edited: circles through it are found."""
    verdict, name = Verdict(), name or NEW_NAME
    for path, rule in list_rules(draft):
        if missing := _find_missing(rule):
            verdict.hints[path] = missing
            continue
        try:
            check_references(parse_segment({"name": name, "rule": clean_rule(rule)}), around)
        except TenureError as error:
            verdict.errors[path] = _say(error)
    emitted = emit(draft, frozenset((*verdict.hints, *verdict.errors)))
    if emitted.data is None:
        return verdict
    try:
        segment = parse_segment({"name": name, "rule": emitted.data})
        check_references(segment, around)
    except TenureError as error:
        verdict.errors[emitted.find_path(error.field or "") or ROOT] = _say(error)
        return verdict
    verdict.segment = segment
    for warning in list_warnings(segment):
        verdict.warnings.setdefault(emitted.find_path(warning.place), []).append(warning.message)
    return verdict


def find_whole_data(draft: DraftGroup) -> dict[str, Any] | None:
    """The definition's rule with everything in it; None where there is no rule at all."""
    return emit(draft).data


def _find_missing(rule: DraftRule) -> str:
    for one in BY_NAME[rule.kind].form:
        if is_shown(one, rule.data):
            piece = rule.data.get(one.name) if one.name else rule.data
            if missing := WIDGETS[one.widget].find_missing(one, piece):
                return missing
    return ""


def _say(error: TenureError) -> str:
    """The message without the place in front, which the page shows by where it puts it."""
    place, message = error.field or "", error.message
    if place and message.startswith(f"{place}: "):
        rest = message.removeprefix(f"{place}: ")
        inner = place.split(".")[-1].split("[")[0]
        message = (
            rest if rest.startswith(("value: ", "there is no")) or place == "rule" else f"{inner}: {rest}"
        )
        message = message.removeprefix("value: ")
    return f"{message[:1].upper()}{message[1:]}"
