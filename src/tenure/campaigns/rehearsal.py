"""One mail of a campaign, made as the sender will make it, before anything is planned."""

import time
from dataclasses import dataclass

import pyarrow.compute as pc

from tenure.base.errors import TenureError
from tenure.campaigns import message
from tenure.campaigns.audience import stream_audience
from tenure.campaigns.links import check_links
from tenure.campaigns.models import Campaign
from tenure.channels import api as channels
from tenure.lake import api as lakes

SAMPLE_SIZE = 3
MOST_SECONDS = 0.25
SOMEBODY = (0, "somebody@example.com")


@dataclass(frozen=True)
class RehearsedDelivery:
    """As an outbox row, of nobody's outbox."""

    id: int
    campaign_id: int
    customer_id: int
    address: str


def rehearse(campaign: Campaign) -> None:
    """Make the mail for one of the first eligible customers. Nothing is written or sent.

    Errors, when it works for none of them: `template_error`, `template_too_slow`, `bad_link`, `bad_header`,
    `bad_address`.
    """
    mail = message.prepare_mail(campaign)
    messages = message.CampaignMessages()
    chosen = _find_eligible(campaign) or [SOMEBODY]
    people = message.read_people([customer_id for customer_id, _ in chosen])
    problem: TenureError | None = None
    for customer_id, address in chosen:
        delivery = RehearsedDelivery(0, campaign.pk, customer_id, address)
        begun_at = time.thread_time()
        try:
            made = messages.fill(mail, delivery, people.get(customer_id, {}))
            channels.build_envelope(made)
            check_links(made.html or "")
        except TenureError as error:
            problem = problem or error
            continue
        seconds = time.thread_time() - begun_at
        if seconds <= MOST_SECONDS:
            return
        text = f"Making one mail takes {1000 * seconds:,.0f} ms, which would hold up everybody's. Make loops smaller."
        problem = problem or TenureError("template_too_slow", text, "body")
    if problem is not None:
        raise problem


def _find_eligible(campaign: Campaign) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    with lakes.current().heavy():
        chunks = stream_audience(campaign.definition["segment"], campaign.measure_days)
        for chunk in chunks:
            is_eligible = pc.is_null(chunk.reasons)
            ids, addresses = (
                pc.filter(column, is_eligible).slice(0, SAMPLE_SIZE - len(found)).to_pylist()
                for column in (chunk.customer_ids, chunk.addresses)
            )
            found += zip(ids, addresses, strict=True)
            if len(found) >= SAMPLE_SIZE:
                break
    return found
