"""Sign-in and out, appearance, glossary."""

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.config.environment import read_environment
from tenure.web import sign_in as tries
from tenure.web.context import THEMES
from tenure.web.glossary import list_entries

YEAR_SECONDS = 365 * 86_400


def find_safe_next(request: HttpRequest) -> str:
    """Where to go next: the `next` of the form or address if it stays on this site, else the dashboard."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_safe else "/"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = find_safe_next(request)
    if request.method == "GET":
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return render(request, "web/sign_in.html", {"next": target})
    email = request.POST.get("email", "").strip().lower()[:254]
    address = tries.find_network_address(request.META, read_environment().trusted_proxies)
    wait = tries.find_wait_minutes(email, address)
    if wait:
        return _limit(request, target, email, address, wait, email)
    user = authenticate(request, username=email, password=request.POST.get("password", ""))
    if user is None:
        address_wait = tries.find_address_wait_minutes(address)
        tries.record_failure(email, address)
        if address_wait:
            return _limit(request, target, email, address, address_wait, f"address {address}")
        record_audit(email or "unknown", "user.sign_in_failed", email, address=address)
        error = (
            "This e-mail and password do not belong together. Check both, or ask an admin for a new password."
        )
        return render(
            request, "web/sign_in.html", {"next": target, "email": email, "error": error}, status=401
        )
    tries.forget_failures(email, address)
    login(request, user)
    record_audit(email, "user.signed_in", email, address=address)
    return HttpResponseRedirect(target)


def _limit(
    request: HttpRequest, target: str, email: str, address: str, wait: int, told_of: str
) -> HttpResponse:
    if tries.should_tell(told_of):
        record_audit(email or "unknown", "user.sign_in_limited", email, address=address)
    error = f"Too many tries. Wait {wait} minute{'s' if wait > 1 else ''}, then try again."
    context = {"next": target, "email": email, "error": error}
    return render(request, "web/sign_in.html", context, status=429)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        record_audit(str(request.user), "user.signed_out", str(request.user))
    logout(request)
    return HttpResponseRedirect("/sign-in/")


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "system")
    response = HttpResponseRedirect(find_safe_next(request))
    response.set_cookie(
        "theme", theme if theme in THEMES else "system", max_age=YEAR_SECONDS, httponly=True, samesite="Lax"
    )
    return response


@require_GET
@require_role("viewer")
def show_glossary(request: HttpRequest) -> HttpResponse:
    return render(request, "web/glossary.html", {"entries": list_entries()})
