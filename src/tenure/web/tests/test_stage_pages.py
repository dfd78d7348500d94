"""Stage models in the browser: choose one, look at it, edit it."""

import html
import re

import pytest

from tenure.segments import api as segments

GENERAL = "/lifecycle/models/general/"


def read(client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[-800:]
    return html.unescape(answer.content.decode())


def post(client, path: str, status: int = 302, **fields: object) -> str:
    answer = client.post(path, fields)
    assert answer.status_code == status, answer.content.decode()[-800:]
    return html.unescape(answer.content.decode())


@pytest.fixture
def general(shop, marketer) -> object:
    post(marketer, "/lifecycle/models/use/", preset="general")
    return marketer


def test_a_preset_is_put_to_use_with_a_click(shop, marketer):
    assert "Care provider" in read(marketer, "/lifecycle/models/")
    post(marketer, "/lifecycle/models/use/", preset="general")
    page = read(marketer, GENERAL)
    assert "General customer lifecycle is in use" in page
    assert "260 customers, each in exactly one stage" in re.sub("</?b>", "", page)
    counts = segments.count_stages(segments.get_model("general").model)
    assert sum(counts.values()) == 260
    assert ">in use</span>" in read(marketer, "/lifecycle/models/")


def test_cards_show_objective_size_key_figures_with_targets_and_how_they_are_computed(general):
    cards = read(general, f"{GENERAL}cards/")
    assert "Visitors become customers." in cards
    assert "Conversion rate" in cards
    assert "Target 3.0%" in cards
    assert "first orders" in cards
    assert "The cost is not known" in cards
    assert "Review reminder" in cards


def test_flow_and_time_in_stage_of_the_built_in_model(shop, viewer):
    page = read(viewer, "/lifecycle/models/lifecycle/")
    assert "moved up" in page
    assert '<path class="flow-band' in page
    assert "Median days" in page
    assert "Edit</a>" not in page
    assert "Conversion rate" in read(viewer, "/lifecycle/models/lifecycle/cards/")
    assert "the end of" in read(viewer, "/lifecycle/models/lifecycle/?as_of=2026-01-05")


def test_before_a_model_was_used_it_says_since_when_stages_are_known(general):
    page = read(general, f"{GENERAL}?as_of=2020-01-05")
    assert "are known since" in page


def test_rules_change_places_and_stages_come_and_go(general):
    edit = f"{GENERAL}edit/"
    assert "Rules are tried from above" in read(general, edit)
    post(general, f"{GENERAL}move/", stage="Retention", direction="up", version="1")
    assert [stage.name for stage in segments.get_model("general").model.stages][:2] == [
        "Retention",
        "Advocacy",
    ]
    assert segments.get_model("general").model.ranks["Advocacy"] == 5
    fields = {
        "name": "Big spenders", "rule": "{kind: attribute, name: revenue, type: number, operator: at_least, value: 300}",
        "objective": "spend more", "owner": "Ada", "touchpoints": "call\nvisit", "colour_slot": "5", "rank": "6",
        "kpi": ["average-order-value", ""], "target": ["55", ""], "benchmark": ["48", ""],
        "benchmark_source": ["our report of 2025", ""], "events": ["", ""], "base_events": ["", ""],
        "within_days": ["", ""], "monthly_cost": ["", ""], "version": "2",
    }  # fmt: skip
    post(general, f"{GENERAL}stages/new/", **fields)
    stage = segments.get_model("general").model.stages[0]
    assert (stage.name, stage.owner, stage.touchpoints) == ("Big spenders", "Ada", ("call", "visit"))
    assert str(stage.kpis[0].target) == "55"
    assert segments.count_stages(segments.get_model("general").model)["Big spenders"] > 0
    assert "Benchmark €48.00 (our report of 2025)" in read(general, f"{GENERAL}cards/")
    post(general, f"{GENERAL}remove/", stage="Big spenders", version="3")
    assert "Big spenders" not in segments.count_stages(segments.get_model("general").model)


def test_a_stage_form_shows_what_is_saved_and_takes_shares_in_percent(general):
    page = read(general, f"{GENERAL}stages/2/")
    assert "kind: attribute" in page
    assert 'value="30%"' in page
    fields = {"name": "Retention", "rule": "kind: attribute\nname: order_count\ntype: number\noperator: at_least\nvalue: 3",
              "kpi": ["repeat-purchase-rate"], "target": ["35 %"], "version": "1"}  # fmt: skip
    post(general, f"{GENERAL}stages/2/", **fields)
    assert str(segments.get_model("general").model.stages[1].kpis[0].target) == "0.35"


def test_mistakes_are_said_and_what_was_typed_stays(general):
    fields = {"name": "Odd", "rule": "{kind: nonsense}", "kpi": [""], "version": "1"}
    page = post(general, f"{GENERAL}stages/new/", status=400, **fields)
    assert "there is no kind" in page
    assert "{kind: nonsense}" in page
    page = post(general, f"{GENERAL}stages/new/", status=400, name="Odd", rule="[", kpi="", version="1")
    assert "not YAML" in page
    page = post(
        general, f"{GENERAL}stages/2/", status=400, name="Retention", rule="", kpi="visits", target="many"
    )
    assert "write a number" in page
    page = post(general, f"{GENERAL}remove/", status=400, stage="Acquisition", version="1")
    assert "takes the rest" in page
    page = post(general, "/lifecycle/models/new/", status=400, text="name: x")
    assert "otherwise" in page
    assert post(
        general,
        f"{GENERAL}edit/",
        status=409,
        title="A",
        otherwise="Acquisition",
        description="",
        version="9",
    )


def test_titles_can_be_changed_and_the_model_deleted(general):
    post(
        general,
        f"{GENERAL}edit/",
        title="Ours",
        description="What we do",
        otherwise="Acquisition",
        version="1",
    )
    assert segments.get_model("general").model.title == "Ours"
    assert segments.get_model("general").is_built
    post(general, f"{GENERAL}delete/")
    assert read(general, GENERAL, status=404)


def test_own_models_are_written_as_yaml(shop, marketer):
    text = "name: mine\notherwise: Rest\nstages:\n  - {name: Known, rule: {kind: attribute, name: email, operator: known}}\n  - {name: Rest}\n"
    post(marketer, "/lifecycle/models/new/", text=text)
    assert sum(segments.count_stages(segments.get_model("mine").model).values()) == 260


def test_settings_of_the_built_in_model_are_edited_and_its_rules_are_not(shop, marketer):
    assert "Add a stage" not in read(marketer, "/lifecycle/models/lifecycle/edit/")
    post(
        marketer,
        "/lifecycle/models/lifecycle/stages/3/",
        objective="keep them",
        owner="Ada",
        kpi="revenue",
        target="900",
    )
    stage = segments.get_model("lifecycle").model.get_stage("Champions")
    assert (stage.objective, stage.owner, stage.kpis[0].id) == ("keep them", "Ada", "revenue")


def test_a_viewer_looks_and_changes_nothing(shop, viewer):
    assert "Use<span" not in read(viewer, "/lifecycle/models/")
    assert viewer.post("/lifecycle/models/use/", {"preset": "general"}).status_code == 403
    assert viewer.get("/lifecycle/models/lifecycle/edit/").status_code == 403


def test_the_customer_page_shows_her_stage_in_every_model_in_use(general):
    page = read(general, "/customers/8/")
    assert "General customer lifecycle" in page
    assert "since " in page


def test_the_size_of_a_stage_leads_to_its_customers_and_their_export(general):
    assert "/customers/?model=general&stage=Retention" in read(general, f"{GENERAL}cards/")
    number = segments.count_stages(segments.get_model("general").model)["Retention"]
    page = read(general, "/customers/?model=general&stage=Retention")
    assert "Stage Retention of general" in page
    assert f"{number} customers found" in page
    rows = b"".join(general.get("/customers/export.csv?model=general&stage=Retention").streaming_content)
    assert rows.count(b"\n") == number + 1
