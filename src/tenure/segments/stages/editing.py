"""A stage model as its editor changes it: one stage at a time, always read back from data."""

from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from django.http import QueryDict

from tenure.base.errors import TenureError
from tenure.base.words import shorten
from tenure.base.yaml_file import BadYamlError, parse_yaml
from tenure.segments.stages.kpis import BY_ID
from tenure.segments.stages.model import KpiSetting, Stage, StageModel, parse_model

COLOURS = ((1, "grey"), (2, "blue"), (3, "teal"), (4, "violet"), (5, "amber"), (6, "red"), (7, "magenta"))
_TEXTS = ("target", "benchmark", "benchmark_source", "events", "base_events", "within_days", "monthly_cost")
_EMPTY_ROWS = 2
_MOST_ROWS = 10


def move_stage(model: StageModel, name: str, direction: str) -> StageModel:
    """The model with a stage's rule tried one place earlier (`up`) or later."""
    data = model.as_data()
    stages = data["stages"]
    place = next((number for number, stage in enumerate(stages) if stage["name"] == name), None)
    if place is None:
        model.get_stage(name)
        return model
    other = place + (-1 if direction == "up" else 1)
    if 0 <= other < len(stages):
        ranks = model.ranks
        for stage in stages:
            stage["rank"] = ranks[stage["name"]]
        stages[place], stages[other] = stages[other], stages[place]
    return parse_model(data)


def remove_stage(model: StageModel, name: str) -> StageModel:
    """Errors: it is the one that takes the rest, or one of the last two."""
    model.get_stage(name)
    if name == model.otherwise:
        raise TenureError(
            "otherwise", f"{name} takes the rest: name another stage under Otherwise first.", "stage"
        )
    data = model.as_data()
    return parse_model({**data, "stages": [stage for stage in data["stages"] if stage["name"] != name]})


def put_stage(model: StageModel, number: int | None, stage: dict[str, Any]) -> StageModel:
    """The model with the stage at a place (from 1) replaced, or, with None, with a new one tried first."""
    data = model.as_data()
    if number is None:
        data["stages"].insert(0, stage)
    else:
        before = data["stages"][number - 1]["name"]
        data["stages"][number - 1] = stage
        if data["otherwise"] == before:
            data["otherwise"] = stage["name"]
    return parse_model(data)


def read_stage(form: QueryDict, before: Stage | None, has_rules: bool) -> dict[str, Any]:
    """The data of a stage from what the form sent. Errors name the field."""
    data: dict[str, Any] = {
        "name": form.get("name", "").strip() if has_rules or before is None else before.name,
        "objective": form.get("objective", "").strip(),
        "owner": form.get("owner", "").strip(),
        "touchpoints": [line.strip() for line in form.get("touchpoints", "").splitlines() if line.strip()],
        "kpis": _read_kpis(form),
    }
    if not has_rules:
        return data
    data["phase"] = form.get("phase", "").strip()
    data["colour_slot"] = int(form.get("colour_slot", "1")) if form.get("colour_slot", "1").isdecimal() else 1
    if rank := form.get("rank", "").strip():
        data["rank"] = rank
    if rule := _read_rule(form):
        data["rule"] = rule
    return data


def _read_rule(form: QueryDict) -> Any:
    if segment := form.get("segment", ""):
        return {"kind": "segment", "name": segment}
    try:
        return parse_yaml(form.get("rule", ""))
    except BadYamlError as error:
        raise TenureError("bad_rule", f"rule: is not YAML: {error}.", "rule") from error


def _read_kpis(form: QueryDict) -> list[dict[str, Any]]:
    lists = {name: form.getlist(name) for name in _TEXTS}
    found = []
    for number, kpi in enumerate(form.getlist("kpi")[:_MOST_ROWS]):
        if not kpi:
            continue
        row = {name: values[number].strip() if number < len(values) else "" for name, values in lists.items()}
        setting: dict[str, Any] = {"id": kpi, "benchmark_source": row["benchmark_source"]}
        for name in ("target", "benchmark", "monthly_cost"):
            if row[name]:
                setting[name] = read_number(row[name], name)
        for name in ("events", "base_events"):
            setting[name] = [event.strip() for event in row[name].split(",") if event.strip()]
        if row["within_days"]:
            setting["within_days"] = row["within_days"]
        found.append(setting)
    return found


def read_number(text: str, field: str) -> Decimal:
    """`30%`, `0.3`, `1,250.50`. Errors: it is no number."""
    plain = text.replace(",", "").strip()
    try:
        number = Decimal(plain.removesuffix("%").strip())
    except InvalidOperation as error:
        raise TenureError(
            "bad_number", f"{field}: write a number such as 12.5 or 30%, not {shorten(text)}.", field
        ) from error
    if not number.is_finite():
        raise TenureError(
            "bad_number", f"{field}: write a number such as 12.5 or 30%, not {shorten(text)}.", field
        )
    return number / 100 if plain.endswith("%") else number


def show_stage(stage: Stage | None) -> dict[str, Any]:
    """A stage as the form shows it."""
    if stage is None:
        stage = Stage(name="new")
        return {**_show(stage), "name": ""}
    return _show(stage)


def _show(stage: Stage) -> dict[str, Any]:
    rule = None if stage.node is None else stage.node.as_data()
    is_segment = isinstance(rule, dict) and rule.get("kind") == "segment"
    return {
        "name": stage.name,
        "phase": stage.phase,
        "rank": stage.rank or "",
        "colour_slot": stage.colour_slot,
        "segment": rule["name"] if is_segment and rule else "",
        "rule": ""
        if rule is None or is_segment
        else yaml.safe_dump(rule, sort_keys=False, allow_unicode=True),
        "objective": stage.objective,
        "owner": stage.owner,
        "touchpoints": "\n".join(stage.touchpoints),
        "kpis": [*(_show_kpi(setting) for setting in stage.kpis), *({"id": ""} for _ in range(_EMPTY_ROWS))],
    }


def _show_kpi(setting: KpiSetting) -> dict[str, Any]:
    kpi = BY_ID[setting.id]

    def write(number: Decimal | None) -> str:
        if number is None:
            return ""
        return f"{(number * 100).normalize():f}%" if kpi.unit == "share" else f"{number.normalize():f}"

    return {
        "id": setting.id,
        "title": kpi.title,
        "target": write(setting.target),
        "benchmark": write(setting.benchmark),
        "benchmark_source": setting.benchmark_source,
        "events": ", ".join(setting.events),
        "base_events": ", ".join(setting.base_events),
        "within_days": setting.within_days or "",
        "monthly_cost": "" if setting.monthly_cost is None else f"{setting.monthly_cost:f}",
    }
