"""Stage models as data: presets, what they may say, and what is refused."""

from typing import Any

import pytest

from tenure.base.errors import ConflictError, TenureError
from tenure.segments.definitions.definition import parse_segment
from tenure.segments.definitions.library import delete_segment, save_segment
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.stages import library
from tenure.segments.stages.library import PRESETS
from tenure.segments.stages.model import StageModel, parse_model, parse_model_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]

BUYERS = {"kind": "attribute", "name": "order_count", "type": "number", "operator": "at_least", "value": 1}


def describe(**changes: Any) -> dict[str, Any]:
    stages = [{"name": "Customers", "rule": BUYERS}, {"name": "Visitors"}]
    return {"name": "mine", "otherwise": "Visitors", "stages": stages, **changes}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_put_to_use_and_says_what_each_stage_is_for(name: str) -> None:
    saved = library.apply_model_preset(name, "ada@example.com").saved
    assert saved.model.title and saved.model.description
    for stage in saved.model.stages:
        assert stage.objective, stage.name
        assert stage.kpis, stage.name
        assert stage.sentence
    assert [one.model.name for one in library.list_models()] == ["lifecycle", name]
    assert look_around().find_stages(name) == saved.model.ranks


def test_a_model_is_the_same_after_writing_and_reading_it() -> None:
    for preset in library.list_model_presets():
        assert parse_model(preset.as_data()) == StageModel.model_validate(preset.as_data())
        assert parse_model(preset.as_data()).as_data() == preset.as_data()


def test_the_built_in_model_has_the_segments_as_stages_with_their_goals_and_key_figures() -> None:
    model = library.get_model("lifecycle").model
    assert len(model.stages) == 11
    champions = model.get_stage("Champions")
    assert (champions.phase, champions.colour_slot) == ("Veneration", 4)
    assert champions.objective and champions.touchpoints and champions.kpis
    assert model.ranks["Champions"] > model.ranks["At Risk Customers"] > model.ranks["Loyal Visitors"]


def test_settings_of_the_built_in_model_can_be_changed_and_its_stages_cannot() -> None:
    model = library.get_model("lifecycle").model
    stages = [
        stage.model_copy(update={"owner": "Ada"}) if stage.name == "Champions" else stage
        for stage in model.stages
    ]
    library.save_model(model.model_copy(update={"stages": tuple(stages)}), "ada@example.com")
    saved = library.get_model("lifecycle")
    assert saved.model.get_stage("Champions").owner == "Ada"
    assert saved.is_built
    assert look_around().find_stages("lifecycle") is not None
    with pytest.raises(ConflictError):
        library.delete_model("lifecycle", "ada@example.com")
    with pytest.raises(TenureError, match="built-in"):
        library.save_model(parse_model(describe(name="lifecycle")), "ada@example.com")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"otherwise": "Nobody"}, "there is no stage 'Nobody'"),
        ({"stages": [{"name": "A"}, {"name": "B"}], "otherwise": "A"}, "has no rule"),
        (
            {"stages": [{"name": "A", "rule": BUYERS}, {"name": "A"}], "otherwise": "A"},
            "two stages are called",
        ),
        ({"name": "Not a name"}, "small letters"),
        ({"stages": [{"name": "A"}], "otherwise": "A"}, "at least 2"),
        (
            {"stages": [{"name": "A", "rule": {"kind": "nonsense"}}, {"name": "B"}], "otherwise": "B"},
            r"stages\[0\].rule.kind",
        ),
        (
            {
                "stages": [{"name": "A", "rule": BUYERS, "kpis": [{"id": "luck"}]}, {"name": "B"}],
                "otherwise": "B",
            },
            "there is no KPI 'luck'",
        ),
        (
            {
                "stages": [
                    {"name": "A", "rule": BUYERS, "kpis": [{"id": "visits", "benchmark": 3}]},
                    {"name": "B"},
                ],
                "otherwise": "B",
            },
            "say where the benchmark is from",
        ),
    ],
)
def test_what_a_model_cannot_be_is_refused_with_its_place(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(TenureError, match=says):
        parse_model(describe(**changes))


def test_text_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(TenureError, match="not YAML"):
        parse_model_text("stages: [")
    with pytest.raises(TenureError, match="mapping"):
        parse_model_text("- a\n- b")


def test_rules_may_not_ask_for_the_model_itself_not_even_over_a_segment() -> None:
    asks_itself = {"kind": "stage", "model": "mine", "stages": ["Customers"]}
    with pytest.raises(TenureError, match="circle: mine -> mine"):
        library.save_model(
            parse_model(describe(stages=[{"name": "Customers", "rule": asks_itself}, {"name": "Visitors"}])),
            "ada",
        )
    library.save_model(parse_model(describe()), "ada")
    save_segment(parse_segment({"name": "mine-too", "rule": asks_itself}), "ada")
    over_segment = {"kind": "segment", "name": "mine-too"}
    with pytest.raises(TenureError, match="circle: mine -> mine-too -> mine"):
        library.save_model(
            parse_model(describe(stages=[{"name": "Customers", "rule": over_segment}, {"name": "Visitors"}])),
            "ada",
        )


def test_a_segment_may_not_close_the_circle_either() -> None:
    save_segment(parse_segment({"name": "buyers", "rule": BUYERS}), "ada")
    over_segment = {"kind": "segment", "name": "buyers"}
    library.save_model(
        parse_model(describe(stages=[{"name": "Customers", "rule": over_segment}, {"name": "Visitors"}])),
        "ada",
    )
    closing = {"kind": "stage", "model": "mine", "stages": ["Customers"]}
    with pytest.raises(TenureError, match="circle: buyers -> mine -> buyers"):
        save_segment(parse_segment({"name": "buyers", "rule": closing}), "ada")
    with pytest.raises(ConflictError, match="used by mine"):
        delete_segment("buyers", "ada")


def test_names_that_nothing_has_are_refused_with_the_nearest() -> None:
    rule = {"kind": "stage", "stages": ["Champion"]}
    with pytest.raises(TenureError, match=r"stages\[0\].rule: .*Did you mean Champions"):
        library.save_model(
            parse_model(describe(stages=[{"name": "Customers", "rule": rule}, {"name": "Visitors"}])), "ada"
        )


def test_events_that_were_never_seen_are_a_warning() -> None:
    result = library.apply_model_preset("general", "ada")
    assert any("Product Reviewed" in warning.message for warning in result.warnings)


def test_a_model_or_stage_in_use_cannot_go() -> None:
    library.save_model(parse_model(describe()), "ada")
    rule = {"kind": "stage", "model": "mine", "stages": ["Customers"]}
    save_segment(parse_segment({"name": "buyers", "rule": rule}), "ada")
    with pytest.raises(ConflictError, match="used by buyers"):
        library.delete_model("mine", "ada")
    renamed = describe(stages=[{"name": "Buyers", "rule": BUYERS}, {"name": "Visitors"}])
    with pytest.raises(ConflictError, match="buyers asks for the stage Customers"):
        library.save_model(parse_model(renamed), "ada")
    delete_segment("buyers", "ada")
    library.delete_model("mine", "ada")
    assert [one.model.name for one in library.list_models()] == ["lifecycle"]


def test_two_people_cannot_change_a_model_at_once() -> None:
    saved = library.save_model(parse_model(describe()), "ada").saved
    library.save_model(parse_model(describe(title="Ours")), "bob", version=saved.version)
    with pytest.raises(ConflictError, match="Somebody else"):
        library.save_model(parse_model(describe(title="Mine")), "ada", version=saved.version)
    with pytest.raises(ConflictError, match="already"):
        library.save_model(parse_model(describe()), "ada", replace=False)


def test_only_a_change_that_decides_stages_asks_for_a_new_evaluation() -> None:
    from tenure.segments.stages.evaluating import rebuild_stages

    library.save_model(parse_model(describe()), "ada")
    assert not library.get_model("mine").is_built
    rebuild_stages()
    assert library.get_model("mine").is_built
    assert library.save_model(parse_model(describe(title="Ours")), "ada").saved.is_built
    other = {**BUYERS, "value": 2}
    changed = describe(stages=[{"name": "Customers", "rule": other}, {"name": "Visitors"}])
    assert not library.save_model(parse_model(changed), "ada").saved.is_built
