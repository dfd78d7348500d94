"""Campaigns as they are written by hand."""

import pytest

from tenure.base.errors import TenureError
from tenure.campaigns.definition import list_audiences, parse_definition, read_definition
from tenure.campaigns.tests.conftest import make_definition

pytestmark = pytest.mark.django_db


def test_the_shortest_campaign_gets_a_tenth_held_out_and_two_weeks():
    found = parse_definition(make_definition())
    assert (found.control_share, found.measure_days, found.from_name) == (0.10, 14, None)


def test_a_segment_is_found_however_it_is_cased():
    assert parse_definition(make_definition(segment="champions")).segment == "Champions"
    assert parse_definition(make_definition(segment="reactivation")).segment == "Reactivation"
    assert parse_definition(make_definition(segment="Everyone")).segment == "everyone"


def test_segments_and_phases_come_in_the_order_of_the_phases():
    phases = ["Acquisition", "Retention", "Increased value", "Veneration", "Reactivation"]
    choices = list_audiences()
    assert [one.name for one in choices if one.kind == "phase"] == phases
    assert list(dict.fromkeys(one.phase for one in choices if one.kind == "segment")) == phases


def test_every_segment_and_phase_and_everyone_can_be_chosen():
    kinds = [choice.kind for choice in list_audiences()]
    assert (kinds.count("segment"), kinds.count("phase"), kinds.count("everyone")) == (11, 5, 1)


@pytest.mark.parametrize(
    ("changes", "code", "field", "words"),
    [
        ({"subjekt": "x"}, "unknown_field", "subjekt", "Did you mean 'subject'?"),
        ({"segment": "Champion"}, "unknown_segment", "segment", "Did you mean 'Champions'?"),
        ({"segment": "zzzz"}, "unknown_segment", "segment", "Known are "),
        ({"control_share": 0.6}, "bad_value", "control_share", "from 0 to 0.5"),
        ({"control_share": "many"}, "bad_value", "control_share", "from 0 to 0.5"),
        ({"control_share": float("nan")}, "bad_value", "control_share", "from 0 to 0.5"),
        ({"measure_days": 0}, "bad_value", "measure_days", "from 1 to 90"),
        ({"subject": " "}, "required", "subject", "missing"),
        ({"subject": "a\nBcc: b@c.de"}, "bad_value", "subject", "must be on one line"),
        ({"subject": "{{ customer.name"}, "template_error", "subject", "line 1"),
        ({"body": "<p>{% if %}</p>"}, "template_error", "body", "line 1"),
        ({"name": "x" * 121}, "bad_value", "name", "120"),
    ],
)
def test_a_mistake_names_its_field_and_what_to_do(changes, code, field, words):
    with pytest.raises(TenureError) as caught:
        parse_definition(make_definition(**changes))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert words in caught.value.message


def test_a_missing_field_is_named():
    given = make_definition()
    del given["body"]
    with pytest.raises(TenureError, match="'body' is missing"):
        parse_definition(given)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "spring.yaml"
    path.write_text(
        "name: Spring\nsegment: At Risk Customers\nsubject: Hi\nbody: |\n  Hello\n  you\ncontrol_share: 0.2\n"
    )
    assert read_definition(path).control_share == 0.2


@pytest.mark.parametrize(
    ("text", "code"),
    [("name: [", "bad_yaml"), ("- a\n- b", "bad_yaml"), ("", "bad_yaml"), ("name: x", "required")],
)
def test_a_file_that_is_no_campaign_says_so(tmp_path, text, code):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(TenureError) as caught:
        read_definition(path)
    assert caught.value.code == code


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(TenureError, match="cannot be read"):
        read_definition(tmp_path / "absent.yaml")


def test_a_file_in_another_encoding_says_so(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: caf\xe9")
    with pytest.raises(TenureError, match="UTF-8"):
        read_definition(path)
