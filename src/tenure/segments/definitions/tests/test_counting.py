"""Exact counts of definitions that nobody saved."""

import pytest

from tenure.segments.definitions.counting import count_node, sample_node
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.lists.tests.conftest import identify, tell
from tenure.segments.rules.parsing import parse_rules


@pytest.mark.usefixtures("services")
def test_a_definition_is_counted_with_each_of_its_steps():
    tell(
        identify("anna", country="DE", age=30), identify("ben", country="DE"), identify("carl", country="AT")
    )
    node = parse_rules(
        {
            "all": [
                {"kind": "attribute", "name": "country", "value": "DE"},
                {"kind": "attribute", "name": "age", "type": "number", "operator": "known"},
            ]
        }
    )
    around = look_around()
    found = count_node(node, around)
    assert (found.count, found.total_count) == (1, 3)
    assert [(step.own_count, step.left_count) for step in found.steps] == [(2, 2), (1, 1)]
    assert len(sample_node(node, around)) == 1


@pytest.mark.usefixtures("services")
def test_an_empty_shop_counts_nobody():
    found = count_node(parse_rules({"kind": "attribute", "name": "country", "value": "DE"}), look_around())
    assert (found.count, found.total_count) == (0, 0)
