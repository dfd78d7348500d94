"""The door of the channels room: the outbox, the sender, the local mail catcher."""

from tenure.channels.adapters import ADAPTERS, open_transport
from tenure.channels.adapters.base import Outcome
from tenure.channels.catcher import Catcher
from tenure.channels.mailbox import CaughtMail, MailPage, OpenedMail, get_mail, list_mails
from tenure.channels.message import OutgoingEmail, build_envelope, normalise_address
from tenure.channels.outbox import (
    ClaimedDelivery,
    DoubtfulDelivery,
    SentDelivery,
    add_deliveries,
    cancel,
    count_errors,
    count_outbox,
    count_states,
    find_delivery_address,
    list_in_doubt,
    recover_after_crash,
    resolve_in_doubt,
)
from tenure.channels.privacy import erase_person, export_person
from tenure.channels.running import get_sender_status, notify, send_alone, start_sender, stop_sender
from tenure.channels.sender import Sender, SenderStatus

__all__ = [
    "ADAPTERS",
    "Catcher",
    "CaughtMail",
    "ClaimedDelivery",
    "DoubtfulDelivery",
    "MailPage",
    "OpenedMail",
    "Outcome",
    "OutgoingEmail",
    "Sender",
    "SenderStatus",
    "SentDelivery",
    "add_deliveries",
    "build_envelope",
    "cancel",
    "count_errors",
    "count_outbox",
    "count_states",
    "erase_person",
    "export_person",
    "find_delivery_address",
    "get_mail",
    "get_sender_status",
    "list_in_doubt",
    "list_mails",
    "normalise_address",
    "notify",
    "open_transport",
    "recover_after_crash",
    "resolve_in_doubt",
    "send_alone",
    "start_sender",
    "stop_sender",
]
