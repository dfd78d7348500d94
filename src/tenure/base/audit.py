"""An audit row for every change."""

from typing import Any

from tenure.base import clock
from tenure.base.models import AuditEntry


def record_audit(actor: str, verb: str, subject: str, **detail: Any) -> None:
    """Record that `actor` (an e-mail, or "system") did `verb` (like "campaign.sent") to `subject`."""
    AuditEntry.objects.create(at=clock.now(), actor=actor, verb=verb, subject=subject[:254], detail=detail)
