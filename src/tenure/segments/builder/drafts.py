"""What somebody is building: a tree of groups and rules as typed, which may be unfinished. It travels in the form itself.

Every node has a path: `r` is the whole, `r.1.0` the first part of its second part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenure.base.errors import TenureError
from tenure.segments.builder.forms import FormData
from tenure.segments.builder.widgets import WIDGETS, is_shown, make_blank, read_fields, settle
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.parsing import MOST_LEVELS, MOST_RULES

ROOT = "r"
WORDS = {"all": "all of these", "any": "at least one of these", "none": "none of these"}


@dataclass
class DraftRule:
    """A rule as typed: `data` in the shape of the rule's own data, with text where numbers will be."""

    data: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.data["kind"])


@dataclass
class DraftGroup:
    """`word` is one of WORDS."""

    word: str = "all"
    parts: list["Draft"] = field(default_factory=list)


Draft = DraftRule | DraftGroup


def make_rule(kind: str) -> DraftRule:
    """An empty rule of a kind, with its form's own defaults."""
    if kind not in BY_NAME:
        raise TenureError("bad_form", "Reload the page: a part of the form is not known.", "kind")
    return DraftRule(make_blank(kind))


def load_draft(data: Mapping[str, Any]) -> DraftGroup:
    """The tree of a saved definition."""
    loaded = _load(data)
    return loaded if isinstance(loaded, DraftGroup) else DraftGroup("all", [loaded])


def _load(data: Mapping[str, Any]) -> Draft:
    if "kind" in data:
        return DraftRule(settle({**make_blank(str(data["kind"]), is_bare=True), **data}))
    if "not" in data:
        inner = _load(data["not"])
        if isinstance(inner, DraftGroup) and inner.word == "any":
            return DraftGroup("none", inner.parts)
        return DraftGroup("none", [inner])
    word = "all" if "all" in data else "any"
    return DraftGroup(word, [_load(part) for part in data[word]])


def read_draft(form: FormData) -> DraftGroup:
    """The tree as the form has it. Errors: a form that no page of ours sent."""
    reader = _Reader(form)
    draft = reader.read(ROOT, 1)
    return draft if isinstance(draft, DraftGroup) else DraftGroup("all", [draft])


class _Reader:
    def __init__(self, form: FormData) -> None:
        self._form = form
        self._count = 0

    def read(self, path: str, level: int) -> Draft:
        self._count += 1
        if level > MOST_LEVELS or self._count > 2 * MOST_RULES:
            raise TenureError(
                "too_large", "That is too much for one segment. Put a part into a segment of its own."
            )
        word = self._form.get(f"{path}:word")
        if word or path == ROOT:
            return DraftGroup(word if word in WORDS else "all", list(self._read_parts(path, level)))
        kind, was = self._form.get(f"{path}:kind"), self._form.get(f"{path}:was")
        if kind not in BY_NAME:
            raise TenureError("bad_form", "Reload the page: a part of the form is not known.", "kind")
        if kind == was or was not in BY_NAME:
            return DraftRule(read_fields(kind, self._form, path))
        before = read_fields(was, self._form, path)
        kept = {name: before[name] for name in ("event", "where", "window", "times") if name in before}
        blank = make_blank(kind)
        return DraftRule({**blank, **{name: value for name, value in kept.items() if name in blank}})

    def _read_parts(self, path: str, level: int) -> Iterator[Draft]:
        number = 0
        while self._form.has(f"{path}.{number}:kind") or self._form.has(f"{path}.{number}:word"):
            yield self.read(f"{path}.{number}", level + 1)
            number += 1


@dataclass
class Emitted:
    """The tree as data, and which path each place in it came from."""

    data: dict[str, Any] | None
    paths: dict[str, str]

    def find_path(self, place: str) -> str:
        """The path of the node in which a place lies."""
        while place not in self.paths and place:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.paths.get(place, ROOT)


def emit(draft: DraftGroup, without: frozenset[str] = frozenset()) -> Emitted:
    """The definition's data; rules whose path is in `without` and groups without rules are left out."""
    pruned = _prune(draft, ROOT, without)
    paths: dict[str, str] = {}
    return Emitted(None if pruned is None else _emit(pruned, "rule", paths), paths)


@dataclass
class _Kept:
    draft: Draft
    path: str
    parts: list["_Kept"]


def _prune(draft: Draft, path: str, without: frozenset[str]) -> _Kept | None:
    if isinstance(draft, DraftRule):
        return None if path in without else _Kept(draft, path, [])
    parts = [_prune(part, f"{path}.{number}", without) for number, part in enumerate(draft.parts)]
    kept = [part for part in parts if part is not None]
    return _Kept(draft, path, kept) if kept else None


def _emit(kept: _Kept, place: str, paths: dict[str, str]) -> dict[str, Any]:
    paths[place] = kept.path
    draft = kept.draft
    if isinstance(draft, DraftRule):
        return clean_rule(draft)
    if draft.word == "none" and len(kept.parts) == 1:
        return {"not": _emit(kept.parts[0], f"{place}.not", paths)}
    if draft.word == "none":
        paths[f"{place}.not"] = kept.path
        return {"not": {"any": _emit_all(kept.parts, f"{place}.not.any", paths)}}
    return {draft.word: _emit_all(kept.parts, f"{place}.{draft.word}", paths)}


def _emit_all(parts: list[_Kept], place: str, paths: dict[str, str]) -> list[dict[str, Any]]:
    return [_emit(part, f"{place}[{number}]", paths) for number, part in enumerate(parts)]


def clean_rule(rule: DraftRule) -> dict[str, Any]:
    """A rule's data without what was left empty."""
    data: dict[str, Any] = {"kind": rule.kind}
    for one in BY_NAME[rule.kind].form:
        if not is_shown(one, rule.data):
            continue
        widget = WIDGETS[one.widget]
        if one.name:
            cleaned = widget.clean(one, rule.data.get(one.name))
            if cleaned is not None:
                data[one.name] = cleaned
        else:
            data |= widget.clean(one, rule.data)
    return data


def list_rules(draft: Draft, path: str = ROOT) -> list[tuple[str, DraftRule]]:
    """The rules of a tree with their paths."""
    if isinstance(draft, DraftRule):
        return [(path, draft)]
    return [found for n, part in enumerate(draft.parts) for found in list_rules(part, f"{path}.{n}")]
