"""What the builder's buttons do to a draft."""

import copy
from typing import Any

from tenure.base.errors import TenureError
from tenure.segments.builder.drafts import ROOT, Draft, DraftGroup, DraftRule, make_rule
from tenure.segments.builder.widgets import settle_comparison
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.parsing import MOST_LEVELS


def act(draft: DraftGroup, action: str) -> str:
    """Do `action` (like `remove:r.0`) to the draft. Gives the path to put the focus on. Errors: no such action."""
    word, _, rest = action.partition(":")
    try:
        match word:
            case "add":
                path, _, kind = rest.rpartition(":")
                return _add(draft, path, make_rule(kind))
            case "group":
                return _add(draft, rest, DraftGroup("any"))
            case "remove":
                parent, number = _find_parent(draft, rest)
                del parent.parts[number]
                return rest.rpartition(".")[0]
            case "copy":
                parent, number = _find_parent(draft, rest)
                parent.parts.insert(number + 1, copy.deepcopy(parent.parts[number]))
                return f"{rest.rpartition('.')[0]}.{number + 1}"
            case "up":
                return _move(draft, rest, -1)
            case "down":
                return _move(draft, rest, +1)
            case "more" | "drop":
                return _change_filters(draft, word, rest)
    except (LookupError, ValueError) as error:
        raise _unknown() from error
    raise _unknown()


def _unknown() -> TenureError:
    return TenureError("bad_form", "Reload the page: that button is not known.", "do")


def _find(draft: DraftGroup, path: str) -> Draft:
    found: Draft = draft
    root, *numbers = path.split(".")
    if root != ROOT:
        raise LookupError(path)
    for number in numbers:
        if not isinstance(found, DraftGroup):
            raise LookupError(path)
        found = found.parts[_index(number)]
    return found


def _index(text: str) -> int:
    if not text.isdecimal():
        raise LookupError(text)
    return int(text)


def _find_group(draft: DraftGroup, path: str) -> DraftGroup:
    found = _find(draft, path)
    if not isinstance(found, DraftGroup):
        raise LookupError(path)
    return found


def _find_parent(draft: DraftGroup, path: str) -> tuple[DraftGroup, int]:
    parent_path, _, number = path.rpartition(".")
    parent = _find_group(draft, parent_path)
    index = _index(number)
    if index >= len(parent.parts):
        raise LookupError(path)
    return parent, index


def _add(draft: DraftGroup, path: str, part: Draft) -> str:
    if isinstance(part, DraftGroup) and path.count(".") + 2 >= MOST_LEVELS:
        raise TenureError(
            "too_deep", f"Groups go {MOST_LEVELS} levels deep. Put a part into a segment of its own."
        )
    group = _find_group(draft, path)
    group.parts.append(part)
    return f"{path}.{len(group.parts) - 1}"


def _move(draft: DraftGroup, path: str, step: int) -> str:
    """One place on; into a group that stands there, and out of one's own at its end."""
    parent, number = _find_parent(draft, path)
    parent_path = path.rpartition(".")[0]
    other = number + step
    part = parent.parts[number]
    if 0 <= other < len(parent.parts):
        neighbour = parent.parts[other]
        del parent.parts[number]
        if isinstance(neighbour, DraftGroup):
            at = other if step < 0 else number
            place = len(neighbour.parts) if step < 0 else 0
            neighbour.parts.insert(place, part)
            return f"{parent_path}.{at}.{place}"
        parent.parts.insert(other, part)
        return f"{parent_path}.{other}"
    if parent_path == ROOT:
        return path
    grand, at = _find_parent(draft, parent_path)
    del parent.parts[number]
    place = at if step < 0 else at + 1
    grand.parts.insert(place, part)
    return f"{parent_path.rpartition('.')[0]}.{place}"


def _change_filters(draft: DraftGroup, word: str, rest: str) -> str:
    """`more:r.0:where` adds a condition on a property, `drop:r.0:where:1` takes one away; `first.where` is a step's."""
    path, key, *number = rest.split(":")
    rule = _find(draft, path)
    if not isinstance(rule, DraftRule):
        raise LookupError(path)
    step, _, inner = key.rpartition(".")
    if (step or inner) not in {one.name for one in BY_NAME[rule.kind].form} or inner != "where":
        raise LookupError(key)
    holder: dict[str, Any] = rule.data
    if step:
        holder = rule.data[step] = dict(rule.data.get(step) or {"event": ""})
    filters = holder["where"] = list(holder.get("where") or ())
    if word == "more":
        filters.append(settle_comparison({"property": "", "value": ""}, is_of_customer=False))
        return f"{path}:{key}.{len(filters) - 1}"
    del filters[_index(number[0])]
    return path
