"""Turns the caller's mistakes into answers."""

import logging
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from tenure.base.errors import TenureError
from tenure.web.errors import forbidden, tenure_error

logger = logging.getLogger(__name__)


class ErrorMiddleware:
    """A `TenureError` that a view lets rise becomes a page, a note or JSON with its status.

    So does a refusal, which is no fault: it leaves one line in the log, not a traceback.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

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
