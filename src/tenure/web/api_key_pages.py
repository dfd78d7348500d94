"""Settings: API keys."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tenure.base.access import require_role
from tenure.base.api_keys import create_api_key, list_api_keys, revoke_api_key
from tenure.base.errors import TenureError
from tenure.base.models import User
from tenure.config.environment import read_environment


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("admin")
def manage_api_keys(request: HttpRequest) -> HttpResponse:
    """The keys; a POST makes one and shows it this once."""
    error, shown = None, None
    form = {"name": "", "role": "viewer"}
    if request.method == "POST":
        form = {field: request.POST.get(field, "").strip() for field in form}
        try:
            shown = create_api_key(form["name"], form["role"], str(request.user))
            form = {"name": "", "role": "viewer"}
        except TenureError as problem:
            error = problem
    context = {
        "keys": list_api_keys(),
        "shown": shown,
        "error": error,
        "form": form,
        "roles": User.Role.choices,
        "base_url": read_environment().base_url or f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "web/settings/api_keys.html", context, status=400 if error else 200)


@require_POST
@require_role("admin")
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    revoke_api_key(key_id, str(request.user))
    messages.success(request, "The key is revoked. Calls with it are refused from now on.")
    return HttpResponseRedirect("/settings/api-keys/")
