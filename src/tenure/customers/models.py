"""Identities and suppression: what must be consistent about a customer."""

from typing import Any

from django.db import models


class Customer(models.Model):
    """A person, known or anonymous. What is known of them is in the lake's `customers`."""

    created_at = models.DateTimeField()


class Identifier(models.Model):
    """What a customer was called by a site, an app or a file."""

    class Kind(models.TextChoices):
        USER_ID = "user_id", "User id"
        ANONYMOUS_ID = "anonymous_id", "Anonymous id"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    value = models.CharField(max_length=255)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identifiers")
    home_id = models.BigIntegerField(null=True)
    """The profile that it came with; where `customer` is another one, that profile was merged into it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="one_customer_per_identifier")]


class Merge(models.Model):
    """Two profiles found to be one person: `from_customer` lives on in `into_customer`."""

    from_customer_id = models.BigIntegerField(unique=True)
    into_customer_id = models.BigIntegerField(db_index=True)
    first_into_customer_id = models.BigIntegerField(null=True)
    """Whom it was merged into at first; `into_customer_id` follows when that one is merged itself."""
    reason = models.CharField(max_length=40)
    message_id = models.CharField(max_length=255)
    merged_at = models.DateTimeField()


class Separation(models.Model):
    """A merge that a person undid: these are two people, and no event merges them again."""

    merge_id = models.BigIntegerField()
    from_customer_id = models.BigIntegerField()
    into_customer_id = models.BigIntegerField()
    is_lifted = models.BooleanField(default=False)
    """A person merged them again."""
    actor = models.CharField(max_length=254)
    separated_at = models.DateTimeField()


class Suppression(models.Model):
    """An address that is not to be written to."""

    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="one_suppression_per_address")
        ]


class HashedSuppression(models.Model):
    """An address of an erased customer that is not to be written to; only its keyed hash is kept."""

    channel = models.CharField(max_length=10)
    address_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "address_hash"], name="one_hashed_suppression_per_address"
            )
        ]


class Erasure(models.Model):
    """The erasure of a customer and its receipt. `subject` is what to look for; emptied once all is done."""

    customer_ids: Any = models.JSONField()
    subject: Any = models.JSONField(null=True)
    removed: Any = models.JSONField(default=dict)
    left: Any = models.JSONField(default=list)
    actor = models.CharField(max_length=254)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
