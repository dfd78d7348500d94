"""What the pages of stage models show: cards with sizes and key figures, flow, time in stage."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tenure.base.money import format_amount
from tenure.customers import api as customers_api
from tenure.segments.rfm.queries import NOT_YET
from tenure.segments.stages import history
from tenure.segments.stages.kpis import BY_ID, Kpi, KpiValue, Period
from tenure.segments.stages.kpis.base import DAYS
from tenure.segments.stages.model import BUILT_IN, KpiSetting, Stage, StageModel

UNKNOWN = "–"


@dataclass(frozen=True)
class ShownKpi:
    """A key figure as a card shows it. `progress` is from 0 to 100, None without a target or a value."""

    title: str
    text: str
    reason: str
    target_text: str
    progress: str | None
    is_reached: bool
    compared_text: str
    behind_text: str
    formula: str
    source: str


def list_stage_cards(model: StageModel, as_of_on: date, today: date) -> list[dict[str, Any]]:
    """The stages as a customer goes through them, with size, share and key figures of the days up to `as_of_on`."""
    counts = history.count_stages(model, as_of_on)
    total = sum(counts.values()) or 1
    period = Period(as_of_on - timedelta(days=DAYS - 1), as_of_on)
    return [
        {
            "stage": stage,
            "count": counts[stage.name],
            "share": counts[stage.name] / total,
            "is_otherwise": stage.name == model.otherwise,
            "sentence": stage.sentence,
            "href": _link(model, stage) if as_of_on >= today else "",
            "kpis": [show_kpi(setting, period) for setting in stage.kpis],
        }
        for stage in model.in_life_order
    ]


def _link(model: StageModel, stage: Stage) -> str:
    wanted = {"segment": stage.name} if model.name == BUILT_IN else {"model": model.name, "stage": stage.name}
    return f"/customers/?{urlencode(wanted)}"


def show_kpi(setting: KpiSetting, period: Period) -> ShownKpi:
    kpi = BY_ID[setting.id]
    found = kpi.compute(period, setting)
    title = kpi.title
    if setting.events:
        title = f"{title}: {', '.join(setting.events)}"
    return ShownKpi(
        title=title,
        text=say(kpi, found.value),
        reason=found.reason,
        target_text=f"Target {say(kpi, setting.target)}" if setting.target is not None else "",
        progress=_find_progress(kpi, found.value, setting.target),
        is_reached=_is_reached(kpi, found.value, setting.target),
        compared_text=_compare(kpi, setting, period),
        behind_text=_say_behind(kpi, found),
        formula=kpi.formula,
        source=kpi.source,
    )


def say(kpi: Kpi, value: Decimal | None) -> str:
    """A figure in its unit; unknown is an en dash, never 0."""
    if value is None:
        return UNKNOWN
    match kpi.unit:
        case "share":
            return f"{value * 100:.1f}%"
        case "amount":
            return format_amount(value, customers_api.find_shop_currency())
        case "days" | "minutes":
            return f"{value:,.1f} {kpi.unit}"
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"


def _is_reached(kpi: Kpi, value: Decimal | None, target: Decimal | None) -> bool:
    if value is None or target is None:
        return False
    return value <= target if kpi.is_lower_better else value >= target


def _find_progress(kpi: Kpi, value: Decimal | None, target: Decimal | None) -> str | None:
    """How far towards the target, in percent; where less is better, the target's share of the value."""
    if value is None or target is None:
        return None
    if _is_reached(kpi, value, target):
        return "100.0"
    top, bottom = (target, value) if kpi.is_lower_better else (value, target)
    return f"{max(Decimal(0), min(Decimal(100), 100 * top / bottom)):.1f}" if bottom > 0 else "0.0"


def _compare(kpi: Kpi, setting: KpiSetting, period: Period) -> str:
    """Against the benchmark that was entered, or else against the days before."""
    if setting.benchmark is not None:
        return f"Benchmark {say(kpi, setting.benchmark)} ({setting.benchmark_source})"
    before = kpi.compute(period.before, setting)
    return f"{say(kpi, before.value)} in the {period.days} days before" if before.value is not None else ""


def _say_behind(kpi: Kpi, found: KpiValue) -> str:
    if found.value is None:
        return ""
    if kpi.parts[0] and found.numerator is not None and found.denominator is not None:
        return f"{_short(found.numerator)} {kpi.parts[0]}, {_short(found.denominator)} {kpi.parts[1]}"
    return f"n = {found.n:,}"


def _short(number: Decimal) -> str:
    return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"


def draw_flow(model: StageModel, from_on: date, to_on: date) -> dict[str, Any] | None:
    """Nodes and links of the chart, the same as a matrix, and who moved up and down; None before anything is known."""
    rows = history.compute_flow(model, from_on, to_on)
    if not rows:
        return None
    stages = list(reversed(model.in_life_order))
    names = [stage.name for stage in stages]
    slots = {stage.name: stage.colour_slot for stage in stages}
    sources = [*names, *sorted({row.from_stage for row in rows} - set(names))]
    targets = [*names, *sorted({row.to_stage for row in rows} - set(names))]
    nodes = [{"name": name, "slot": slots.get(name, 1)} for name in dict.fromkeys([*sources, *targets])]
    links = [{"source": row.from_stage, "target": row.to_stage, "value": row.customers_count} for row in rows]
    counts = {(row.from_stage, row.to_stage): row.customers_count for row in rows}
    return {
        "nodes": nodes,
        "links": links,
        "columns": targets,
        "rows": [
            _draw_row(source, targets, counts)
            for source in sources
            if any(row.from_stage == source for row in rows)
        ],
        "moves": history.count_moves(model, rows),
        "new_count": sum(row.customers_count for row in rows if row.from_stage == NOT_YET),
    }


def _draw_row(source: str, targets: list[str], counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    """Staying is not heated, so that movement shows."""
    cells = []
    for target in targets:
        number = counts.get((source, target), 0)
        cell: dict[str, Any] = {"value": number, "title": f"{source} to {target}: {number:,}"}
        if source == target:
            cell |= {"value": 0, "text": f"{number:,}" if number else UNKNOWN, "heat": 0}
        cells.append(cell)
    return {"name": source, "cells": cells}
