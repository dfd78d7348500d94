"""Where customers were, and for how long, in any stage model: sizes, stage as of a day, flow, time in stage.

A day is meant at its end, UTC. The built-in model's past days are scored anew, with the cut-points that held; other
models are known from the moment at which they were put to use.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import ibis

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.segments.rfm import library as rfm_presets
from tenure.segments.rfm.measures import end_of, naive_literal
from tenure.segments.rfm.queries import NOT_YET
from tenure.segments.rfm.results import build_rfm, compute_migration, compute_rfm
from tenure.segments.stages.library import list_models
from tenure.segments.stages.model import BUILT_IN, Stage, StageModel

STALE_SECONDS = 60.0
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class FlowRow:
    """How many customers were in one stage on the first day and in another on the last."""

    from_stage: str
    to_stage: str
    customers_count: int


@dataclass(frozen=True)
class Moves:
    """How many customers stood higher, lower, or in the same place at the end than at the start."""

    up_count: int
    down_count: int
    level_count: int


@dataclass(frozen=True)
class TimeRow:
    """Days that customers stayed in a stage before they left it, and have been there who are there now."""

    stage: str
    left_count: int
    low_days: Decimal | None
    median_days: Decimal | None
    high_days: Decimal | None
    there_count: int
    there_days: Decimal | None


def count_stages(model: StageModel, as_of_on: date | None = None) -> dict[str, int]:
    """Customers by stage, now or at the end of a day; every stage of the model is named, those of before too."""
    lake = lakes.current()
    if model.name == BUILT_IN and as_of_on is not None and as_of_on < clock.today():
        counts = {row.segment: row.customers_count for row in compute_rfm(as_of_on=as_of_on).segments}
    else:
        rows = build_stages(model, as_of_on)
        found = lake.read_rows(rows.group_by("stage").agg(customers_count=rows.count()))
        counts = {row["stage"]: row["customers_count"] for row in found}
    return {stage.name: counts.pop(stage.name, 0) for stage in model.stages} | counts


def build_stages(model: StageModel, as_of_on: date | None = None) -> ibis.Table:
    """customer_id and stage of everybody who is in one, now or at the end of a day."""
    customers = lakes.table("customers")
    is_now = as_of_on is None or as_of_on >= clock.today()
    if model.name == BUILT_IN:
        if is_now:
            return customers.filter(customers.segment.notnull()).select("customer_id", stage="segment")
        return build_rfm(rfm_presets.get_preset(), as_of_on).select("customer_id", stage="segment")
    if is_now:
        rows = lakes.table("stages_now")
        return (
            rows.filter(rows.model == model.name)
            .select("customer_id", "stage")
            .semi_join(customers, "customer_id")
        )
    assert as_of_on is not None
    history = lakes.table("stage_history")
    past = history.filter(
        (history.model == model.name) & (history.since_at < naive_literal(end_of(as_of_on)))
    )
    last = past.group_by("customer_id").agg(stage=past.to_stage.argmax(past.since_at))
    return last.semi_join(customers, "customer_id")


def find_known_since(model: StageModel) -> datetime | None:
    """Since when the stages of a model are known (aware); None before the first evaluation."""
    if model.name == BUILT_IN:
        events = lakes.table("order_events")
        moment: datetime | None = lakes.current().read_value(events.agg(at=events.occurred_at.min()))
        return moment
    history = lakes.table("stage_history")
    mine = history.filter(history.model == model.name)
    found: datetime | None = lakes.current().read_value(mine.agg(at=mine.since_at.min()))
    return found


def compute_flow(model: StageModel, from_on: date, to_on: date) -> list[FlowRow]:
    """Where customers went between the ends of two days, largest first; new ones come from `NOT_YET`."""
    if model.name == BUILT_IN:
        moves = compute_migration(from_on, to_on)
        return [FlowRow(move.from_segment, move.to_segment, move.customers_count) for move in moves]
    lake = lakes.current()
    before, after = build_stages(model, from_on), build_stages(model, to_on)

    def count() -> list[dict[str, object]]:
        first = before.rename(from_stage="stage")
        joined = after.left_join(first, "customer_id")
        pairs = joined.select(from_stage=joined.from_stage.fill_null(NOT_YET), to_stage=joined.stage)
        with lake.heavy():
            return lake.read_rows(pairs.group_by("from_stage", "to_stage").agg(customers_count=pairs.count()))

    rows = lake.answers.get(("stage flow", model.name, from_on, to_on, clock.today()), count, 0.0)
    flow = [
        FlowRow(str(row["from_stage"]), str(row["to_stage"]), int(str(row["customers_count"])))
        for row in rows
    ]
    return sorted(flow, key=lambda row: (-row.customers_count, row.from_stage, row.to_stage))


def count_moves(model: StageModel, flow: list[FlowRow]) -> Moves:
    """Who moved up and who moved down a phase between the days of a flow; newcomers moved nowhere."""
    ranks, counts = model.ranks, {1: 0, -1: 0, 0: 0}
    for row in flow:
        before, after = ranks.get(row.from_stage), ranks.get(row.to_stage)
        if before is not None and after is not None:
            counts[(after > before) - (after < before)] += row.customers_count
    return Moves(counts[1], counts[-1], counts[0])


def compute_moves(model: StageModel, from_on: date, to_on: date, only: ibis.Table | None = None) -> Moves:
    """The same for everybody, or as an outcome of the customers in `only` (customer_id)."""
    if only is None:
        return count_moves(model, compute_flow(model, from_on, to_on))
    before = build_stages(model, from_on).semi_join(only, "customer_id").rename(from_stage="stage")
    joined = build_stages(model, to_on).semi_join(only, "customer_id").inner_join(before, "customer_id")
    pairs = joined.select("from_stage", to_stage=joined.stage)
    rows = lakes.current().read_rows(pairs.group_by("from_stage", "to_stage").agg(n=pairs.count()))
    return count_moves(model, [FlowRow(row["from_stage"], row["to_stage"], row["n"]) for row in rows])


def compute_time_in_stage(model: StageModel) -> list[TimeRow]:
    """Median and quartiles of the days in each stage, for those who left it and for those who are there."""
    lake = lakes.current()

    def count() -> list[TimeRow]:
        spells = _build_spells(model)
        has_left = spells.has_left
        with lake.heavy():
            rows = lake.read_rows(
                spells.group_by("stage").agg(
                    left_count=has_left.sum(),
                    low=spells.days.quantile(0.25, where=has_left),
                    median=spells.days.quantile(0.5, where=has_left),
                    high=spells.days.quantile(0.75, where=has_left),
                    there_count=(~has_left).sum(),
                    there=spells.days.quantile(0.5, where=~has_left),
                )
            )
        by_stage = {row["stage"]: row for row in rows}
        return [_read_time(stage.name, by_stage.get(stage.name)) for stage in model.in_life_order]

    return lake.answers.get(("time in stage", model.name, model.as_data().__repr__()), count, STALE_SECONDS)


def _build_spells(model: StageModel) -> ibis.Table:
    """Every stay of a present customer in a stage: stage, days, has_left."""
    if model.name == BUILT_IN:
        history = lakes.table("segment_history")
        rows = history.select("customer_id", "since_at", stage="segment")
    else:
        history = lakes.table("stage_history")
        rows = history.filter(history.model == model.name).select("customer_id", "since_at", stage="to_stage")
    rows = rows.semi_join(lakes.table("customers"), "customer_id")
    until_at = rows.since_at.lead().over(group_by="customer_id", order_by="since_at")
    spells = rows.mutate(until_at=until_at)
    now = naive_literal(clock.now())
    end = spells.until_at.fill_null(now)
    seconds = end.epoch_seconds() - spells.since_at.epoch_seconds()
    return spells.select(
        "stage", days=seconds.cast("float64") / DAY_SECONDS, has_left=spells.until_at.notnull()
    )


def _read_time(stage: str, row: dict[str, object] | None) -> TimeRow:
    if row is None:
        return TimeRow(stage, 0, None, None, None, 0, None)
    return TimeRow(
        stage, int(str(row["left_count"] or 0)), _round(row["low"]), _round(row["median"]), _round(row["high"]),
        int(str(row["there_count"] or 0)), _round(row["there"]),
    )  # fmt: skip


def _round(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class CustomerStage:
    """The stage of one customer in one model, and since when (aware)."""

    model: StageModel
    stage: Stage
    since_at: datetime


def list_stages_of(customer_id: int) -> list[CustomerStage]:
    """The stages of one customer in the models in use besides the built-in one."""
    models = {saved.model.name: saved.model for saved in list_models() if not saved.is_built_in}
    if not models:
        return []
    rows = lakes.table("stages_now")
    found = lakes.current().read_rows(rows.filter(rows.customer_id == customer_id).order_by("model"))
    stages = {name: {stage.name: stage for stage in model.stages} for name, model in models.items()}
    return [
        CustomerStage(models[row["model"]], stages[row["model"]][row["stage"]], row["since_at"])
        for row in found
        if row["stage"] in stages.get(row["model"], {})
    ]


def find_stage(model: StageModel, customer_id: int, as_of_on: date) -> str | None:
    """One customer's stage at the end of a day; None where it is not known."""
    rows = build_stages(model, as_of_on)
    stage: str | None = lakes.current().read_value(
        rows.filter(rows.customer_id == customer_id).select("stage")
    )
    return stage
