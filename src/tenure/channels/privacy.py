"""What the channels keep of a person: rows of the outbox, and mails in the catcher's mailbox."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tenure.channels import mailbox
from tenure.channels.models import Delivery

_FIELDS = (
    "campaign_id", "channel", "address", "state", "handed_off_at", "finished_at", "attempt_count", "error_code", "error",
)  # fmt: skip


def erase_person(customer_ids: Sequence[int], addresses: Sequence[str]) -> dict[str, int]:
    """Delete her deliveries, whatever became of them, and the caught mails to her. Gives how many of each."""
    deliveries, _ = Delivery.objects.filter(customer_id__in=customer_ids).delete()
    mails = mailbox.delete_mails_to(sorted({address.lower() for address in addresses}))
    counts = {"deliveries": deliveries, "caught mails": mails}
    return {name: count for name, count in counts.items() if count}


def export_person(
    customer_ids: Sequence[int], addresses: Sequence[str]
) -> Iterable[tuple[str, Iterator[dict[str, Any]]]]:
    """Her deliveries and the caught mails to her."""
    rows = Delivery.objects.filter(customer_id__in=customer_ids).order_by("id").values(*_FIELDS)
    yield "deliveries", iter(rows.iterator(chunk_size=1000))
    mails = (
        {"to": mail.recipient, "subject": mail.subject, "received_at": mail.received_at}
        for address in sorted({address.lower() for address in addresses})
        for mail in mailbox.list_mails(address, limit=10_000).mails
        if mail.recipient.lower() == address
    )
    yield "caught_mails", mails
