"""Error pages that say what to do, and the one place where an error's code becomes an HTTP status."""

import logging

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tenure.base.errors import TenureError
from tenure.web.rest.errors import answer_error

logger = logging.getLogger(__name__)

TITLES = {
    400: "That request was not understood",
    403: "You may not do this",
    404: "There is nothing here",
    409: "That does not fit the present state",
    500: "Something went wrong on our side",
    503: "Not available right now",
}


def render_error(
    request: HttpRequest, status: int, message: str, code: str = "", field: str | None = None
) -> HttpResponse:
    """The error as JSON for programs, as a note where htmx fills a part of a page, else as a page."""
    if request.path.startswith("/api/"):
        return answer_error(status, code, message, field)
    if request.path.startswith("/v1/") or "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"code": code, "message": message, "field": field}, status=status)
    context = {
        "status": status,
        "heading": TITLES.get(status, TITLES[400]),
        "message": message,
        "kind": "bad",
    }
    if request.headers.get("HX-Target"):
        return render(request, "web/_note.html", {"text": message, "kind": "bad"}, status=status)
    return render(request, "web/error.html", context, status=status)


def tenure_error(request: HttpRequest, error: TenureError) -> HttpResponse:
    return render_error(request, error.status, error.message, error.code, error.field)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "The address or the form was not complete. Go back, reload the page and try again."
    return render_error(request, 400, message, "bad_request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = str(exception) if isinstance(exception, PermissionDenied) else ""
    message = (
        said or "Your role does not allow this. Ask an admin of your team to raise it under Settings, Users."
    )
    return render_error(request, 403, message, "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This page was open for too long or cookies are switched off. Reload it and try again."
    return render_error(request, 403, message, "csrf")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = str(exception.args[0]) if exception.args and isinstance(exception.args[0], str) else ""
    message = said or "The page may have moved, or the address has a typing mistake. The menu leads on."
    return render_error(request, 404, message, "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    message = (
        "Nothing you entered before is lost. Try again in a minute; if it stays, run `tenure doctor` on the server "
        "and look at its log."
    )
    return render_error(request, 500, message, "server_error")
