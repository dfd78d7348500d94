"""Who uses the API: a program with a key, or somebody who is signed in."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from tenure.base.access import RANKS, Caller
from tenure.base.api_keys import get_caller
from tenure.base.errors import ForbiddenError, UnauthenticatedError

_HOW = "Send the header Authorization: Bearer KEY. An admin makes keys under Settings, API keys."


class ApiKeyOrSession(HttpBearer):
    """`Authorization: Bearer KEY`; without it, the session of a page, with its CSRF token where something changes."""

    csrf = True

    def __call__(self, request: HttpRequest) -> Caller:
        given = request.headers.get("Authorization", "")
        if given:
            scheme, _, key = given.partition(" ")
            if scheme.lower() != "bearer" or not key.strip():
                raise UnauthenticatedError(
                    "bad_authorization", f"The header Authorization is no bearer key. {_HOW}"
                )
            return self.authenticate(request, key.strip())
        user: Any = request.user
        if not user.is_authenticated or user.role not in RANKS:
            raise UnauthenticatedError("no_key", f"This needs an API key. {_HOW}")
        if check_csrf(request):
            raise ForbiddenError(
                "csrf", "A signed-in browser must send the header X-CSRFToken. Programs use an API key."
            )
        return Caller(str(user), user.role)

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        return get_caller(token)
