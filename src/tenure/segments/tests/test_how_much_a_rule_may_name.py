"""A rule is as large as its answer can be had while one types."""

import pytest

from tenure.base.errors import TenureError
from tenure.segments.rules.parsing import MOST_EVENTS, parse_rules


def name_events(count: int) -> dict[str, object]:
    return {"any": [{"kind": "event", "event": f"E{number}"} for number in range(count)]}


def test_a_rule_names_as_many_events_as_can_be_counted_at_once() -> None:
    parse_rules(name_events(MOST_EVENTS))
    with pytest.raises(TenureError, match="rule: names 61 events and 60 are the most") as told:
        parse_rules(name_events(MOST_EVENTS + 1))
    assert told.value.field == "rule"


def test_one_event_in_many_rules_is_one() -> None:
    parse_rules({"any": [{"kind": "event", "event": "A", "times": {"at_least": n + 1}} for n in range(150)]})


def test_the_steps_of_sequences_count() -> None:
    steps = [
        {"kind": "sequence", "first": {"event": f"A{n}"}, "then": {"event": f"B{n}"}, "days": 3}
        for n in range(31)
    ]
    with pytest.raises(TenureError, match="names 62 events"):
        parse_rules({"all": steps})
