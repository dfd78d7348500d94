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
from tenure.campaigns import planning
from tenure.campaigns.definition import (
    EVERYONE,
    AudienceChoice,
    CampaignDefinition,
    find_audience,
    list_audiences,
    parse_definition,
    read_definition,
)
from tenure.campaigns.message import CampaignMessages
from tenure.campaigns.models import Campaign
from tenure.campaigns.planning import resume_interrupted, settle_all
from tenure.campaigns.preview import MailPreview, PlanPreview, compute_mail_preview, compute_plan_preview
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
    "cancel",
    "compute_mail_preview",
    "compute_plan_preview",
    "create_campaign",
    "find_audience",
    "find_campaign",
    "get_campaign",
    "get_report",
    "list_audiences",
    "list_campaigns",
    "parse_definition",
    "preview",
    "read_definition",
    "record_click",
    "record_open",
    "record_sent",
    "resolve_in_doubt",
    "resume_interrupted",
    "send_campaign",
    "settle_all",
    "unsubscribe",
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


def create_campaign(definition: CampaignDefinition | Mapping[str, Any], actor: str) -> CampaignView:
    """Save a campaign as a draft. Errors: as `parse_definition`; `name_taken` when another has that name."""
    if not isinstance(definition, CampaignDefinition):
        definition = parse_definition(definition)
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                name=definition.name,
                definition=definition.as_dict(),
                salt=secrets.token_hex(16),
                control_share=definition.control_share,
                measure_days=definition.measure_days,
                created_by=actor,
                created_at=clock.now(),
            )
            record_audit(actor, "campaign.created", definition.name, campaign_id=campaign.pk)
    except IntegrityError as error:
        message = f"There is a campaign {definition.name!r} already. Give this one another name."
        raise ConflictError("name_taken", message, "name") from error
    return _view(campaign)


def list_campaigns() -> list[CampaignView]:
    """All campaigns, the newest first."""
    return [_view(campaign) for campaign in Campaign.objects.all()]


def find_campaign(name: str) -> CampaignView | None:
    campaign = Campaign.objects.filter(name=name).first()
    return _view(campaign) if campaign else None


def get_campaign(name_or_id: str | int) -> CampaignView:
    """Errors: `no_such_campaign`."""
    return _view(_get(name_or_id))


def preview(definition: CampaignDefinition) -> PlanPreview:
    """What sending it now would do."""
    return compute_plan_preview(definition.segment, definition.control_share, definition.measure_days)


def send_campaign(
    name_or_id: str | int, actor: str, progress: Callable[[float, str], None] = lambda share, text: None
) -> CampaignView:
    """Plan a campaign and hand its mails to the sender. Sending it twice doubles nothing.

    Errors: `no_such_campaign`, `campaign_cancelled`.
    """
    campaign = _get(name_or_id)
    if campaign.state == Campaign.State.DRAFT:
        record_audit(actor, "campaign.sent", campaign.name, campaign_id=campaign.pk)
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


def get_report(name_or_id: str | int) -> CampaignReport:
    """Measure a campaign as of now. Errors: `no_such_campaign`."""
    return build_report(_get(name_or_id))


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
