"""Figures of campaigns as the pages show them."""

from dataclasses import dataclass
from typing import Any

from tenure.base.errors import TenureError
from tenure.base.money import format_amount
from tenure.campaigns.api import CampaignReport, CampaignView, PlanPreview
from tenure.campaigns.mail_preview import show_subject
from tenure.channels import api as channels
from tenure.experiments import api as experiments

TONES = {
    "sent": "good",
    "failed": "bad",
    "cancelled": "bad",
    "sending": "warn",
    "planning": "warn",
    "planned": "warn",
}


@dataclass(frozen=True)
class CampaignRow:
    """A line of the list."""

    campaign: CampaignView
    subject: str
    tone: str
    sent_count: int
    waiting_count: int


@dataclass(frozen=True)
class IntervalRow:
    """An estimate with what it needs to be drawn; `low` None where there is no interval."""

    name: str
    label: str
    value_text: str
    text: str
    low: float | None
    middle: float | None
    high: float | None
    start: float
    end: float
    people: int | None = None
    buyers: int | None = None
    revenue_each: float | None = None

    @property
    def term(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class ReportFigures:
    """The report's bars and intervals."""

    funnel: list[dict[str, Any]]
    conversions: list[IntervalRow]
    difference: IntervalRow | None
    state_tone: str
    machines: str
    errors: list[tuple[str, str, str, int]]


def show_row(campaign: CampaignView) -> CampaignRow:
    counts = channels.count_states(campaign.id)
    return CampaignRow(
        campaign=campaign,
        subject=show_subject(campaign.name, campaign.definition.subject),
        tone=TONES.get(campaign.state, ""),
        sent_count=counts["sent"],
        waiting_count=counts["planned"] + counts["claimed"],
    )


def show_figures(report: CampaignReport) -> ReportFigures:
    """Place everything on axes that the rows share."""
    return ReportFigures(
        funnel=_show_funnel(report),
        conversions=_show_conversions(report),
        difference=_show_difference(report),
        state_tone=TONES.get(report.state, ""),
        machines=_say_machines(report.machine_open_count, report.machine_click_count),
        errors=channels.count_errors(report.id, 5),
    )


def propose_percent(plan: PlanPreview, share: float) -> str:
    """The control group that the plan proposes instead of `share`, in percent; empty when it is the same."""
    proposed = plan.proposal.control_share
    return say_percent(proposed) if proposed != share else ""


def parse_percent(text: str) -> float:
    """A share 0 to 0.5 from "10". Errors: `bad_value`."""
    try:
        value = float(text.replace(",", ".").removesuffix("%")) / 100
    except ValueError:
        value = -1.0
    if not 0 <= value <= experiments.LARGEST_CONTROL_SHARE:
        raise TenureError(
            "bad_value", "The control group is a number from 0 to 50 percent.", "control_percent"
        )
    return round(value, 4)


def say_percent(share: float) -> str:
    """0.31 to "31", 0.125 to "12.5"."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".")


def parse_days(text: str) -> int:
    """Whole days, 1 to 90. Errors: `bad_value`."""
    if not text.isdecimal() or not 1 <= int(text[:4]) <= 90:
        raise TenureError("bad_value", "Measure for 1 to 90 days.", "measure_days")
    return int(text)


def _say_machines(opens: int, clicks: int) -> str:
    """What is left out of opened and clicked; empty when nothing is."""
    parts = [
        f"{times:,} {name if times == 1 else name + 's'}"
        for times, name in ((opens, "open"), (clicks, "click"))
        if times
    ]
    return f"Left out: {' and '.join(parts)} by machines (mail scanners and the like)." if parts else ""


def _show_funnel(report: CampaignReport) -> list[dict[str, Any]]:
    steps = (
        ("Sent", report.sent_count),
        ("Opened", report.opened_count),
        ("Clicked", report.clicked_count),
        ("Bought", report.treatment.buyers_count),
    )
    base = report.sent_count
    return [
        {
            "name": name,
            "value": people,
            "text": f"{people:,}",
            "share_text": f"{100 * people / base:.0f}%" if base else "–",
            "slot": 2,
        }
        for name, people in steps
    ]


def _show_conversions(report: CampaignReport) -> list[IntervalRow]:
    arms = [("Treatment group", report.treatment), ("Control group", report.control)]
    found = [(name, arm, experiments.compute_share(arm.conversion)) for name, arm in arms]
    end = max([share.high or 0.0 for _, _, share in found] + [0.01]) * 1.1
    rows = []
    for name, arm, share in found:
        value, text = "–", "not enough data"
        if share.value is not None and share.low is not None and share.high is not None:
            value = f"{100 * share.value:.1f}%"
            text = f"{100 * share.low:.1f}% to {100 * share.high:.1f}%"
        rows.append(
            IntervalRow(
                name=name,
                label=f"{name}: {value} bought, {text}",
                value_text=value,
                text=text,
                low=share.low,
                middle=share.value,
                high=share.high,
                start=0.0,
                end=end,
                people=arm.people_count,
                buyers=arm.buyers_count,
                revenue_each=arm.revenue.mean,
            )
        )
    return rows


def _show_difference(report: CampaignReport) -> IntervalRow | None:
    is_revenue = report.lift.statement.about == "revenue"
    found = report.lift.revenue if is_revenue else report.lift.conversion
    if found.value is None or found.low is None or found.high is None:
        return None

    def say(value: float) -> str:
        return format_amount(value, report.currency) if is_revenue else f"{100 * value:.1f} of 100"

    reach = max(abs(found.low), abs(found.high)) * 1.15
    name = "Revenue per customer" if is_revenue else "Buyers"
    return IntervalRow(
        name=name,
        label=f"{name}: {say(found.value)} more than the control group, {say(found.low)} to {say(found.high)}",
        value_text=say(found.value),
        text=f"{say(found.low)} to {say(found.high)}",
        low=found.low,
        middle=found.value,
        high=found.high,
        start=-reach,
        end=reach,
    )
