"""`engagement`: what came of campaigns."""

from typing import Any, ClassVar, Literal, Self

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field, model_validator

from tenure.segments.compiling.needs import Column, Facts, Need, Test
from tenure.segments.compiling.sources import DecisionSource, EventSource, SequenceSource, Step
from tenure.segments.rules.base import DAY_SECONDS, Rule, Span, Surroundings
from tenure.segments.rules.comparing import Bound, Comparison
from tenure.segments.rules.counting import Occurrences
from tenure.segments.rules.event import ONCE
from tenure.segments.rules.form import TIMES, WHEN, Input
from tenure.segments.rules.testing import PropertyTest

_EVENTS = {"sent": "Email Sent", "opened": "Email Opened", "clicked": "Email Link Clicked"}
_WORDS = {
    "sent": "was sent", "opened": "opened", "clicked": "clicked in", "bought": "bought after", "held_out": "was held out of", "skipped": "was skipped in",
}  # fmt: skip


class EngagementRule(Rule):
    """One campaign by name, or any. Opens and clicks of machines do not count. `skipped` may name the reason; `bought` is
    an order within `days` after a mail was sent: what came after, not what came of it."""

    title: ClassVar[str] = "Campaign engagement"
    group: ClassVar[str] = "Campaigns"
    note: ClassVar[str] = "“Exactly 0 times” includes customers who were never sent anything."
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "engagement", "what": "opened", "campaign": "Spring sale"},
        {"kind": "engagement", "what": "clicked", "times": {"exactly": 0}, "window": {"days": 90}},
        {"kind": "engagement", "what": "bought", "campaign": "Spring sale", "days": 7},
        {"kind": "engagement", "what": "held_out"},
        {"kind": "engagement", "what": "skipped", "reason": "no_address"},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input(
            "what",
            "What came of it",
            "select",
            options=(
                ("sent", "was sent"),
                ("opened", "opened"),
                ("clicked", "clicked"),
                ("bought", "bought after it"),
                ("held_out", "was held out"),
                ("skipped", "was skipped"),
            ),
            default="opened",
            shapes=True,
        ),
        Input("campaign", "Campaign", suggest="campaign", hint="Empty: any."),
        Input(
            "reason", "Because of", suggest="reason", when=("what", ("skipped",)), hint="Empty: any reason."
        ),
        Input("days", "Within", "number", default="14", unit="days", when=("what", ("bought",))),
        TIMES,
        WHEN,
    )

    kind: Literal["engagement"] = "engagement"
    what: Literal["sent", "opened", "clicked", "bought", "held_out", "skipped"]
    campaign: str | None = Field(None, min_length=1, max_length=200)
    reason: str | None = Field(None, min_length=1, max_length=60)
    days: int = Field(14, ge=1, le=90)
    times: Bound = ONCE
    window: Span = Span()

    @model_validator(mode="after")
    def _reason_fits(self) -> Self:
        if self.reason is not None and self.what != "skipped":
            raise ValueError("reason: only `skipped` has a reason")
        return self

    def describe(self) -> str:
        campaign = f"the campaign {self.campaign}" if self.campaign else "a campaign"
        why = f" because of {self.reason}" if self.reason else ""
        times = "" if self.times == ONCE else f" {self.times.describe()} times"
        return f"{_WORDS[self.what]} {campaign}{why}{times} {self.window.describe()}".strip()

    def list_names(self) -> tuple[tuple[str, str], ...]:
        return (("campaign", self.campaign),) if self.campaign else ()

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return self._occurrences(around).list_needs()

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return self._occurrences(around).build(facts)

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        return self._occurrences(around).build_next_change(facts)

    def _occurrences(self, around: Surroundings) -> Occurrences:
        window = self.window.as_window(around.zone)
        of_campaign = self._list_campaign_tests(around)
        if self.what == "bought":
            sent = Step("Email Sent", tuple(of_campaign))
            source = SequenceSource(sent, Step("Order Completed"), self.days * DAY_SECONDS)
            return Occurrences(source, (), window, self.times)
        tests = (*of_campaign, *self._list_own_tests())
        if self.what in _EVENTS:
            return Occurrences(EventSource(_EVENTS[self.what]), tests, window, self.times)
        return Occurrences(DecisionSource(), tests, window, self.times)

    def _list_campaign_tests(self, around: Surroundings) -> list[Test]:
        if self.campaign is None:
            return []
        campaign_id = around.find_campaign_id(self.campaign)
        is_it = Comparison(type="number", operator="equals", value=-1 if campaign_id is None else campaign_id)
        return [PropertyTest(Column("campaign_id", "number"), is_it)]

    def _list_own_tests(self) -> list[Test]:
        if self.what in ("opened", "clicked"):
            return [PropertyTest(Column("is_bot"), Comparison(operator="not_equals", value="true"))]
        if self.what not in ("held_out", "skipped"):
            return []
        tests: list[Test] = [PropertyTest(Column("outcome"), Comparison(operator="equals", value=self.what))]
        if self.reason is not None:
            tests.append(PropertyTest(Column("reason"), Comparison(operator="equals", value=self.reason)))
        return tests
