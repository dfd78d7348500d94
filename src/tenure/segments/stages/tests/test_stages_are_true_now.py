"""A stage follows every event, and the mere passing of time to the second; a change is an event."""

import json

import pytest

from tenure.lake import api as lakes
from tenure.segments.stages import library
from tenure.segments.stages.evaluating import rebuild_stages
from tenure.segments.stages.model import parse_model
from tenure.segments.tests.conftest import LiveShop, live_shop

__all__ = ["live_shop"]

MODEL = {
    "name": "mine",
    "otherwise": "Away",
    "stages": [
        {"name": "Keen", "rank": 3, "rule": {"kind": "event", "event": "Product Viewed", "times": {"at_least": 2}, "window": {"days": 7}}},
        {"name": "There", "rank": 2, "rule": {"kind": "event", "event": "Product Viewed", "window": {"days": 7}}},
        {"name": "Away", "rank": 1},
    ],
}  # fmt: skip


def find_stage(shop: LiveShop, user: str, model: str = "mine") -> str | None:
    rows, people = lakes.table("stages_now"), lakes.table("customers")
    mine = people.filter(people.external_id == user).select("customer_id")
    stage: str | None = shop.lake.read_value(
        rows.filter(rows.model == model).semi_join(mine, "customer_id").select("stage")
    )
    return stage


def list_told(shop: LiveShop) -> list[tuple[str, str, str]]:
    events = lakes.table("events")
    rows = shop.lake.read_rows(
        events.filter(events.event == "Stage Changed").order_by("seq").select("properties")
    )
    told = [json.loads(row["properties"]) for row in rows]
    return [(one["from"], one["to"], one["direction"]) for one in told if one["model"] == "mine"]


@pytest.fixture
def shop(live_shop: LiveShop) -> LiveShop:
    library.save_model(parse_model(MODEL), "ada")
    live_shop.engine.catch_up()
    return live_shop


def test_an_event_changes_the_stage_at_once_and_is_told(shop: LiveShop) -> None:
    shop.tell("ada", "Signed Up")
    assert find_stage(shop, "ada") == "Away"
    shop.tell("ada", "Product Viewed")
    assert find_stage(shop, "ada") == "There"
    shop.tell("ada", "Product Viewed")
    assert find_stage(shop, "ada") == "Keen"
    assert list_told(shop) == [("Away", "There", "up"), ("There", "Keen", "up")]


def test_time_changes_the_stage_on_the_second_it_is_due(shop: LiveShop) -> None:
    shop.tell("ada", "Product Viewed")
    shop.move(hours=1)
    shop.tell("ada", "Product Viewed")
    shop.move(days=7, hours=-1, seconds=-1)
    assert find_stage(shop, "ada") == "Keen"
    shop.move(seconds=1)
    assert find_stage(shop, "ada") == "There"
    shop.move(hours=1)
    assert find_stage(shop, "ada") == "Away"
    assert list_told(shop)[-2:] == [("Keen", "There", "down"), ("There", "Away", "down")]


def test_segments_and_models_may_ask_for_stages(shop: LiveShop) -> None:
    keen = {"kind": "stage", "model": "mine", "stages": ["Keen"]}
    shop.save("keen", keen)
    library.save_model(
        parse_model(
            {
                "name": "other",
                "otherwise": "Rest",
                "stages": [{"name": "Best", "rule": keen}, {"name": "Rest"}],
            }
        ),
        "ada",
    )
    shop.engine.catch_up()
    for _ in range(2):
        shop.tell("ada", "Product Viewed")
    assert shop.members("keen") == {"ada"}
    assert find_stage(shop, "ada", "other") == "Best"


def test_a_full_evaluation_finds_what_was_followed_event_by_event(shop: LiveShop) -> None:
    for number in range(12):
        for _ in range(number % 3):
            shop.tell(f"c{number}", "Product Viewed")
        shop.tell(f"c{number}", "Signed Up")
        shop.move(hours=13)
    followed = {f"c{number}": find_stage(shop, f"c{number}") for number in range(12)}
    shop.lake.write(lambda tx: tx.delete("stages_now", lambda rows: rows.model == "mine"))
    rebuild_stages()
    assert {user: find_stage(shop, user) for user in followed} == followed


def test_who_is_merged_away_is_in_no_stage(shop: LiveShop) -> None:
    shop.tell("ada", "Product Viewed")
    rows = lakes.table("stages_now")
    before = shop.lake.read_value(rows.count().as_table())
    known = shop.build_row("ada", "identify", shop.clock.now() - shop.clock.now(), {})
    unknown = type(known)(
        **{
            **shop.build_row("x", "Product Viewed", known.occurred_at - known.occurred_at, {}).__dict__,
            "user_id": None,
            "anonymous_id": "browser",
        }
    )
    shop.tell_all([unknown])
    assert shop.lake.read_value(rows.count().as_table()) == before + 1
    shop.tell_all([type(known)(**{**known.__dict__, "anonymous_id": "browser"})])
    assert shop.lake.read_value(rows.count().as_table()) == before
    assert find_stage(shop, "ada") == "Keen"
