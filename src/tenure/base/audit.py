"""An audit row for every change."""

import json
import re
from collections.abc import Sequence
from typing import Any

from tenure.base import clock
from tenure.base.models import AuditEntry

ERASED = "erased customer"


def record_audit(actor: str, verb: str, subject: str, **detail: Any) -> None:
    """Record that `actor` (an e-mail, or "system") did `verb` (like "campaign.sent") to `subject`."""
    AuditEntry.objects.create(at=clock.now(), actor=actor, verb=verb, subject=subject[:254], detail=detail)


def pseudonymise_audit(words: Sequence[str], subjects: Sequence[str] = ()) -> int:
    """Take a person's words out of subjects and details; `subjects` are replaced as whole subjects only.

    Who did something stays. Gives how many entries were changed.
    """
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))), re.IGNORECASE)
    changed = 0
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=1000):
        told = json.dumps(entry.detail, ensure_ascii=False)
        detail = json.loads(pattern.sub(ERASED, told)) if words else entry.detail
        subject = pattern.sub(ERASED, entry.subject) if words else entry.subject
        subject = ERASED if entry.subject in subjects and not entry.subject.isdecimal() else subject
        if (detail, subject) != (entry.detail, entry.subject):
            AuditEntry.objects.filter(id=entry.pk).update(detail=detail, subject=subject)
            changed += 1
    return changed
