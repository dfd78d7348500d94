"""How far the sending of a campaign is, from the ledger alone, so that a page may ask every other second."""

from dataclasses import dataclass

from tenure.base.models import Job
from tenure.campaigns import planning
from tenure.campaigns.models import Campaign
from tenure.campaigns.report import MOVING_STATES
from tenure.channels import api as channels

ERRORS_SHOWN = 5


@dataclass(frozen=True)
class Refusal:
    """What the mail server said, and to how many mails; `will_retry` where they are tried again."""

    people_count: int
    text: str
    will_retry: bool


@dataclass(frozen=True)
class SendingProgress:
    """Mails planned, sent and left. `problem` says what holds everything up; empty when nothing does.

    `is_stuck`: nobody works on the handing over any more, so that somebody has to say "go on".
    """

    state: str
    step: str
    planned_count: int
    sent_count: int
    left_count: int
    failed_count: int
    in_doubt_count: int
    cancelled_count: int
    refusals: tuple[Refusal, ...]
    problem: str
    is_over: bool
    is_stuck: bool

    @property
    def done_count(self) -> int:
        return self.planned_count - self.left_count


def build_job_kind(campaign_id: int) -> str:
    """The kind of the background job that plans and hands over this campaign."""
    return f"campaigns.send.{campaign_id}"


def compute_progress(campaign: Campaign) -> SendingProgress:
    """Count the outbox; a campaign that has nothing left to send is settled first."""
    planning.settle(campaign.pk)
    campaign.refresh_from_db()
    states = channels.count_states(campaign.pk)
    is_over = campaign.state not in MOVING_STATES
    left = states["planned"] + states["claimed"]
    job = Job.objects.filter(kind=build_job_kind(campaign.pk)).order_by("-id").first()
    is_working = job is not None and job.state in ("queued", "running")
    problem = "" if is_over else _find_problem(job, left)
    return SendingProgress(
        state=campaign.state,
        step=_say_step(campaign, job if is_working else None),
        planned_count=sum(states.values()),
        sent_count=states["sent"],
        left_count=left,
        failed_count=states["failed"],
        in_doubt_count=states["in_doubt"],
        cancelled_count=states["cancelled"],
        refusals=_list_refusals(campaign.pk),
        problem=problem,
        is_over=is_over,
        is_stuck=not is_over and campaign.queued_at is None and not is_working,
    )


def _say_step(campaign: Campaign, job: Job | None) -> str:
    if campaign.state == Campaign.State.PLANNING:
        return "Choosing who gets it"
    if campaign.queued_at is None and job is not None and job.message:
        return job.message
    return str(Campaign.State(campaign.state).label)


def _find_problem(job: Job | None, left_count: int) -> str:
    if job is not None and job.state == "failed" and job.message:
        return job.message
    status = channels.get_sender_status()
    if left_count and status.state == "stopped":
        return "No mail server is set, so the mails wait. Settings, Sending says how to set one."
    return status.text if left_count and status.state == "waiting" else ""


def _list_refusals(campaign_id: int) -> tuple[Refusal, ...]:
    rows = channels.count_errors(campaign_id, ERRORS_SHOWN)
    return tuple(
        Refusal(people, text or code, state == "planned")
        for state, code, text, people in rows
        if state in ("planned", "claimed", "failed", "in_doubt")
    )
