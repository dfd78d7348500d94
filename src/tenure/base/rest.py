"""What every route of the HTTP API needs: who asks, whether they may, and a body that is a JSON object."""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from tenure.base.access import RANKS, Caller
from tenure.base.errors import ForbiddenError, TenureError, TooLargeError

Route = TypeVar("Route", bound=Callable[..., Any])
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def allow(role: str) -> Callable[[Route], Route]:
    """Let a route through for `role` and above; the API's description says so too. Errors: 403 below."""

    def decorate(route: Route) -> Route:
        @wraps(route)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            require_caller(request, role)
            return route(request, *args, **kwargs)

        guarded.role = role  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def require_caller(request: HttpRequest, role: str = "viewer") -> Caller:
    """Who asks. Errors: they may not do what `role` may do."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if RANKS.get(caller.role, 0) < RANKS[role]:
        raise ForbiddenError(
            "missing_role", f"This needs the role {role}; {caller.actor} has the role {caller.role}."
        )
    return caller


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The body, a JSON object. Errors: it is too large, no JSON or no object."""
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise TooLargeError(
            "too_large", "The body is larger than 5 MB. Send less at once; long lists go into parts.", "body"
        ) from error
    except UnreadablePostError as error:
        raise TenureError(
            "bad_json", "The body broke off before it was whole. Send it again.", "body"
        ) from error
    if not body:
        raise TenureError(
            "bad_json", "The body is empty. Send a JSON object, with the header Content-Length.", "body"
        )
    try:
        data = json.loads(body, parse_constant=_refuse_constant)
        if b"\\ud" in body.lower():
            json.dumps(data, ensure_ascii=False).encode()
    except RecursionError as error:
        raise TenureError("bad_json", "The body is nested too deeply.", "body") from error
    except UnicodeError as error:
        raise TenureError("bad_json", "The body has a text that is not Unicode in UTF-8.", "body") from error
    except ValueError as error:
        raise TenureError("bad_json", f"The body is not JSON: {str(error)[:200]}.", "body") from error
    if b"\\u0000" in body and _NUL.search(json.dumps(data)):
        raise TenureError(
            "bad_json", "The body has a text with the character NUL (\\u0000). Leave it out.", "body"
        )
    if not isinstance(data, dict):
        raise TenureError("bad_json", f"The body must be a JSON object, not {_name_of(data)}.", "body")
    return data


def read_number(text: str | None, field: str) -> int:
    """The place to go on from that an answer gave as `next_cursor`; 0 without one. Errors: it is none."""
    if text is None or text == "":
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise TenureError(
            "bad_cursor", f"{field}: give what an answer named as next_cursor; not {text[:40]!r}.", field
        )
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _name_of(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
