"""Stage as of a day, flow between two days, time in stage, moves up and down."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
import pytest

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.segments import api as segments
from tenure.segments.stages import history, library
from tenure.segments.stages.evaluating import rebuild_stages
from tenure.segments.stages.history import FlowRow, Moves
from tenure.segments.stages.model import StageModel, parse_model
from tenure.segments.stages.tests.shop import append, tell

DAY_ONE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def bought(number: int) -> dict[str, Any]:
    return {
        "kind": "attribute",
        "name": "order_count",
        "type": "number",
        "operator": "at_least",
        "value": number,
    }


MODEL = parse_model(
    {
        "name": "mine",
        "otherwise": "Visitors",
        "stages": [
            {"name": "Regulars", "rank": 3, "rule": bought(2)},
            {"name": "Buyers", "rank": 2, "rule": bought(1)},
            {"name": "Visitors", "rank": 1},
        ],
    }
)


def order(user: str, number: int, at: datetime) -> None:
    append([tell(user, "track", "Order Completed", at, number, order_id=f"{user}-{number}", total=20)])


@pytest.fixture
def model(services: object) -> StageModel:
    """ada visits on day 1, buys on day 11 and 21; bob buys on day 6; cleo comes on day 16."""
    with clock.virtual(DAY_ONE):
        append([tell("ada", "page", "Home", DAY_ONE, 0)])
        order("bob", 0, DAY_ONE - timedelta(days=1))
        library.save_model(MODEL, "ada")
        rebuild_stages()
    for days, happens in (
        (10, lambda at: order("ada", 1, at)),
        (15, lambda at: append([tell("cleo", "page", "Home", at, 0)])),
        (20, lambda at: order("ada", 2, at)),
    ):
        at = DAY_ONE + timedelta(days=days)
        with clock.virtual(at + timedelta(minutes=1)):
            happens(at)
            rebuild_stages(cause="event")
    return MODEL


def day(number: int) -> date:
    return DAY_ONE.date() + timedelta(days=number)


def test_sizes_now_and_at_the_end_of_any_day(model: StageModel) -> None:
    with clock.virtual(DAY_ONE + timedelta(days=30)):
        assert history.count_stages(model) == {"Regulars": 1, "Buyers": 1, "Visitors": 1}
        assert history.count_stages(model, day(0)) == {"Regulars": 0, "Buyers": 1, "Visitors": 1}
        assert history.count_stages(model, day(10)) == {"Regulars": 0, "Buyers": 2, "Visitors": 0}
        assert history.count_stages(model, day(-1)) == {"Regulars": 0, "Buyers": 0, "Visitors": 0}
        assert history.find_known_since(model) == DAY_ONE


def test_one_customers_stage_as_of_a_day(model: StageModel) -> None:
    people = lakes.table("customers")
    ada = lakes.current().read_value(people.filter(people.external_id == "ada").select("customer_id"))
    with clock.virtual(DAY_ONE + timedelta(days=30)):
        stages = [history.find_stage(model, ada, day(number)) for number in (-1, 0, 9, 10, 19, 20, 30)]
    assert stages == [None, "Visitors", "Visitors", "Buyers", "Buyers", "Regulars", "Regulars"]


def test_flow_between_two_days_and_who_moved_up(model: StageModel) -> None:
    with clock.virtual(DAY_ONE + timedelta(days=30)):
        flow = history.compute_flow(model, day(0), day(20))
        assert sorted((row.from_stage, row.to_stage, row.customers_count) for row in flow) == [
            ("(not yet a customer)", "Visitors", 1),
            ("Buyers", "Buyers", 1),
            ("Visitors", "Regulars", 1),
        ]
        assert history.count_moves(model, flow) == Moves(1, 0, 1)
        people = lakes.table("customers")
        nobody = people.filter(people.customer_id < 0)
        assert history.compute_moves(model, day(0), day(20)) == Moves(1, 0, 1)
        assert history.compute_moves(model, day(0), day(20), only=nobody) == Moves(0, 0, 0)


def test_going_back_is_a_move_down() -> None:
    flow = [
        FlowRow("Regulars", "Visitors", 2),
        FlowRow("Visitors", "Buyers", 1),
        FlowRow("Gone", "Buyers", 5),
    ]
    assert history.count_moves(MODEL, flow) == Moves(1, 2, 0)


def test_days_in_each_stage_of_those_who_left_and_of_those_who_are_there(model: StageModel) -> None:
    with clock.virtual(DAY_ONE + timedelta(days=30)):
        rows = {row.stage: row for row in history.compute_time_in_stage(model)}
    assert list(rows) == ["Visitors", "Buyers", "Regulars"]
    assert (rows["Visitors"].left_count, rows["Visitors"].median_days) == (1, Decimal("10.0"))
    assert (rows["Visitors"].there_count, rows["Visitors"].there_days) == (1, Decimal("15.0"))
    assert (rows["Buyers"].left_count, rows["Buyers"].median_days) == (1, Decimal("10.0"))
    assert rows["Buyers"].low_days == rows["Buyers"].high_days == Decimal("10.0")
    assert (rows["Regulars"].left_count, rows["Regulars"].median_days) == (0, None)


def test_a_changed_definition_moves_nobody_but_places_them_anew(model: StageModel) -> None:
    data = MODEL.as_data()
    data["stages"][0]["rule"] = bought(9)
    changed = parse_model(data)
    with clock.virtual(DAY_ONE + timedelta(days=30)):
        library.save_model(changed, "ada")
        rebuild_stages()
        assert history.count_stages(changed)["Regulars"] == 0
    told = lakes.table("stage_history")
    last = lakes.current().read_rows(told.order_by(ibis.desc("since_at")).limit(1))[0]
    assert (last["from_stage"], last["to_stage"]) == (None, "Buyers")


def test_the_built_in_model_answers_the_same_questions(services: object) -> None:
    with clock.virtual(DAY_ONE):
        append([tell("ada", "page", "Home", DAY_ONE, 0)])
        segments.refresh()
    with clock.virtual(DAY_ONE + timedelta(days=10)):
        order("ada", 1, DAY_ONE + timedelta(days=10))
        segments.refresh()
    model = library.get_model("lifecycle").model
    with clock.virtual(DAY_ONE + timedelta(days=12)):
        assert history.count_stages(model)["First-time Customers"] == 1
        assert history.count_stages(model, day(2))["Engaged Visitors"] == 1
        flow = history.compute_flow(model, day(2), day(12))
        assert flow == [FlowRow("Engaged Visitors", "First-time Customers", 1)]
        assert history.count_moves(model, flow) == Moves(1, 0, 0)
        rows = {row.stage: row for row in history.compute_time_in_stage(model)}
    assert rows["Engaged Visitors"].median_days == Decimal("10.0")
    assert rows["First-time Customers"].there_days == Decimal("2.0")
