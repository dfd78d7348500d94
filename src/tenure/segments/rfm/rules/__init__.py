"""The kinds of conditions that a preset's segments are made of."""

from typing import Any

from tenure.base.words import shorten
from tenure.segments.rfm.rules.base import Rule, rule_error
from tenure.segments.rfm.rules.codes import CodesRule
from tenure.segments.rfm.rules.contact import ContactRule
from tenure.segments.rfm.rules.groups import AllRule, AnyRule
from tenure.segments.rfm.rules.orders import OrderCountRule
from tenure.segments.rfm.rules.pattern import PatternRule
from tenure.segments.rfm.rules.scores import ScoreRule

KINDS: tuple[type[Rule], ...] = (
    OrderCountRule,
    ScoreRule,
    ContactRule,
    CodesRule,
    PatternRule,
    AllRule,
    AnyRule,
)

_BY_KEY = {key: kind for kind in KINDS for key in kind.keys}


def parse_rule(definition: Any) -> Rule:
    """Read a rule from its data: a mapping whose entries must all hold."""
    if not isinstance(definition, dict) or not definition:
        raise rule_error(f"A rule is a mapping such as {{r: '>=4', n: 2}}, not {shorten(definition)}.")
    parts = []
    for key, value in definition.items():
        if key not in _BY_KEY:
            raise rule_error(f"A rule knows {', '.join(sorted(_BY_KEY))}; it does not know {shorten(key)}.")
        parts.append(_BY_KEY[key].parse(key, value, parse_rule))
    return parts[0] if len(parts) == 1 else AllRule(tuple(parts))
