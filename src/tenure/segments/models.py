"""What users define about segments."""

from typing import Any

from django.db import models


class RfmPreset(models.Model):
    """A preset that somebody saved beside the built-in ones."""

    name = models.CharField(max_length=60, unique=True)
    definition: Any = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SegmentDefinition(models.Model):
    """A segment that somebody described. `slot` is its place among the bits of a customer's memberships."""

    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    definition: Any = models.JSONField()
    slot = models.PositiveIntegerField(unique=True)
    version = models.PositiveIntegerField(default=1)
    built_version = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StaticList(models.Model):
    """A list of customers that changes only by hand. Who is on it stands in the lake."""

    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    source = models.CharField(max_length=200)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StageModelDefinition(models.Model):
    """A lifecycle stage model in use: a copy of a preset, or one of a user's own."""

    name = models.CharField(max_length=60, unique=True)
    definition: Any = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    built_version = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
