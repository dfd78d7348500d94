"""Presets are data: what they may say, and what the built-in ones do say."""

from itertools import product
from pathlib import Path

import pytest
import yaml

from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.base.models import AuditEntry
from tenure.segments import api
from tenure.segments.rfm.rules import KINDS, parse_rule
from tenure.segments.rfm.rules.codes import CodesRule
from tenure.segments.rfm.scoring import METHODS

EXAMPLES = sorted((Path(__file__).parent.parent / "presets" / "examples").glob("*.yaml"))

SMALL = """
name: small
scoring: {r: {method: fixed, cutpoints: [365, 180, 90, 30]}, f: rank, m: quantile}
phases: [{name: All}]
segments: [{name: Good, phase: All, rule: {rfm: "[45]{3}"}}, {name: Other, phase: All}]
otherwise: Other
"""


def test_the_default_preset_has_five_phases_and_eleven_segments() -> None:
    preset = api.get_preset()
    slots = {phase.name: phase.colour_slot for phase in preset.phases}
    assert slots == {
        "Acquisition": 2,
        "Retention": 3,
        "Increased value": 7,
        "Veneration": 4,
        "Reactivation": 5,
    }
    assert len(preset.segments) == 11
    assert all(segment.who and segment.goal and segment.strategies for segment in preset.segments)
    assert all(phase.goal for phase in preset.phases)


def test_the_industry_table_covers_all_125_codes_exactly_once() -> None:
    listed: list[int] = []
    for segment in api.get_preset("industry").segments:
        if isinstance(segment.parsed_rule, CodesRule):
            listed += segment.parsed_rule.codes
    assert sorted(listed) == [100 * r + 10 * f + m for r, f, m in product(range(1, 6), repeat=3)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_rule_reads_and_says_its_example(kind: type) -> None:
    rule = parse_rule(kind.example)
    assert isinstance(rule, kind)
    assert rule.describe() == rule.describe().strip() != ""


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_every_scoring_method_reads_and_says_its_example(method: type) -> None:
    read = method(**method.example)  # type: ignore[call-arg]
    assert read.describe().endswith(".")


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ({"x": 1}, "does not know 'x'"),
        ({"r": 6}, "from 1 to 5"),
        ({"n": "many"}, "cannot read 'many'"),
        ({"n": "4..2"}, "smaller number first"),
        ({"contact": "yes"}, "neither 'known' nor 'unknown'"),
        ({"codes": "445 461"}, "'461' is not an RFM code"),
        ({"codes": "445 445"}, "445 is listed twice"),
        ({"rf": "["}, "is not a pattern"),
        ({"rf": "6."}, "no scores match"),
        ({"any": []}, "write a list of rules"),
        ([], "A rule is a mapping"),
    ],
)
def test_a_rule_that_makes_no_sense_says_what_is_wrong(rule: object, part: str) -> None:
    with pytest.raises(TenureError, match="(?i)" + part.replace("[", r"\[")):
        parse_rule(rule)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("otherwise: Other", "otherwise: Nobody", "there is no segment 'Nobody'"),
        ("otherwise: Other", "", "has no rule"),
        ("phase: All}]\n", "phase: Nowhere}]\n", "there is no phase 'Nowhere'"),
        ("name: Other", "name: Good", "two segments are called 'Good'"),
        ("f: rank", "f: rhythm", "use it for r"),
        ("m: quantile", "m: repeat-share", "use it for f"),
        ("m: quantile", "m: guess", "does not match any of the expected tags"),
        ("[365, 180, 90, 30]", "[365, 10, 90, 30]", "in one direction"),
        ("name: small", "name: A B", "small letters"),
        ("name: small", "name: [", "not YAML"),
    ],
)
def test_a_preset_that_makes_no_sense_says_where(old: str, new: str, part: str) -> None:
    assert old in SMALL
    with pytest.raises(TenureError) as caught:
        api.parse_preset(SMALL.replace(old, new))
    assert part in caught.value.message


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_presets_are_read_from_their_path(path: Path) -> None:
    assert api.get_preset(str(path)).name == path.stem


@pytest.mark.django_db
def test_a_saved_preset_is_listed_found_and_replaced() -> None:
    api.save_preset(SMALL, "alice@example.com")
    api.save_preset(SMALL.replace("name: small", "name: small\ntitle: Mine"), "alice@example.com")
    assert [preset.name for preset in api.list_presets()] == ["lifecycle", "industry", "small"]
    assert api.get_preset("small").title == "Mine"
    assert AuditEntry.objects.filter(verb="preset.saved", subject="small").count() == 2


@pytest.mark.django_db
def test_built_in_names_are_taken_and_unknown_ones_are_named() -> None:
    with pytest.raises(ConflictError):
        api.save_preset(SMALL.replace("name: small", "name: lifecycle"), "alice@example.com")
    with pytest.raises(NotFoundError, match="lifecycle, industry"):
        api.get_preset("nothing")
    with pytest.raises(TenureError, match="cannot be read"):
        api.get_preset("/nowhere/preset.yaml")


def test_the_preset_files_keep_to_what_the_model_knows() -> None:
    for preset in (api.get_preset(), api.get_preset("industry")):
        again = api.parse_preset(yaml.safe_dump(preset.model_dump(mode="json")))
        assert again == preset
        assert again.counting == preset.counting
