"""Roles: a viewer looks, a marketer acts, an admin decides who does."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tenure.base import clock
from tenure.base.errors import ConflictError, TenureError
from tenure.base.models import User

RANKS = {"viewer": 1, "marketer": 2, "admin": 3}
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Caller:
    """Who uses the API: `actor` as the audit log names them, and the role they have."""

    actor: str
    role: str


def has_role(user: Any, role: str) -> bool:
    """Whether `user` may do what `role` may do."""
    return bool(user.is_authenticated) and RANKS.get(getattr(user, "role", ""), 0) >= RANKS[role]


def require_role(role: str) -> Callable[[View], View]:
    """Let a view through for `role` and above; sign-in when signed out, 403 below."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if request.headers.get("HX-Request"):
                    response = HttpResponse(status=401)
                    response["HX-Redirect"] = settings.LOGIN_URL
                    return response
                return redirect_to_login(request.get_full_path())
            if not has_role(request.user, role):
                raise PermissionDenied(f"This needs the role {role}. Ask an admin of your team.")
            return view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


def create_user(email: str, password: str, role: str = "viewer", name: str = "") -> User:
    """Create someone who may sign in. Errors: unknown role, weak password, address taken."""
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    email = email.strip().lower()
    if role not in RANKS:
        raise TenureError("unknown_role", f"Role must be one of {', '.join(RANKS)}.", "role")
    try:
        validate_email(email)
    except ValidationError as error:
        raise TenureError("bad_email", f"{email!r} is not an e-mail address.", "email") from error
    try:
        validate_password(password)
    except ValidationError as error:
        raise TenureError("weak_password", " ".join(error.messages), "password") from error
    if User.objects.filter(email__iexact=email).exists():
        raise ConflictError("email_taken", f"{email} has an account already.", "email")
    user = User(email=email, name=name, role=role, created_at=clock.now())
    user.set_password(password)
    user.save(force_insert=True)
    return user


def find_user_of_session(session_key: str) -> User | None:
    """The active user signed in by this session, or None."""
    from django.contrib.auth import SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    user_id = SessionStore(session_key).get(SESSION_KEY)
    return User.objects.filter(id=user_id, is_active=True).first() if user_id else None
