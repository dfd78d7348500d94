"""Settings: users, write keys, audit log, presets, sending."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.base.access import has_role, require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.base.models import AuditEntry, User
from tenure.config.environment import read_environment
from tenure.events import api as events
from tenure.segments import api as segments
from tenure.web import accounts
from tenure.web.mailbox import is_mailbox_running

AUDIT_PAGE = 50


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@require_role("viewer")
def show_settings(request: HttpRequest) -> HttpResponse:
    """The overview; a POST changes one's own password."""
    error = None
    if request.method == "POST":
        user = User.objects.get(pk=request.user.pk)
        try:
            accounts.change_own_password(
                user, request.POST.get("present", ""), request.POST.get("wanted", "")
            )
        except TenureError as problem:
            error = problem
        else:
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed.")
            return HttpResponseRedirect("/settings/")
    return render(
        request,
        "web/settings/index.html",
        {"error": error, "is_admin": has_role(request.user, "admin")},
        status=400 if error else 200,
    )


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("admin")
def manage_users(request: HttpRequest) -> HttpResponse:
    error, shown = None, None
    form = {"email": "", "name": "", "role": "viewer"}
    if request.method == "POST":
        form = {key: request.POST.get(key, "").strip() for key in form}
        try:
            shown = (form["email"].lower(), accounts.add_user(str(request.user), **form))
            form = {"email": "", "name": "", "role": "viewer"}
        except TenureError as problem:
            error = problem
    return _render_users(request, {"error": error, "shown": shown, "form": form}, 400 if error else 200)


@never_cache
@require_POST
@require_role("admin")
def change_user(request: HttpRequest, user_id: int) -> HttpResponse:
    actor, act = str(request.user), request.POST.get("act")
    if act == "role":
        accounts.change_role(actor, user_id, request.POST.get("role", ""))
    elif act in ("deactivate", "activate"):
        accounts.set_active(actor, user_id, act == "activate")
    elif act == "password":
        password = accounts.reset_password(actor, user_id)
        email = User.objects.values_list("email", flat=True).get(id=user_id)
        return _render_users(request, {"shown": (email, password), "form": {"role": "viewer"}})
    else:
        raise TenureError("unknown_act", "Use the buttons in the list of users.", "act")
    messages.success(request, "Changed.")
    return HttpResponseRedirect("/settings/users/")


def _render_users(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    context |= {"people": User.objects.order_by("-is_active", "email"), "roles": User.Role.choices}
    return render(request, "web/settings/users.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("admin")
def manage_keys(request: HttpRequest) -> HttpResponse:
    shown = None
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:100] or "Key"
        shown = events.create_write_key(name)
        record_audit(str(request.user), "key.created", name)
    base_url = read_environment().base_url or f"{request.scheme}://{request.get_host()}"
    context = {"keys": events.list_write_keys(), "shown": shown, "base_url": base_url}
    return render(request, "web/settings/keys.html", context)


@require_POST
@require_role("admin")
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponse:
    events.revoke_write_key(key_id)
    record_audit(str(request.user), "key.revoked", str(key_id))
    messages.success(request, "The key is revoked. Events sent with it are refused from now on.")
    return HttpResponseRedirect("/settings/keys/")


@require_GET
@require_role("admin")
def show_audit(request: HttpRequest) -> HttpResponse:
    verb = request.GET.get("verb", "")
    entries = AuditEntry.objects.filter(verb__startswith=verb) if verb else AuditEntry.objects.all()
    page = Paginator(entries, AUDIT_PAGE).get_page(request.GET.get("page"))
    areas = (
        ("", "Everything"),
        ("user.", "Users"),
        ("key.", "Write keys"),
        ("api_key.", "API keys"),
        ("import.", "Imports"),
        ("campaign.", "Campaigns"),
    )
    return render(request, "web/settings/audit.html", {"page": page, "verb": verb, "areas": areas})


@require_GET
@require_role("viewer")
def show_presets(request: HttpRequest) -> HttpResponse:
    return render(request, "web/settings/presets.html", {"presets": segments.list_presets()})


@require_GET
@require_role("viewer")
def show_sending(request: HttpRequest) -> HttpResponse:
    environment = read_environment()
    server = environment.smtp_url.rsplit("@", 1)[-1].removeprefix("smtp://").removeprefix("smtps://")
    context = {
        "server": server,
        "from_email": environment.from_email,
        "base_url": environment.base_url,
        "is_catcher": is_mailbox_running(),
    }
    return render(request, "web/settings/sending.html", context)
