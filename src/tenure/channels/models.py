"""The outbox: one small row per person and message, written before anything is handed to a channel."""

from django.db import models
from django.db.models import Q


class Delivery(models.Model):
    """A message to one person. The unique key is what makes a second one impossible."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        CLAIMED = "claimed", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        IN_DOUBT = "in_doubt", "In doubt"
        CANCELLED = "cancelled", "Cancelled"

    campaign_id = models.BigIntegerField()
    occurrence = models.IntegerField(default=0, db_default=0)
    customer_id = models.BigIntegerField()
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=254)
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.PLANNED, db_default=State.PLANNED.value
    )
    handed_off_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    attempt_count = models.SmallIntegerField(default=0, db_default=0)
    is_event_recorded = models.BooleanField(default=False, db_default=False)
    error_code = models.CharField(max_length=20, null=True)
    error = models.CharField(max_length=500, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign_id", "occurrence", "customer_id", "channel"], name="one_delivery_per_person"
            )
        ]
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(state="planned"), name="delivery_to_claim"),
            models.Index(fields=["id"], condition=Q(state="claimed"), name="delivery_claimed"),
            models.Index(
                fields=["id"], condition=Q(state="sent", is_event_recorded=False), name="delivery_to_tell"
            ),
            models.Index(fields=["campaign_id", "state"], name="delivery_of_campaign"),
        ]
