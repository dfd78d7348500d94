"""Opens, clicks and unsubscriptions, as events of the customer the mail went to."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.campaigns import planning, tokens
from tenure.campaigns.audience import CHANNEL
from tenure.campaigns.models import Campaign, CampaignLink
from tenure.campaigns.tokens import TokenContent
from tenure.channels import api as channels
from tenure.customers import api as customers
from tenure.events import api as events

logger = logging.getLogger(__name__)

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
MACHINES = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scanner|monitor|headless|curl/|wget/|python-requests|python-urllib"
    r"|okhttp|go-http-client|java/|libwww|barracuda|mimecast|proofpoint|safelinks|phishtank|virustotal",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class UnsubscribeView:
    """What the page about unsubscribing says."""

    campaign_name: str
    address: str | None
    is_unsubscribed: bool


def is_machine(user_agent: str) -> bool:
    """Whether a program other than a mail reader or browser of a person fetches this, as far as it says so."""
    return not user_agent.strip() or bool(MACHINES.search(user_agent))


def record_open(token: str, user_agent: str) -> bool:
    """Record `Email Opened`; False when the token was not made here."""
    found = tokens.find_token_content(tokens.OPEN, token)
    if found is None:
        return False
    _record("Email Opened", found, {"is_bot": is_machine(user_agent)})
    return True


def record_click(token: str, user_agent: str) -> str | None:
    """Record `Email Link Clicked` and give the stored address of the link; None for a token not made here."""
    found = tokens.find_token_content(tokens.CLICK, token)
    if found is None:
        return None
    link = CampaignLink.objects.filter(campaign_id=found.campaign_id, position=found.position).first()
    if link is None:
        return None
    _record("Email Link Clicked", found, {"link_url": link.url, "is_bot": is_machine(user_agent)})
    return str(link.url)


def find_unsubscribe(token: str) -> UnsubscribeView | None:
    """What to show before unsubscribing; None for a token not made here."""
    found = tokens.find_token_content(tokens.UNSUBSCRIBE, token)
    if found is None:
        return None
    address = channels.find_delivery_address(found.delivery_id)
    campaign = Campaign.objects.filter(id=found.campaign_id).first()
    is_done = address is not None and customers.is_suppressed(CHANNEL, address)
    return UnsubscribeView(campaign.name if campaign else "", address, is_done)


def unsubscribe(token: str) -> bool:
    """Stop mail to the address that the mail went to; again is no harm. False for a token not made here."""
    found = tokens.find_token_content(tokens.UNSUBSCRIBE, token)
    if found is None:
        return False
    address = channels.find_delivery_address(found.delivery_id)
    if address is None:
        return False
    campaign = Campaign.objects.filter(id=found.campaign_id).first()
    event = _build_event("Unsubscribed", campaign, found, {}, clock.now())
    if customers.suppress(CHANNEL, address, "unsubscribed", event):
        record_audit(
            "recipient", "customer.unsubscribed", str(found.customer_id), campaign_id=found.campaign_id
        )
    return True


def record_sent(deliveries: Sequence[channels.SentDelivery]) -> None:
    """Record `Email Sent` for rows the channel accepted, each once however often it is told; settle campaigns."""
    campaigns = Campaign.objects.in_bulk({row.campaign_id for row in deliveries})
    events.record_many(
        [
            _build_event(
                "Email Sent",
                campaigns.get(row.campaign_id),
                TokenContent(row.campaign_id, row.id, row.customer_id),
                {},
                row.sent_at,
                f"tenure-sent-{row.campaign_id}-{row.id}",
            )
            for row in deliveries
        ]
    )
    for campaign_id in campaigns:
        planning.settle(campaign_id)


def _record(event: str, found: TokenContent, more: dict[str, Any]) -> None:
    campaign = Campaign.objects.filter(id=found.campaign_id).first()
    try:
        events.record(_build_event(event, campaign, found, more, clock.now()))
    except TenureError as error:
        logger.warning("%s of delivery %s was not recorded: %s", event, found.delivery_id, error.message)


def _build_event(
    event: str,
    campaign: Campaign | None,
    about: TokenContent,
    more: dict[str, Any],
    occurred_at: datetime,
    message_id: str | None = None,
) -> events.NewEvent:
    properties = {
        "campaign_id": about.campaign_id,
        "campaign_name": campaign.name if campaign else None,
        "email_subject": campaign.definition.get("subject") if campaign else None,
        "delivery_id": about.delivery_id,
        **more,
    }
    return events.NewEvent(
        type="track",
        event=event,
        properties=properties,
        occurred_at=occurred_at,
        customer_id=about.customer_id,
        message_id=message_id,
    )
