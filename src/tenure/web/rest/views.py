"""The page that shows the API and tries it, and the answer where there is no route."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_GET

from tenure.base.access import require_role
from tenure.web.rest.errors import answer_error
from tenure.web.rest.service import DOCS, ROOT, api


@never_cache
@require_GET
@require_role("viewer")
@ensure_csrf_cookie
def show_docs(request: HttpRequest) -> HttpResponse:
    """Everything it loads is served from here."""
    return DOCS.render_page(request, api)


@csrf_exempt
def say_no_route(request: HttpRequest) -> HttpResponse:
    message = f"There is no such address. {ROOT}openapi.json lists all of them; none ends with a slash."
    return answer_error(404, "no_such_route", message)
