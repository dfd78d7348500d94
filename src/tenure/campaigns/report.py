"""The report of a campaign: one sentence in front, the figures it rests on behind it."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import floor, log10
from typing import Any

from tenure.base import clock
from tenure.base.money import format_amount
from tenure.base.words import count_of
from tenure.campaigns import measuring, planning
from tenure.campaigns.audience import SKIP_SENTENCES, SkipReason
from tenure.campaigns.models import Campaign
from tenure.channels import api as channels
from tenure.config.environment import read_environment
from tenure.experiments import api as experiments
from tenure.lake import api as lakes

MOVING_STATES = (Campaign.State.PLANNING, Campaign.State.PLANNED, Campaign.State.SENDING)
SENDING_SENTENCE = "Sending; the report begins when the mails are out."
NOBODY_SENTENCE = "Nobody could get it, so there is nothing to report."


@dataclass(frozen=True)
class SkippedRow:
    """How many got no mail for one reason."""

    reason: str
    sentence: str
    people_count: int


@dataclass(frozen=True)
class Total:
    """What a campaign earned over all `people_count` of its treatment group, in the report's currency, rounded."""

    people_count: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PhaseMoves:
    """How many of both arms moved up a lifecycle phase in the measuring time, and the difference."""

    treatment: experiments.Counts
    control: experiments.Counts
    difference: experiments.Estimate

    @property
    def statement(self) -> str:
        """One sentence; empty while nobody was assigned."""
        shares = self.treatment.rate, self.control.rate
        if shares[0] is None:
            return ""
        text = f"{100 * shares[0]:.1f} of 100 customers moved up a phase"
        if shares[1] is None:
            return f"{text}; nobody was held out to compare them with."
        text = f"{text}, {100 * shares[1]:.1f} without the campaign"
        found = self.difference
        if found.low is None or found.high is None:
            return f"{text}: too few to tell whether the campaign did it."
        if found.low <= 0 <= found.high:
            return f"{text}: a difference of {-100 * found.low:.1f} fewer to {100 * found.high:.1f} more, so none is shown."
        more, ends = (
            ("more", (found.low, found.high)) if found.low > 0 else ("fewer", (-found.high, -found.low))
        )
        return f"{text}: between {100 * ends[0]:.1f} and {100 * ends[1]:.1f} {more}."


@dataclass(frozen=True)
class CampaignReport:
    """Everything known of a campaign. Amounts are in `currency`; arms are as assigned."""

    id: int
    name: str
    state: str
    segment: str
    subject: str
    created_by: str
    planned_at: datetime | None
    measured_until: datetime | None
    is_measuring: bool
    is_queued: bool
    measure_days: int
    control_share: float
    currency: str
    audience_count: int
    treatment: experiments.ArmResult
    control: experiments.ArmResult
    waiting_count: int
    sent_count: int
    in_doubt_count: int
    failed_count: int
    cancelled_count: int
    opened_count: int
    clicked_count: int
    unsubscribed_count: int
    machine_open_count: int
    machine_click_count: int
    skipped: tuple[SkippedRow, ...]
    lift: experiments.Lift
    moved_up: PhaseMoves
    in_doubt: tuple[channels.DoubtfulDelivery, ...]
    problem: str = ""

    @property
    def is_sending(self) -> bool:
        """Whether mails are still on their way, so that nothing can be said yet."""
        return self.state in MOVING_STATES

    @property
    def statement(self) -> str:
        """The sentence in front: what it earned, or why nothing can be said."""
        if self.is_sending:
            return f"{SENDING_SENTENCE} {self.problem}".rstrip()
        if self.state == Campaign.State.FAILED:
            return (
                f"No mail went out: all {count_of(self.failed_count, 'mail')} failed. {self.problem}".rstrip()
            )
        if self.state == Campaign.State.DRAFT:
            return "It is a draft: nothing is sent yet."
        if not self.treatment.people_count and not self.control.people_count:
            stopped = self.state == Campaign.State.CANCELLED
            return "It was stopped before anybody was to get it." if stopped else NOBODY_SENTENCE
        return self.lift.statement.text

    @property
    def total(self) -> Total | None:
        """The difference for everybody in the treatment group; None while no revenue can be compared."""
        if self.is_sending or self.state == Campaign.State.FAILED:
            return None
        return compute_total(self.lift.revenue, self.treatment.people_count)

    @property
    def total_statement(self) -> str:
        """The total as a sentence; empty where there is none."""
        return _say_total(self.total, self.currency) if self.total else ""

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values; what cannot be computed is null, with its reason beside it."""
        lift = self.lift
        return {
            "name": self.name,
            "state": self.state,
            "segment": self.segment,
            "subject": self.subject,
            "planned_at": self.planned_at.isoformat() if self.planned_at else None,
            "measured_until": self.measured_until.isoformat() if self.measured_until else None,
            "measure_days": self.measure_days,
            "control_share": self.control_share,
            "currency": self.currency,
            "audience": self.audience_count,
            "assigned": {"treatment": self.treatment.people_count, "control": self.control.people_count},
            "skipped": {row.reason: row.people_count for row in self.skipped},
            "waiting": self.waiting_count,
            "sent": self.sent_count,
            "in_doubt": self.in_doubt_count,
            "failed": self.failed_count,
            "cancelled": self.cancelled_count,
            "opened": self.opened_count,
            "clicked": self.clicked_count,
            "unsubscribed": self.unsubscribed_count,
            "left_out": {
                "machine_opens": self.machine_open_count,
                "machine_clicks": self.machine_click_count,
            },
            "bought": {"treatment": self.treatment.buyers_count, "control": self.control.buyers_count},
            "revenue": {"treatment": self.treatment.revenue.total, "control": self.control.revenue.total},
            "revenue_per_customer": {
                "treatment": self.treatment.revenue.mean,
                "control": self.control.revenue.mean,
            },
            "difference": _estimate(lift.revenue),
            "total_difference": asdict(self.total) if self.total else None,
            "conversion": {
                "treatment": self.treatment.conversion.rate,
                "control": self.control.conversion.rate,
                "difference": lift.conversion.value,
                "low": lift.conversion.low,
                "high": lift.conversion.high,
                "p_value": lift.conversion.p_value,
                "reason": lift.conversion.reason,
            },
            "moved_up": {
                "treatment": self.moved_up.treatment.successes,
                "control": self.moved_up.control.successes,
                "difference": _estimate(self.moved_up.difference),
                "statement": self.moved_up.statement,
            },
            "sample_ratio": {"p_value": lift.ratio.p_value, "is_alarming": lift.ratio.is_alarming},
            "problem": self.problem or None,
            "statement_about": lift.statement.about,
            "statement": self.statement,
        }


def build_report(campaign: Campaign) -> CampaignReport:
    """Measure a campaign as of now."""
    planning.settle(campaign.pk)
    campaign.refresh_from_db()
    with lakes.current().heavy():
        outcomes = measuring.measure_outcomes(campaign.pk)
        arms = measuring.measure_arms(campaign.pk, campaign.measure_days)
        since = campaign.planned_at or campaign.created_at
        responses = measuring.measure_responses(campaign.pk, since)
        moves = measuring.measure_moves(campaign.pk, campaign.measure_days)
    states = channels.count_states(campaign.pk)
    currency = read_environment().currency
    until = campaign.planned_at + timedelta(days=campaign.measure_days) if campaign.planned_at else None
    return CampaignReport(
        id=campaign.pk,
        name=campaign.name,
        state=campaign.state,
        segment=campaign.definition["segment"],
        subject=campaign.definition["subject"],
        created_by=campaign.created_by,
        planned_at=campaign.planned_at,
        measured_until=until,
        is_measuring=until is not None and clock.now() < until,
        is_queued=campaign.queued_at is not None,
        measure_days=campaign.measure_days,
        control_share=campaign.control_share,
        currency=currency,
        audience_count=sum(outcomes.values()),
        treatment=arms.treatment,
        control=arms.control,
        waiting_count=states["planned"] + states["claimed"],
        sent_count=states["sent"],
        in_doubt_count=states["in_doubt"],
        failed_count=states["failed"],
        cancelled_count=states["cancelled"],
        opened_count=responses.opened,
        clicked_count=responses.clicked,
        unsubscribed_count=responses.unsubscribed,
        machine_open_count=responses.machine_opens,
        machine_click_count=responses.machine_clicks,
        skipped=_list_skipped(outcomes),
        lift=experiments.compute_lift(arms.treatment, arms.control, campaign.control_share, currency),
        moved_up=PhaseMoves(
            moves["treatment"],
            moves["control"],
            experiments.compute_outcome(moves["treatment"], moves["control"]),
        ),
        in_doubt=tuple(channels.list_in_doubt(campaign.pk, 100)),
        problem=_find_problem(campaign, states["planned"] + states["claimed"]),
    )


def _find_problem(campaign: Campaign, waiting_count: int) -> str:
    """Why mails wait, or why all of them failed; empty when all is well."""
    said = {state: text or code for state, code, text, _ in reversed(channels.count_errors(campaign.pk))}
    if campaign.state == Campaign.State.FAILED:
        return f"The reason of most: {said['failed']}" if said.get("failed") else ""
    if campaign.state not in MOVING_STATES or not waiting_count:
        return ""
    status = channels.get_sender_status()
    if status.state == "stopped":
        mails = count_of(waiting_count, "mail waits", "mails wait")
        return f"{mails}: no sender runs here. Start Tenure, or send the campaign again."
    if status.state == "waiting":
        return status.text
    return f"The mail server said: {said['planned']}" if said.get("planned") else ""


def compute_total(each: experiments.Estimate, people_count: int) -> Total | None:
    """The difference per customer times the people; value and bounds to the same two leading digits."""
    if each.value is None or each.low is None or each.high is None or not people_count:
        return None
    value, low, high = (people_count * part for part in (each.value, each.low, each.high))
    size = max(abs(value), (high - low) / 4)
    step = 10.0 ** max(floor(log10(size)) - 1, 0) if size > 0 else 1.0
    value, low, high = (step * round(part / step) for part in (value, low, high))
    return Total(people_count, value, low, high)


def _say_total(total: Total, currency: str) -> str:
    def say(amount: float) -> str:
        return format_amount(abs(amount), currency, decimals=0)

    people = f"for the {total.people_count:,} people who were in the treatment group"
    if total.low > 0:
        return (
            f"About {say(total.value)} more in all {people}, between {say(total.low)} and {say(total.high)}."
        )
    if total.high < 0:
        return (
            f"About {say(total.value)} less in all {people}, between {say(total.high)} and {say(total.low)}."
        )
    return f"In all {people}: between {say(total.low)} less and {say(total.high)} more."


def _list_skipped(outcomes: dict[str, int]) -> tuple[SkippedRow, ...]:
    rows = [
        SkippedRow(reason.value, SKIP_SENTENCES[reason], outcomes.get(f"skipped:{reason.value}", 0))
        for reason in SkipReason
    ]
    return tuple(row for row in rows if row.people_count)


def _estimate(found: experiments.Estimate) -> dict[str, Any]:
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "reason": found.reason,
    }
