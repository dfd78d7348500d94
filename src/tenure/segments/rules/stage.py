"""`stage`: which stage of a model she is in, and since when."""

from typing import Any, ClassVar, Literal

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field

from tenure.segments.compiling.needs import Column, Fact, Facts, Need
from tenure.segments.compiling.windows import Window
from tenure.segments.rules.base import DAY_SECONDS, MOST_DAYS, Rule, Surroundings
from tenure.segments.rules.form import Input


class StageRule(Rule):
    """In one of `stages` of `model` now; with `entered_in_days`, since at most so many days. The model `lifecycle`
    has the eleven RFM segments as its stages."""

    title: ClassVar[str] = "Lifecycle stage"
    group: ClassVar[str] = "Lifecycle"
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "stage", "stages": ["Champions", "Loyal Customers"]},
        {"kind": "stage", "stages": ["At Risk Customers"], "entered_in_days": 7},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input("model", "Model", "select", default="lifecycle", suggest="model", shapes=True),
        Input("stages", "Stage", "stages", is_required=True),
        Input(
            "entered_in_days", "Entered in the last", "number", unit="days", hint="Empty: however long ago."
        ),
    )

    kind: Literal["stage"] = "stage"
    model: str = Field("lifecycle", min_length=1, max_length=60)
    stages: tuple[str, ...] = Field(min_length=1, max_length=50)
    entered_in_days: int | None = Field(None, ge=1, le=MOST_DAYS)

    def describe(self) -> str:
        of = "" if self.model == "lifecycle" else f" of {self.model}"
        stages = " or ".join(self.stages)
        if self.entered_in_days is None:
            return f"is in the stage {stages}{of}"
        days = "day" if self.entered_in_days == 1 else f"{self.entered_in_days:,} days"
        return f"entered the stage {stages}{of} in the last {days} and is still there"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return (("model", self.model), *((f"stage of {self.model}", stage) for stage in self.stages))

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (self._stage,) if self.entered_in_days is None else (self._stage, self._since)

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        is_there: BooleanValue = facts.get(self._stage).isin(sorted(self.stages)).fill_null(False)
        if self._window is None:
            return is_there
        entered = self._window.build(facts.get_moment(self._since))
        assert entered is not None
        return is_there & entered.fill_null(False)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue | None:
        return None if self._window is None else self._window.build_leaving(facts.get_moment(self._since))

    @property
    def _window(self) -> Window | None:
        return None if self.entered_in_days is None else Window(seconds=self.entered_in_days * DAY_SECONDS)

    @property
    def _stage(self) -> Fact:
        return Fact("profile", Column(f"stage:{self.model}", "text"))

    @property
    def _since(self) -> Fact:
        return Fact("profile", Column(f"since:{self.model}", "moment"))
