"""Turns the caller's mistakes into answers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tenure.base.errors import TenureError
from tenure.web.errors import tenure_error


class ErrorMiddleware:
    """A `TenureError` that a view lets rise becomes a page, a note or JSON with its status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return tenure_error(request, exception) if isinstance(exception, TenureError) else None
