"""What the events room keeps in the ledger."""

from typing import Any

from django.db import models


class WriteKey(models.Model):
    """A key that lets a site or an app send events. Only its hash is kept."""

    name = models.CharField(max_length=100)
    key_hash = models.CharField(max_length=64, unique=True)
    key_start = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class QueuedEvent(models.Model):
    """An event written in one transaction with the ledger change it tells of; the pump drains it."""

    body: Any = models.BinaryField()
    queued_at = models.DateTimeField()
