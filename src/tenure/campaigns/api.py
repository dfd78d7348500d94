"""The door of the campaigns room: plan, target, execute, track, score."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError
from tenure.campaigns import mail_preview, planning
from tenure.campaigns.definition import (
    EVERYONE,
    AudienceChoice,
    CampaignDefinition,
    find_audience,
    list_audiences,
    parse_definition,
    read_definition,
)
from tenure.campaigns.mail_preview import MailPreview, compute_mail_preview
from tenure.campaigns.message import CampaignMessages
from tenure.campaigns.models import Campaign
from tenure.campaigns.planning import resume_interrupted, settle_all
from tenure.campaigns.preview import PlanPreview, compute_plan_preview
from tenure.campaigns.progress import SendingProgress, compute_progress
from tenure.campaigns.rehearsal import rehearse
from tenure.campaigns.report import CampaignReport, build_report
from tenure.campaigns.tracking import record_click, record_open, record_sent, unsubscribe
from tenure.channels import api as channels

__all__ = [
    "EVERYONE",
    "AudienceChoice",
    "CampaignDefinition",
    "CampaignMessages",
    "CampaignReport",
    "CampaignView",
    "MailPreview",
    "PlanPreview",
    "SendingProgress",
    "cancel",
    "compute_mail_preview",
    "compute_plan_preview",
    "create_campaign",
    "discard_draft",
    "find_audience",
    "find_campaign",
    "find_campaign_id",
    "get_campaign",
    "get_progress",
    "get_report",
    "list_audiences",
    "list_campaigns",
    "list_unfinished",
    "parse_definition",
    "preview",
    "read_definition",
    "record_click",
    "record_open",
    "record_sent",
    "resolve_in_doubt",
    "resume_interrupted",
    "send_campaign",
    "send_test",
    "settle_all",
    "start_campaign",
    "unsubscribe",
    "update_draft",
]


@dataclass(frozen=True)
class CampaignView:
    """A campaign as others see it."""

    id: int
    name: str
    state: str
    state_label: str
    definition: CampaignDefinition
    control_share: float
    measure_days: int
    created_by: str
    created_at: datetime
    planned_at: datetime | None
    sent_at: datetime | None


def create_campaign(
    definition: CampaignDefinition | Mapping[str, Any], actor: str, salt: str | None = None
) -> CampaignView:
    """Save a campaign as a draft. Errors: as `parse_definition`; `name_taken` when another has that name.

    `salt` (up to 40 characters) fixes the draw of the control group, for a simulation that is to be repeated.
    """
    if not isinstance(definition, CampaignDefinition):
        definition = parse_definition(definition)
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                name=definition.name,
                definition=definition.as_dict(),
                salt=salt or secrets.token_hex(16),
                control_share=definition.control_share,
                measure_days=definition.measure_days,
                created_by=actor,
                created_at=clock.now(),
            )
            record_audit(actor, "campaign.created", definition.name, campaign_id=campaign.pk)
    except IntegrityError as error:
        raise _explain_taken(definition.name) from error
    return _view(campaign)


def update_draft(
    name_or_id: str | int, definition: CampaignDefinition | Mapping[str, Any], actor: str
) -> CampaignView:
    """Change a draft, its name too.

    Errors: as `create_campaign`; `no_such_campaign`; `not_a_draft` when it was sent or discarded meanwhile.
    """
    campaign = _get(name_or_id)
    if not isinstance(definition, CampaignDefinition):
        definition = parse_definition(definition)
    try:
        with transaction.atomic():
            changed = Campaign.objects.filter(id=campaign.pk, state=Campaign.State.DRAFT).update(
                name=definition.name,
                definition=definition.as_dict(),
                control_share=definition.control_share,
                measure_days=definition.measure_days,
            )
            if not changed:
                raise planning.explain_not_draft(_get(campaign.pk))
            record_audit(actor, "campaign.changed", definition.name, campaign_id=campaign.pk)
    except IntegrityError as error:
        raise _explain_taken(definition.name) from error
    return get_campaign(campaign.pk)


def discard_draft(name_or_id: str | int, actor: str) -> None:
    """Cancel a draft. Errors: `no_such_campaign`, `not_a_draft` when it was sent meanwhile."""
    campaign = _get(name_or_id)
    planning.discard(campaign.pk)
    record_audit(actor, "campaign.cancelled", campaign.name, campaign_id=campaign.pk, unsent=0)


def send_test(name_or_id: str | int, customer_id: int | None, address: str, actor: str) -> None:
    """Send one mail of a campaign to `address`, rendered for a customer. It counts nowhere and is not tracked.

    Errors: `no_such_campaign`, `template_error`, `no_sender`, `mail_server_refuses`, `bad_address`, `test_not_sent`.
    """
    campaign = get_campaign(name_or_id)
    mail_preview.send_test(campaign.definition, customer_id, address)
    record_audit(actor, "campaign.tested", campaign.name, campaign_id=campaign.id, address=address)


def list_campaigns() -> list[CampaignView]:
    """All campaigns, the newest first."""
    return [_view(campaign) for campaign in Campaign.objects.all()]


def list_unfinished() -> list[tuple[str, int]]:
    """Campaigns on their way, by name, with the mails that wait, the oldest first."""
    states = (Campaign.State.PLANNING, Campaign.State.PLANNED, Campaign.State.SENDING)
    found = []
    for campaign in Campaign.objects.filter(state__in=states).order_by("id"):
        counts = channels.count_states(campaign.pk)
        found.append((campaign.name, counts["planned"] + counts["claimed"]))
    return found


def find_campaign(name: str) -> CampaignView | None:
    campaign = Campaign.objects.filter(name=name).first()
    return _view(campaign) if campaign else None


def find_campaign_id(name: str) -> int | None:
    found = Campaign.objects.filter(name=name).values_list("id", flat=True).first()
    return None if found is None else int(found)


def get_campaign(name_or_id: str | int) -> CampaignView:
    """Errors: `no_such_campaign`."""
    return _view(_get(name_or_id))


def preview(definition: CampaignDefinition) -> PlanPreview:
    """What sending it now would do."""
    return compute_plan_preview(
        definition.segment, definition.control_share, definition.measure_days, definition.body
    )


def start_campaign(name_or_id: str | int, actor: str) -> bool:
    """Take a draft out of the drafts, so that `send_campaign` can follow; False when it is one no more.

    One mail is made first, as it would be sent: a draft whose mail cannot be made stays a draft.
    Errors: `no_such_campaign`, `campaign_cancelled`, `template_error`, `template_too_slow`, `bad_link`, `bad_header`.
    """
    campaign = _get(name_or_id)
    if campaign.state == Campaign.State.DRAFT:
        rehearse(campaign)
    has_started = planning.start(campaign.pk)
    if has_started:
        record_audit(actor, "campaign.sent", campaign.name, campaign_id=campaign.pk)
    return has_started


def send_campaign(
    name_or_id: str | int, actor: str, progress: Callable[[float, str], None] = lambda share, text: None
) -> CampaignView:
    """Plan a campaign and hand its mails to the sender. Sending it twice doubles nothing.

    Errors: as `start_campaign`.
    """
    campaign = _get(name_or_id)
    start_campaign(campaign.pk, actor)
    planning.send(campaign.pk, progress)
    return get_campaign(campaign.pk)


def cancel(name_or_id: str | int, actor: str) -> int:
    """Stop a campaign; gives how many mails stay unsent. Errors: `no_such_campaign`, `campaign_sent`."""
    campaign = _get(name_or_id)
    stopped = planning.cancel(campaign.pk)
    record_audit(actor, "campaign.cancelled", campaign.name, campaign_id=campaign.pk, unsent=stopped)
    return stopped


def resolve_in_doubt(name_or_id: str | int, delivery_id: int, has_arrived: bool, actor: str) -> None:
    """A person found out whether a doubtful mail arrived: it counts as sent, or is sent again.

    Errors: `no_such_campaign`, `no_such_delivery`, `not_in_doubt`.
    """
    campaign = _get(name_or_id)
    if delivery_id not in {row.id for row in channels.list_in_doubt(campaign.pk)}:
        raise NotFoundError(
            "no_such_delivery", f"Delivery {delivery_id} of {campaign.name!r} is not in doubt."
        )
    channels.resolve_in_doubt(delivery_id, has_arrived)
    channels.notify()
    if not has_arrived:
        Campaign.objects.filter(id=campaign.pk, state=Campaign.State.SENT).update(
            state=Campaign.State.SENDING
        )
    record_audit(
        actor,
        "campaign.doubt_resolved",
        campaign.name,
        campaign_id=campaign.pk,
        delivery_id=delivery_id,
        arrived=has_arrived,
    )


def get_progress(name_or_id: str | int) -> SendingProgress:
    """How far sending is, without measuring anything. Errors: `no_such_campaign`."""
    return compute_progress(_get(name_or_id))


def get_report(name_or_id: str | int) -> CampaignReport:
    """Measure a campaign as of now. Errors: `no_such_campaign`."""
    return build_report(_get(name_or_id))


def _explain_taken(name: str) -> ConflictError:
    message = f"There is a campaign {name!r} already. Give this one another name."
    return ConflictError("name_taken", message, "name")


def _get(name_or_id: str | int) -> Campaign:
    if isinstance(name_or_id, int):
        campaign = Campaign.objects.filter(id=name_or_id).first()
    else:
        campaign = Campaign.objects.filter(name=name_or_id).first()
    if campaign is None:
        known = list(Campaign.objects.values_list("name", flat=True)[:10])
        hint = f" There are {', '.join(repr(name) for name in known)}." if known else " There is none yet."
        raise NotFoundError("no_such_campaign", f"There is no campaign {name_or_id!r}.{hint}")
    return campaign


def _view(campaign: Campaign) -> CampaignView:
    return CampaignView(
        id=campaign.pk,
        name=campaign.name,
        state=campaign.state,
        state_label=str(Campaign.State(campaign.state).label),
        definition=CampaignDefinition.model_validate(campaign.definition),
        control_share=campaign.control_share,
        measure_days=campaign.measure_days,
        created_by=campaign.created_by,
        created_at=campaign.created_at,
        planned_at=campaign.planned_at,
        sent_at=campaign.sent_at,
    )
