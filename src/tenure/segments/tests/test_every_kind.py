"""Every kind of rule is whole: an entry in the reference, examples, a sentence, a form, cases by hand, a reference."""

import json
from pathlib import Path

import pytest
import yaml

from tenure.segments.rules import BY_NAME, KINDS
from tenure.segments.rules.base import Rule, list_rules
from tenure.segments.rules.parsing import parse_rules
from tenure.segments.tests.conformance.cases import CASES, LATER_CASES
from tenure.segments.tests.reference.evaluating import _KINDS as REFERENCE

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "segment-rules.md"
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def name_of(kind: type[Rule]) -> str:
    return str(kind.model_fields["kind"].default)


def test_every_file_of_a_kind_is_in_the_list():
    folder = Path(__file__).resolve().parents[1] / "rules"
    files = [
        path.name
        for path in folder.glob("*.py")
        if "(Rule)" in path.read_text() or ", Rule)" in path.read_text()
    ]
    assert len(files) == len(KINDS) == len(BY_NAME)


@each_kind
def test_its_examples_are_read_and_written_back(kind: type[Rule]):
    assert kind.examples
    for example in kind.examples:
        rule = parse_rules(example)
        assert isinstance(rule, kind)
        data = rule.as_data()
        assert parse_rules(data) == rule
        assert parse_rules(json.loads(json.dumps(data))) == rule
        assert parse_rules(yaml.safe_load(yaml.safe_dump(data))) == rule


@each_kind
def test_it_has_a_sentence_a_place_and_a_form(kind: type[Rule]):
    assert kind.title and kind.group and kind.__doc__ and len(kind.form)
    sentences = [parse_rules(example).describe() for example in kind.examples]
    assert all(sentences) and len(set(sentences)) == len(sentences)


@each_kind
def test_it_has_an_entry_in_the_reference(kind: type[Rule]):
    if not PAGE.is_file():
        pytest.skip("the documentation is not beside this package")
    entry = PAGE.read_text().split(f"\n## {name_of(kind)}\n")[1].split("\n## ")[0]
    assert kind.title in entry
    for name, field in kind.model_fields.items():
        assert name == "kind" or f"`{field.alias or name}`" in entry
    assert all(parse_rules(example).describe() in entry for example in kind.examples)


def test_every_kind_has_cases_by_hand_and_a_slow_obvious_evaluator():
    cases = [*CASES, *(case for more in LATER_CASES.values() for case in more)]
    by_hand = {rule.kind for case in cases for rule in list_rules(parse_rules(case.rule))}
    assert by_hand == set(BY_NAME)
    assert set(REFERENCE) == set(BY_NAME)
