"""A draft as the page draws it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tenure.segments.builder.drafts import ROOT, WORDS, Draft, DraftGroup, DraftRule
from tenure.segments.builder.forms import ShownField, choose, make_id
from tenure.segments.builder.judging import Verdict
from tenure.segments.builder.offers import Offers
from tenure.segments.builder.widgets import WIDGETS, is_shown
from tenure.segments.rules import BY_NAME, KINDS
from tenure.segments.rules.parsing import MOST_LEVELS

JOINERS = {"all": "and", "any": "or", "none": "or"}


@dataclass(frozen=True)
class ShownRule:
    path: str
    kind: str
    title: str
    joiner: str
    fields: tuple[ShownField, ...]
    note: str
    hint: str
    error: str
    warnings: tuple[str, ...]
    focus: str = ""
    is_group: bool = False

    @property
    def id(self) -> str:
        return make_id(self.path)

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """What is offered while typing, by id."""
        return {name: values for one in self.fields for name, values in one.lists.items()}


@dataclass(frozen=True)
class ShownGroup:
    path: str
    joiner: str
    words: tuple[tuple[str, str, bool], ...]
    word: str
    parts: "tuple[ShownGroup | ShownRule, ...]"
    error: str
    may_nest: bool
    is_root: bool
    focus: str = ""
    is_group: bool = True

    @property
    def id(self) -> str:
        return make_id(self.path)

    @property
    def title(self) -> str:
        return "group"


@dataclass(frozen=True)
class KindGroup:
    """Kinds of rules that belong together, as (name, title)."""

    name: str
    kinds: list[tuple[str, str]] = field(default_factory=list)


def show_draft(draft: DraftGroup, verdict: Verdict, offers: Offers, focus: str = "") -> ShownGroup:
    shown = _Shower(verdict, offers, focus).show(draft, ROOT, "")
    assert isinstance(shown, ShownGroup)
    return shown


def list_shown_rules(shown: ShownGroup | ShownRule) -> Iterator[ShownRule]:
    if isinstance(shown, ShownRule):
        yield shown
        return
    for part in shown.parts:
        yield from list_shown_rules(part)


def list_kinds() -> list[KindGroup]:
    """The kinds of rules as the builder offers them."""
    groups: dict[str, KindGroup] = {}
    for kind in KINDS:
        groups.setdefault(kind.group, KindGroup(kind.group)).kinds.append(
            (kind.model_fields["kind"].default, kind.title)
        )
    return list(groups.values())


class _Shower:
    def __init__(self, verdict: Verdict, offers: Offers, focus: str) -> None:
        self._verdict, self._offers, self._focus = verdict, offers, focus

    def show(self, draft: Draft, path: str, joiner: str) -> ShownGroup | ShownRule:
        if isinstance(draft, DraftRule):
            return self._show_rule(draft, path, joiner)
        joiners = ["where", *[JOINERS[draft.word]] * len(draft.parts)]
        return ShownGroup(
            path=path,
            joiner=joiner,
            words=choose(tuple(WORDS.items()), draft.word),
            word=draft.word,
            parts=tuple(
                self.show(part, f"{path}.{number}", joiners[number])
                for number, part in enumerate(draft.parts)
            ),
            error=self._verdict.errors.get(path, ""),
            may_nest=path.count(".") + 2 < MOST_LEVELS,
            is_root=path == ROOT,
            focus="add" if self._focus == path else "",
        )

    def _show_rule(self, rule: DraftRule, path: str, joiner: str) -> ShownRule:
        kind = BY_NAME[rule.kind]
        fields = []
        for one in kind.form:
            if is_shown(one, rule.data):
                piece = rule.data.get(one.name) if one.name else rule.data
                shown = WIDGETS[one.widget].show(one, piece, f"{path}:{one.name}", self._offers, rule.data)
                fields.append(shown)
        return ShownRule(
            path=path,
            kind=rule.kind,
            title=kind.title,
            joiner=joiner,
            fields=tuple(fields),
            note=kind.note,
            hint=self._verdict.hints.get(path, ""),
            error=self._verdict.errors.get(path, ""),
            warnings=tuple(self._verdict.warnings.get(path, ())),
            focus=self._find_focus(path, tuple(fields)),
        )

    def _find_focus(self, path: str, fields: tuple[ShownField, ...]) -> str:
        """The id of the control to put the focus on, where this rule was just changed."""
        if self._focus != path and not self._focus.startswith(f"{path}:"):
            return ""
        wanted = make_id(self._focus) if ":" in self._focus else ""
        for one in fields:
            for line in one.lines:
                for control in line.controls:
                    if control.kind != "hidden" and control.id.startswith(wanted):
                        return control.id
        return f"{make_id(path)}-kind"
