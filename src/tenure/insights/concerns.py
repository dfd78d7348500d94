"""What wants a decision: customers who slip away first, then whatever the machinery could not do by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenure.base import clock
from tenure.base.errors import UnavailableError
from tenure.base.models import Job
from tenure.campaigns import api as campaigns
from tenure.channels import api as channels
from tenure.events import api as events
from tenure.segments import api as segments

SILENT_DAYS = 3
JOB_DAYS = 7
JOBS = {
    "events.import": ("import", "imports", "/import/"),
    "campaigns.send": ("sending of a campaign", "sendings of campaigns", "/campaigns/"),
}


@dataclass(frozen=True)
class Concern:
    """Something that wants a decision. `title` says what, `text` what to do, `href` leads there."""

    title: str
    text: str
    href: str
    action: str


def list_concerns(
    preset: segments.Preset, counts: Sequence[Mapping[str, object]], last_seen_at: datetime | None
) -> tuple[Concern, ...]:
    """All concerns. `counts` has segment and customers_count; `last_seen_at` is the time of the latest event."""
    by_segment = {str(row["segment"]): int(str(row["customers_count"])) for row in counts}
    return (
        *_list_faults(),
        *_list_slipping(preset, by_segment),
        *_list_unsorted(by_segment.get("None", 0)),
        *_list_silence(last_seen_at),
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _list_slipping(preset: segments.Preset, by_segment: Mapping[str, int]) -> list[Concern]:
    concerns = []
    for name, one, many in (
        (
            "Cannot-lose Customers",
            "of your best customers no longer buys",
            "of your best customers no longer buy",
        ),
        ("At Risk Customers", "good customer stopped only recently", "good customers stopped only recently"),
        ("First-time Customers", "customer bought once and not again", "customers bought once and not again"),
    ):
        number = by_segment.get(name, 0)
        if number:
            segment = preset.get_segment(name)
            advice = segment.strategies[0] if segment.strategies else segment.goal
            concerns.append(
                Concern(
                    _count(number, one, many),
                    f"{segment.goal[:1].upper()}{segment.goal[1:]}. An idea: {advice}.",
                    f"/customers/?segment={name.replace(' ', '+')}",
                    f"See {name}",
                )
            )
    return concerns


def _list_unsorted(number: int) -> list[Concern]:
    if not number:
        return []
    return [
        Concern(
            _count(number, "customer is not sorted yet", "customers are not sorted yet"),
            "Scores and segments are renewed every day by themselves; `tenure refresh` does it now.",
            "/lifecycle/",
            "Open Lifecycle",
        )
    ]


def _list_silence(last_seen_at: datetime | None) -> list[Concern]:
    if not last_seen_at or clock.now() - last_seen_at <= timedelta(days=SILENT_DAYS):
        return []
    return [
        Concern(
            "Nothing was received for days",
            "No event came in lately. Check that your site still sends them, or import a newer file.",
            "/import/",
            "Import a file",
        )
    ]


def _list_faults() -> list[Concern]:
    """Messages in doubt, failed jobs of the last days, events put aside."""
    return [*_list_in_doubt(), *_list_failed_jobs(), *_list_parked()]


def _list_in_doubt() -> list[Concern]:
    if not channels.count_outbox()["in_doubt"]:
        return []
    concerns = []
    for campaign in campaigns.list_campaigns():
        number = channels.count_states(campaign.id)["in_doubt"] if campaign.planned_at else 0
        if number:
            concerns.append(
                Concern(
                    f"{_count(number, 'message', 'messages')} of “{campaign.name}” in doubt",
                    "Tenure stopped before the mail server answered. Say whether they arrived, or send them again.",
                    f"/campaigns/{campaign.id}/#in-doubt",
                    "Decide",
                )
            )
    return concerns


def _list_failed_jobs() -> list[Concern]:
    """Per kind of job, those that failed since the last one of the kind that did not, at most a week ago."""
    concerns = []
    for kind, (one, many, href) in JOBS.items():
        ended = Job.objects.filter(
            kind__startswith=kind, finished_at__gte=clock.now() - timedelta(days=JOB_DAYS)
        )
        done_id = ended.filter(state="done").order_by("-id").values_list("id", flat=True).first() or 0
        failed = ended.filter(state="failed", id__gt=done_id).order_by("-id")
        last = failed.first()
        if last is not None:
            message = last.message or "No reason was given."
            concerns.append(
                Concern(f"{_count(failed.count(), one, many)} failed", message, href, "Try again")
            )
    return concerns


def _list_parked() -> list[Concern]:
    try:
        number = events.count_parked()
    except UnavailableError:
        return []
    if not number:
        return []
    return [
        Concern(
            _count(
                number,
                "event could not be read and is put aside",
                "events could not be read and are put aside",
            ),
            "They are kept and tried again at the next start of Tenure; the server's log has the reason. "
            "`tenure doctor` tells more.",
            "/settings/",
            "Open Settings",
        )
    ]
