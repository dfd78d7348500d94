"""A preset: how customers are scored and which segment and phase they are in, as data."""

import hashlib
import re
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tenure.base.errors import TenureError
from tenure.base.yaml_file import BadYamlError, parse_yaml
from tenure.segments.rfm.rules import Rule, parse_rule
from tenure.segments.rfm.scoring import AnyMethod, Method

DEFAULT_PRESET = "lifecycle"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(_Part):
    """A part of the customer's life, with its goal. `colour_slot` 1 to 7 names a colour of the style sheet."""

    name: str = Field(min_length=1, max_length=60)
    goal: str = ""
    colour_slot: int = Field(1, ge=1, le=7)


class Segment(_Part):
    """A kind of customer. Without a rule it is reached only as the preset's `otherwise`."""

    name: str = Field(min_length=1, max_length=60)
    phase: str
    rule: dict[str, Any] | None = None
    who: str = ""
    goal: str = ""
    strategies: tuple[str, ...] = ()

    @field_validator("rule")
    @classmethod
    def _rule_can_be_read(cls, rule: dict[str, Any] | None) -> dict[str, Any] | None:
        if rule is not None:
            try:
                parse_rule(rule)
            except TenureError as error:
                raise ValueError(error.message) from error
        return rule

    @cached_property
    def parsed_rule(self) -> Rule | None:
        return None if self.rule is None else parse_rule(self.rule)


class Scoring(_Part):
    """How each dimension becomes a score from 1 to 5."""

    r: AnyMethod
    f: AnyMethod
    m: AnyMethod

    @model_validator(mode="after")
    def _methods_fit(self) -> Self:
        for dimension in ("f", "m"):
            if self.method_of(dimension).method == "rhythm":
                raise ValueError("rhythm measures recency: use it for r")
        for dimension in ("r", "m"):
            if self.method_of(dimension).method == "repeat-share":
                raise ValueError("repeat-share measures frequency: use it for f")
        return self

    def method_of(self, dimension: str) -> Method:
        method: Method = getattr(self, dimension)
        return method


class Preset(_Part):
    """Scoring, phases and segments. The first segment whose rule holds takes the customer.

    `orders`: `paid` counts orders with a positive amount that are not refunded in full, `any_amount` those of
    nothing too. `refunds`: `ignore` leaves refunds and credit notes out altogether. `otherwise` names the
    segment of customers whom no rule takes; without it they are not listed.
    """

    name: str = Field(max_length=60)
    title: str = ""
    description: str = ""
    orders: Literal["paid", "any_amount"] = "paid"
    refunds: Literal["count", "ignore"] = "count"
    scoring: Scoring
    phases: tuple[Phase, ...] = Field(min_length=1)
    segments: tuple[Segment, ...] = Field(min_length=1)
    otherwise: str | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if not _NAME.fullmatch(self.name):
            raise ValueError("name: use small letters, figures and hyphens, as in my-segments")
        phases = [phase.name for phase in self.phases]
        segments = [segment.name for segment in self.segments]
        for kind, names in (("phase", phases), ("segment", segments)):
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"two {kind}s are called {min(twice)!r}")
        if self.otherwise is not None and self.otherwise not in segments:
            raise ValueError(f"otherwise: there is no segment {self.otherwise!r}")
        for segment in self.segments:
            if segment.phase not in phases:
                raise ValueError(f"segment {segment.name!r}: there is no phase {segment.phase!r}")
            if segment.rule is None and segment.name != self.otherwise:
                raise ValueError(f"segment {segment.name!r} has no rule and is not the `otherwise`")
        return self

    @cached_property
    def counting(self) -> str:
        """A fingerprint of everything that cut-points depend on: what counts and how it is scored."""
        text = "|".join((self.orders, self.refunds, self.scoring.model_dump_json()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def get_segment(self, name: str) -> Segment:
        for segment in self.segments:
            if segment.name == name:
                return segment
        known = ", ".join(segment.name for segment in self.segments)
        raise TenureError(
            "unknown_segment", f"{self.name} has no segment {name!r}; it has {known}.", "segment"
        )

    def get_phase(self, name: str) -> Phase:
        for phase in self.phases:
            if phase.name == name:
                return phase
        known = ", ".join(phase.name for phase in self.phases)
        raise TenureError("unknown_phase", f"{self.name} has no phase {name!r}; it has {known}.", "phase")


def parse_preset(text: str) -> Preset:
    """Read a preset from YAML (or JSON) text. Errors name the place."""
    try:
        definition = parse_yaml(text)
    except BadYamlError as error:
        raise TenureError("bad_preset", f"The preset is not YAML: {error}.", field="preset") from error
    if not isinstance(definition, dict):
        raise TenureError(
            "bad_preset", "A preset is a YAML mapping with name, scoring, phases, segments.", "preset"
        )
    try:
        return Preset.model_validate(definition)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])[:100] or "preset"
        raise TenureError(
            "bad_preset", f"The preset is not right at {place}: {first['msg'][:250]}", place
        ) from error
