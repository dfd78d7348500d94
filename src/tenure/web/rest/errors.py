"""The one shape of errors under /api/."""

from django.http import HttpResponse, JsonResponse


def answer_error(status: int, code: str, message: str, field: str | None = None) -> HttpResponse:
    """`{"error": {code, message, field}}`, as the command line prints it."""
    body = {"error": {"code": code, "message": message, "field": field}}
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response
