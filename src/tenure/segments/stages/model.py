"""A lifecycle stage model as data: stages whose rules are tried in order, each with its goal and its KPIs."""

from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tenure.base.errors import TenureError
from tenure.base.yaml_file import BadYamlError, parse_yaml
from tenure.segments.definitions.definition import NAME
from tenure.segments.definitions.unreadable import read_stored_rules
from tenure.segments.rules.base import Node, describe_node
from tenure.segments.rules.parsing import parse_rules

MOST_STAGES = 30
BUILT_IN = "lifecycle"
"""The model of the RFM segments, which another part of Tenure computes."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KpiSetting(_Part):
    """A KPI of a stage: `target` and `benchmark` in the KPI's own unit (shares from 0 to 1), and what it counts.

    `events` are the events that count (each KPI says for what), `base_events` those of whom a share is taken,
    `within_days` how soon; `monthly_cost` what marketing and sales cost a month.
    """

    id: str = Field(min_length=1, max_length=60)
    target: Decimal | None = Field(None, max_digits=18, decimal_places=4)
    benchmark: Decimal | None = Field(None, max_digits=18, decimal_places=4)
    benchmark_source: str = Field("", max_length=300)
    events: tuple[str, ...] = Field((), max_length=20)
    base_events: tuple[str, ...] = Field((), max_length=20)
    within_days: int | None = Field(None, ge=1, le=730)
    monthly_cost: Decimal | None = Field(None, gt=0, max_digits=14, decimal_places=2)

    @field_validator("id")
    @classmethod
    def _is_known(cls, value: str) -> str:
        from tenure.segments.stages.kpis import BY_ID

        if value not in BY_ID:
            raise ValueError(f"there is no KPI {value[:60]!r}; there are {', '.join(BY_ID)}")
        return value

    @model_validator(mode="after")
    def _source_is_named(self) -> Self:
        if self.benchmark is not None and not self.benchmark_source:
            raise ValueError("benchmark_source: say where the benchmark is from")
        return self


class Stage(_Part):
    """A part of a customer's life. Without a rule it takes only whom no other stage takes.

    `rank` is its place in that life, 1 first: a change to a higher one is a move up. Stages of one phase share it.
    """

    name: str = Field(min_length=1, max_length=60)
    rule: dict[str, Any] | None = None
    objective: str = Field("", max_length=500)
    colour_slot: int = Field(1, ge=1, le=7)
    rank: int | None = Field(None, ge=1, le=MOST_STAGES)
    phase: str = Field("", max_length=60)
    kpis: tuple[KpiSetting, ...] = Field((), max_length=8)
    touchpoints: tuple[str, ...] = Field((), max_length=12)
    owner: str = Field("", max_length=254)

    @field_validator("name")
    @classmethod
    def _is_trimmed(cls, name: str) -> str:
        if name != name.strip():
            raise ValueError("begins or ends with a blank")
        return name

    @cached_property
    def node(self) -> Node | None:
        """The tree of rules; None where there is none. Errors: `bad_rule`."""
        return None if self.rule is None else read_stored_rules(self.rule)

    @property
    def sentence(self) -> str:
        return "No other stage fits" if self.node is None else describe_node(self.node)

    def as_data(self) -> dict[str, Any]:
        data = self.model_dump(mode="json", exclude_defaults=True)
        return data if self.node is None else {**data, "rule": self.node.as_data()}


class StageModel(_Part):
    """Stages in the order in which their rules are tried: the first that holds takes the customer, and `otherwise`
    takes the rest, so that everybody is in exactly one. `made_by` is `rfm` for the built-in model."""

    name: str
    title: str = Field("", max_length=120)
    description: str = Field("", max_length=2_000)
    otherwise: str
    stages: tuple[Stage, ...] = Field(min_length=2, max_length=MOST_STAGES)
    made_by: Literal["rules", "rfm"] = "rules"

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("use small letters, figures and hyphens (at most 60), as in my-lifecycle")
        return name

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        names = [stage.name for stage in self.stages]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two stages are called {min(twice)!r}")
        if self.otherwise not in names:
            raise ValueError(
                f"otherwise: there is no stage {self.otherwise[:60]!r}; there are {', '.join(names)}"
            )
        for stage in self.stages:
            if self.made_by == "rules" and stage.rule is None and stage.name != self.otherwise:
                raise ValueError(f"the stage {stage.name!r} has no rule and is not the `otherwise`")
        return self

    @property
    def ranks(self) -> dict[str, int]:
        """The place of each stage in a customer's life; by their order where a stage names none."""
        return {stage.name: stage.rank or number for number, stage in enumerate(self.stages, start=1)}

    @property
    def in_life_order(self) -> tuple[Stage, ...]:
        """The stages as a customer goes through them."""
        ranks = self.ranks
        return tuple(sorted(self.stages, key=lambda stage: ranks[stage.name]))

    def get_stage(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise TenureError(
            "unknown_stage", f"{self.name} has no stage {name[:60]!r}; it has {known}.", "stage"
        )

    def as_data(self) -> dict[str, Any]:
        data = self.model_dump(mode="json", exclude_defaults=True)
        return {**data, "stages": [stage.as_data() for stage in self.stages]}


def parse_model(data: Any) -> StageModel:
    """Read a model from data. Errors: `bad_model`, `bad_rule`; each names the place."""
    if not isinstance(data, dict):
        raise TenureError(
            "bad_model", "A stage model is a mapping with name, title, otherwise and stages.", "model"
        )
    try:
        model = StageModel.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = _write_place(first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise TenureError("bad_model", f"{place}: {message}.", place) from error
    for number, stage in enumerate(model.stages):
        if stage.rule is not None:
            parse_rules(stage.rule, f"stages[{number}].rule")
    return model


def parse_model_text(text: str) -> StageModel:
    """A model from YAML (or JSON) text."""
    try:
        return parse_model(parse_yaml(text))
    except BadYamlError as error:
        raise TenureError("bad_model", f"The model is not YAML: {error}.", "model") from error


def _write_place(parts: tuple[Any, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")[:100] or "model"
