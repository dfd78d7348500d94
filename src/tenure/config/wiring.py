"""Every cross-room subscription, on one page: who is told of what, in which order."""

from collections.abc import Sequence

from tenure.campaigns import api as campaigns
from tenure.channels import api as channels
from tenure.config.environment import Environment
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.lake.api import Lake
from tenure.segments import api as segments

CATCHER = "catcher"
"""As TENURE_SMTP_URL: mails go to a local catcher and can be read in the product. Nothing leaves the machine."""

ON_BATCH: tuple[events.BatchHandler, ...] = (
    customers.fold_batch,
    customers.fold_facts,
    segments.rescore_batch,
    segments.follow_batch,
)
"""Run in this order inside each batch's lake transaction."""

ON_IMPORTED = segments.refresh
"""Run after a file was imported: new history means new cut-points."""


PRIVACY_ROOMS = (
    customers.PrivacyRoom(
        "events",
        lambda subject: events.erase_waiting(subject.customer_ids, subject.identifiers),
        lambda subject: (),
    ),
    customers.PrivacyRoom(
        "channels",
        lambda subject: channels.erase_person(subject.customer_ids, subject.addresses),
        lambda subject: channels.export_person(subject.customer_ids, subject.addresses),
    ),
)
"""What is kept of a person outside the lake and the customers' own tables: (erase, export), in the order of erasing."""
segments.set_campaign_finder(campaigns.find_campaign_id)


def build_appender(lake: Lake) -> events.Appender:
    return events.Appender(lake, customers.BatchIdentities(), ON_BATCH)


def start_catcher(environment: Environment) -> channels.Catcher | None:
    """The local mail catcher, where the settings ask for it."""
    if environment.smtp_url != CATCHER:
        return None
    catcher = channels.Catcher()
    catcher.start()
    return catcher


def start_sender(environment: Environment, catcher: channels.Catcher | None) -> channels.Sender | None:
    """The sender, where a mail server is set; what a stop or a crash interrupted goes on."""
    url = catcher.url if catcher else environment.smtp_url
    if not url:
        return None
    messages = campaigns.CampaignMessages(environment.base_url)
    sender = channels.Sender(messages.build_message, url, on_sent=_tell_sent, prepare=messages.prefetch)
    channels.start_sender(sender)
    campaigns.resume_interrupted()
    return sender


def _tell_sent(deliveries: Sequence[channels.SentDelivery]) -> None:
    campaigns.record_sent(deliveries)
    campaigns.settle_all()
