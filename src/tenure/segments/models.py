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
