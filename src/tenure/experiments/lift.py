"""What a campaign earned over its control group, as numbers and as a sentence to repeat."""

from dataclasses import dataclass
from enum import StrEnum

from tenure.base.money import format_amount
from tenure.stats.lift import (
    Counts,
    Estimate,
    Sums,
    compute_mean_difference,
    compute_share_difference,
)
from tenure.stats.srm import RatioCheck, compute_ratio_check

NEEDED_BUYERS = 100
NEEDED_PEOPLE = 30
NEEDED_CONVERSIONS = 5


class LiftReason(StrEnum):
    """Why there is no statement on revenue, or none at all."""

    NO_CONTROL_GROUP = "no_control_group"
    TOO_FEW_PEOPLE = "too_few_people"
    TOO_FEW_BUYERS = "too_few_buyers"
    TOO_FEW_CONVERSIONS = "too_few_conversions"


@dataclass(frozen=True)
class ArmResult:
    """One arm as assigned, whether reached or not: revenue sums over everybody, and how many bought."""

    revenue: Sums
    buyers_count: int

    @property
    def people_count(self) -> int:
        return self.revenue.count

    @property
    def conversion(self) -> Counts:
        return Counts(self.people_count, self.buyers_count)


@dataclass(frozen=True)
class Statement:
    """One sentence. `about` says what it rests on: revenue, conversion or nothing."""

    about: str
    text: str


@dataclass(frozen=True)
class Lift:
    """Treatment against control. Estimates are None with a reason where the data cannot answer."""

    revenue: Estimate
    conversion: Estimate
    ratio: RatioCheck
    statement: Statement


def compute_lift(treatment: ArmResult, control: ArmResult, control_share: float, currency: str) -> Lift:
    """Compare two arms; `control_share` is what the assignment was meant to hold out."""
    ratio = RatioCheck(None, None)
    if 0 < control_share < 1:
        ratio = compute_ratio_check(
            (treatment.people_count, control.people_count), (1 - control_share, control_share)
        )
    reason = _find_reason_against_any(treatment, control)
    if reason:
        nothing = Estimate(None, reason=reason)
        return Lift(
            nothing, nothing, ratio, compute_report_statement(nothing, nothing, treatment, control, currency)
        )
    conversion = compute_share_difference(treatment.conversion, control.conversion)
    if min(treatment.buyers_count, control.buyers_count) < NEEDED_BUYERS:
        revenue = Estimate(None, reason=LiftReason.TOO_FEW_BUYERS)
    else:
        revenue = compute_mean_difference(treatment.revenue, control.revenue)
    return Lift(
        revenue,
        conversion,
        ratio,
        compute_report_statement(revenue, conversion, treatment, control, currency),
    )


def compute_outcome(treatment: Counts, control: Counts) -> Estimate:
    """How much more often something happened in the treatment group: a difference of shares, or why there is none."""
    reason = _find_reason_against_shares(treatment, control)
    return Estimate(None, reason=reason) if reason else compute_share_difference(treatment, control)


def compute_report_statement(
    revenue: Estimate, conversion: Estimate, treatment: ArmResult, control: ArmResult, currency: str
) -> Statement:
    """The sentence a marketer can repeat: on revenue, else on conversion, else why there is none."""
    if revenue.value is not None:
        return Statement("revenue", _say_revenue(revenue, currency))
    if conversion.value is not None:
        text = (
            f"{_say_conversion(conversion)} For a statement on revenue each group needs {NEEDED_BUYERS} buyers, "
            f"and one has {min(treatment.buyers_count, control.buyers_count)}."
        )
        return Statement("conversion", text)
    return Statement("nothing", _say_why_nothing(conversion.reason, treatment, control))


def _say_revenue(found: Estimate, currency: str) -> str:
    value, low, high = found.value or 0.0, found.low or 0.0, found.high or 0.0

    def say(amount: float) -> str:
        return format_amount(abs(amount), currency)

    if low > 0:
        return f"This campaign earned {say(value)} more per customer, between {say(low)} and {say(high)}."
    if high < 0:
        return f"This campaign earned {say(value)} less per customer, between {say(high)} and {say(low)}."
    return (
        f"No difference in revenue can be shown: between {say(low)} less and {say(high)} more per customer "
        "than without this campaign."
    )


def _say_conversion(found: Estimate) -> str:
    value, low, high = (100 * (part or 0.0) for part in (found.value, found.low, found.high))
    if low > 0:
        return f"{value:.1f} more of 100 customers bought, between {low:.1f} and {high:.1f}."
    if high < 0:
        return f"{-value:.1f} fewer of 100 customers bought, between {-high:.1f} and {-low:.1f}."
    return (
        f"No difference in buyers can be shown: between {-low:.1f} fewer and {high:.1f} more of 100 customers "
        "than without this campaign."
    )


def _say_why_nothing(reason: str | None, treatment: ArmResult, control: ArmResult) -> str:
    if reason == LiftReason.NO_CONTROL_GROUP:
        return "Nobody was held out, so nobody can say what this campaign earned."
    if reason == LiftReason.TOO_FEW_PEOPLE:
        fewer = min(treatment.people_count, control.people_count)
        return f"Not enough data: the smaller group has {fewer} people, and {NEEDED_PEOPLE} are needed."
    bought = treatment.buyers_count + control.buyers_count
    return (
        f"Not enough data: {bought} of {treatment.people_count + control.people_count} people bought so far, "
        f"and at least {NEEDED_CONVERSIONS} are to be expected in each group. Look again later."
    )


def _find_reason_against_any(treatment: ArmResult, control: ArmResult) -> LiftReason | None:
    return _find_reason_against_shares(treatment.conversion, control.conversion)


def _find_reason_against_shares(treatment: Counts, control: Counts) -> LiftReason | None:
    fewer, people = min(treatment.count, control.count), treatment.count + control.count
    if control.count == 0 and treatment.count:
        return LiftReason.NO_CONTROL_GROUP
    if fewer < NEEDED_PEOPLE:
        return LiftReason.TOO_FEW_PEOPLE
    happened = treatment.successes + control.successes
    if fewer * min(happened, people - happened) / people < NEEDED_CONVERSIONS:
        return LiftReason.TOO_FEW_CONVERSIONS
    return None
