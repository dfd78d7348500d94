"""Turns the caller's mistakes into answers."""

import logging
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from tenure.base.errors import TenureError
from tenure.web.errors import forbidden, tenure_error
from tenure.web.rest.errors import answer_error

logger = logging.getLogger(__name__)


class ErrorMiddleware:
    """A `TenureError` that a view lets rise becomes a page, a note or JSON with its status.

    So does a refusal, which is no fault: it leaves one line in the log, not a traceback.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and request.path.startswith("/api/"):
            return _say_methods(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, PermissionDenied):
            response = forbidden(request, exception)
            log_response(
                "Refused: %s, %s",
                request.path,
                request.user,
                response=response,
                request=request,
                logger=logger,
                level="info",
            )
            return response
        return tenure_error(request, exception) if isinstance(exception, TenureError) else None


def _say_methods(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    allowed = response.headers.get("Allow", "")
    message = f"{request.path} takes {allowed or 'other methods'}, not {request.method}."
    answer = answer_error(405, "wrong_method", message)
    answer["Allow"] = allowed
    return answer
