"""What an admin does with the team's accounts. Each change leaves an audit row."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from tenure.base.access import RANKS, create_user
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.base.models import User


def add_user(actor: str, email: str, name: str, role: str) -> str:
    """Create an account; gives its first password, shown once."""
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        user = create_user(email, password, role=role, name=name.strip()[:200])
        record_audit(actor, "user.created", user.email, role=role)
    return password


def change_role(actor: str, user_id: int, role: str) -> None:
    if role not in RANKS:
        raise TenureError("unknown_role", f"Role must be one of {', '.join(RANKS)}.", "role")
    with transaction.atomic():
        user = _get_user(user_id)
        if role != "admin":
            _keep_an_admin(user)
        User.objects.filter(id=user_id).update(role=role)
        record_audit(actor, "user.role_changed", user.email, before=user.role, after=role)


def set_active(actor: str, user_id: int, is_active: bool) -> None:
    with transaction.atomic():
        user = _get_user(user_id)
        if not is_active:
            _keep_an_admin(user)
        User.objects.filter(id=user_id).update(is_active=is_active)
        record_audit(actor, "user.activated" if is_active else "user.deactivated", user.email)


def reset_password(actor: str, user_id: int) -> str:
    """Give an account a new password, shown once."""
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        user = _get_user(user_id)
        user.set_password(password)
        User.objects.filter(id=user_id).update(password=user.password)
        record_audit(actor, "user.password_reset", user.email)
    return password


def change_own_password(user: User, present: str, wanted: str) -> None:
    """Errors: the present password is wrong, the wanted one too weak."""
    if not user.check_password(present):
        raise TenureError("wrong_password", "The present password is not right.", "present")
    try:
        validate_password(wanted, user)
    except ValidationError as error:
        raise TenureError("weak_password", " ".join(error.messages), "wanted") from error
    with transaction.atomic():
        user.set_password(wanted)
        User.objects.filter(id=user.pk).update(password=user.password)
        record_audit(user.email, "user.password_changed", user.email)


def _get_user(user_id: int) -> User:
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFoundError("no_such_user", "There is no such user. Reload the list.")
    return user


def _keep_an_admin(user: User) -> None:
    others = User.objects.filter(role="admin", is_active=True).exclude(id=user.pk)
    if user.role == "admin" and user.is_active and not others.exists():
        raise ConflictError("last_admin", "This is the last active admin. Make somebody else admin first.")
