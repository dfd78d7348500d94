"""People who sign in, the audit trail and background jobs."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=(username or "").strip())


class User(AbstractBaseUser):
    """Someone who signs in. (Those who buy are customers.)"""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer"
        MARKETER = "marketer", "Marketer"
        ADMIN = "admin", "Admin"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    objects = UserManager()

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """What a program shows to use the API. Only a hash is kept; `start` finds the row and is no secret."""

    name = models.CharField(max_length=100)
    start = models.CharField(max_length=20, unique=True)
    key_hash = models.CharField(max_length=64)
    role = models.CharField(max_length=20, choices=User.Role.choices)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class AuditEntry(models.Model):
    """One change that somebody made."""

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=254)
    verb = models.CharField(max_length=80)
    subject = models.CharField(max_length=254)
    detail: Any = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]


class Job(models.Model):
    """A piece of background work that a person waits for."""

    kind = models.CharField(max_length=80)
    state = models.CharField(max_length=10, default="queued")
    done_share = models.FloatField(default=0.0)
    message = models.TextField(blank=True)
    result: Any = models.JSONField(null=True)
    actor = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
