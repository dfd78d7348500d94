"""What is wrong with a rule, in the words of definitions."""

from typing import Any

import pytest

from tenure.base.errors import TenureError
from tenure.segments.rules.parsing import parse_rules

DID = {"kind": "event", "event": "Order Completed"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({**DID, "times": 2}, "rule.times: write a mapping such as {at_least: 2}, not 2."),
        ({**DID, "window": "90 days"}, "rule.window: write a mapping such as {days: 90}, not '90 days'."),
        ({**DID, "window": {"days": "ninety"}}, "rule.window.days: write a whole number, not 'ninety'."),
        (
            {**DID, "window": {"weeks": 2}},
            "rule.window.weeks: is not known here; known are days, hours, from, to.",
        ),
        ({**DID, "where": {"total": 1}}, "rule.where: write a list such as [...], not {'total': 1}."),
        (
            {"kind": "sequence", "first": "A", "then": {"event": "B"}, "days": 3},
            "rule.first: write a mapping such as {event: Product Viewed}, not 'A'.",
        ),
        ({"kind": "stage", "stages": []}, "rule.stages: the list is empty."),
    ],
)
def test_the_place_and_what_to_write_are_said(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(TenureError) as told:
        parse_rules(rule)
    assert told.value.message == message


def test_an_operator_of_another_type_names_that_type() -> None:
    with pytest.raises(TenureError, match="not 'at_least'; for that write type: number"):
        parse_rules({"kind": "attribute", "name": "revenue", "operator": "at_least", "value": 3})
