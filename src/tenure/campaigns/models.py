"""Campaigns and the links in their mails."""

from typing import Any

from django.db import models


class Campaign(models.Model):
    """One mail to one segment. Who got it, who not and why is in the lake's `decisions`."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PLANNING = "planning", "Being planned"
        PLANNED = "planned", "Planned"
        SENDING = "sending", "Being sent"
        PAUSED = "paused", "Paused"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    name = models.CharField(max_length=120, unique=True)
    definition: Any = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    salt = models.CharField(max_length=40)
    control_share = models.FloatField()
    measure_days = models.PositiveIntegerField(default=14)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class CampaignLink(models.Model):
    """A link of a campaign's mail, by its position. A click names the position, never an address."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="links")
    position = models.PositiveIntegerField()
    url = models.CharField(max_length=4000)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["campaign", "position"], name="one_link_per_position")]
