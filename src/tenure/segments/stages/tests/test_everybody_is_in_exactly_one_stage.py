"""Order decides, the first rule that holds wins, and nobody is left out or counted twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.segments.definitions.counting import compile_members
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.stages import library
from tenure.segments.stages.evaluating import rebuild_stages
from tenure.segments.stages.library import PRESETS
from tenure.segments.stages.model import StageModel, parse_model
from tenure.segments.stages.tests.shop import fill

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def read_stages(model: StageModel) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = lakes.table("stages_now")
    for row in lakes.current().read_rows(rows.filter(rows.model == model.name)):
        found.setdefault(row["customer_id"], []).append(row["stage"])
    return found


def find_slowly(model: StageModel) -> dict[int, list[str]]:
    """Each rule on its own, then the first that took a customer."""
    around, lake = look_around(), lakes.current()
    people = [row["customer_id"] for row in lake.read_rows(lakes.table("customers").select("customer_id"))]
    members = {}
    for stage in model.stages:
        if stage.node is not None:
            with lake.reading() as reader:
                rows = reader.execute(compile_members(stage.node, around)).fetchall()
            members[stage.name] = {row[0] for row in rows}
    return {
        person: [next((name for name, there in members.items() if person in there), model.otherwise)]
        for person in people
    }


@pytest.fixture
def business(services: object) -> object:
    with clock.virtual(NOON):
        fill()
    return services


@pytest.mark.usefixtures("business")
def test_every_preset_puts_everybody_into_exactly_one_stage() -> None:
    with clock.virtual(NOON + timedelta(hours=1)):
        for name in PRESETS:
            library.apply_model_preset(name, "ada")
        result = rebuild_stages()
        assert set(result.names) == set(PRESETS)
        for name in PRESETS:
            model = library.get_model(name).model
            found = read_stages(model)
            assert found == find_slowly(model), name
            assert len({stage for stages in found.values() for stage in stages}) >= 3, name
        assert rebuild_stages().names == result.names


@pytest.mark.usefixtures("business")
def test_visitors_in_detail_leave_buyers_in_their_segments() -> None:
    with clock.virtual(NOON + timedelta(hours=1)):
        library.apply_model_preset("visitors", "ada")
        rebuild_stages()
        found = read_stages(library.get_model("visitors").model)
    people = lakes.table("customers")
    for row in lakes.current().read_rows(people.select("customer_id", "segment", "phase")):
        stage = found[row["customer_id"]][0]
        if row["phase"] == "Acquisition":
            assert library.get_model("visitors").model.get_stage(stage).phase == "Acquisition"
            assert (row["segment"] == "Loyal Visitors") == (stage == "Left an E-mail")
        else:
            assert stage == row["segment"]


RULES: list[dict[str, Any]] = [
    {"kind": "attribute", "name": "order_count", "type": "number", "operator": "at_least", "value": 1},
    {"kind": "event", "event": "Feature Used", "times": {"at_least": 2}, "window": {"days": 200}},
    {"kind": "event", "event": "Product Viewed", "times": {"exactly": 0}},
    {"not": {"kind": "attribute", "name": "email", "operator": "known"}},
    {"any": [{"kind": "stage", "stages": ["Champions"]}, {"kind": "event", "event": "Trial Started"}]},
    {"kind": "score", "dimension": "r", "bound": {"at_least": 3}},
]


@pytest.mark.usefixtures("business")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(RULES), min_size=1, max_size=5), st.integers(0, 5))
def test_any_rules_in_any_order_put_everybody_into_exactly_one_stage(
    rules: list[dict[str, Any]], at: int
) -> None:
    stages: list[dict[str, Any]] = [{"name": f"S{number}", "rule": rule} for number, rule in enumerate(rules)]
    stages.insert(min(at, len(stages)), {"name": "Rest"})
    model = parse_model({"name": "drawn", "otherwise": "Rest", "stages": stages})
    library.save_model(model, "ada")
    with clock.virtual(NOON + timedelta(hours=2)):
        rebuild_stages(["drawn"])
        assert read_stages(model) == find_slowly(model)
