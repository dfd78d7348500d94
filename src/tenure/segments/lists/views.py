"""The pages of static lists: all of them, a new one from a file or a segment, one of them."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.base.words import count_of
from tenure.events import api as events
from tenure.events.imports import api as imports
from tenure.segments.builder.views import make_name
from tenure.segments.definitions.library import list_segments
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.lists import api
from tenure.segments.members_page import TYPES, answer_file, read_members

PURPOSE = "list"
MOST_TYPED = 1_000


@never_cache
@require_GET
@require_role("viewer")
def show_lists(request: HttpRequest) -> HttpResponse:
    return render(request, "segments/lists/list.html", {"rows": [_view(one) for one in api.list_lists()]})


def _view(found: api.ListView) -> dict[str, Any]:
    return {"list": found, "users": [_name_user(one) for one in found.used_by]}


def _name_user(user: str) -> tuple[str, str]:
    """Title and address of what asks for a list."""
    around = look_around()
    if user in around.segments:
        return around.segments[user].title or user, f"/segments/{user}/"
    model = user.removeprefix("stages ")
    return around.titles.get(("model", model), user), f"/lifecycle/models/{quote(model)}/"


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def make_list(request: HttpRequest) -> HttpResponse:
    """A new list from a file or from a segment; without either it is empty."""
    form = {key: request.POST.get(key, "").strip() for key in ("title", "name", "column", "segment")}
    form["segment"] = form["segment"] or request.GET.get("segment", "")
    form["from"] = request.POST.get("from", "segment" if form["segment"] else "file")
    error = None
    if request.method == "POST":
        try:
            name = _make(request, form)
        except TenureError as problem:
            error = problem
        else:
            return HttpResponseRedirect(f"/segments/lists/{name}/")
    chosen = [one.segment for one in list_segments()]
    context = {"form": form, "error": error, "segments": chosen}
    return render(request, "segments/lists/new.html", context, status=error.status if error else 200)


def _make(request: HttpRequest, form: dict[str, str]) -> str:
    if not form["title"]:
        raise TenureError("no_title", "Give the list a title.", "title")
    name, actor = form["name"] or make_name(form["title"]), str(request.user)
    events.wait_until_folded()
    if form["from"] == "segment":
        if not form["segment"]:
            raise TenureError("no_segment", "Choose the segment whose members the list keeps.", "segment")
        made = api.freeze_segment(form["segment"], name, actor, form["title"])
        messages.success(request, f"{count_of(made.member_count, 'customer')} put on the list.")
    elif form["from"] == "empty":
        api.create_list(name, actor, form["title"])
    else:
        upload = imports.keep_upload(request.FILES.get("file"), PURPOSE)
        try:
            _tell(
                request,
                api.create_list_from_file(
                    name, upload.path, actor, form["title"], column=form["column"] or None
                ),
            )
        finally:
            imports.discard_upload(upload.token)
    return name


def _tell(request: HttpRequest, done: api.ListFile) -> None:
    parts = [
        f"{count_of(done.added_count, 'customer')} of {count_of(done.row_count, 'row')} put on the list."
    ]
    if done.repeated_count:
        parts.append(f"{count_of(done.repeated_count, 'row')} named somebody who was on it already.")
    if done.unknown_count:
        parts.append(
            f"{count_of(done.unknown_count, 'row')} named nobody who is known: they can be downloaded below."
        )
    (messages.warning if done.unknown_count else messages.success)(request, " ".join(parts))


@never_cache
@require_GET
@require_role("viewer")
def show_list(request: HttpRequest, name: str) -> HttpResponse:
    found = api.get_list(name)
    context = {
        **_view(found),
        **_members_context(request, found),
        "has_unknown": api.find_unknown_file(name) is not None,
    }
    return render(request, "segments/lists/page.html", context)


@never_cache
@require_GET
@require_role("viewer")
def members_fragment(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "segments/_members.html", _members_context(request, api.get_list(name)))


def _members_context(request: HttpRequest, found: api.ListView) -> dict[str, Any]:
    members = api.build_list_members(found.id)
    base = f"/segments/lists/{found.name}/"
    return {"static_list": found, "members_title": "On the list", **read_members(request, members, base)}


@require_POST
@require_role("marketer")
def add(request: HttpRequest, name: str) -> HttpResponse:
    """Customers by what was typed, and those whom a file names."""
    typed = [one.strip() for one in request.POST.get("customers", "").replace(",", "\n").splitlines()]
    typed = [one for one in typed if one]
    events.wait_until_folded()
    try:
        if len(typed) > MOST_TYPED:
            raise TenureError(
                "too_many", f"Put more than {MOST_TYPED:,} customers into a file, one a line.", "customers"
            )
        if typed:
            count, unknown = api.add_identifiers(name, typed, str(request.user))
            _tell_change(request, f"{count_of(count, 'customer')} put on the list.", unknown)
        if file := request.FILES.get("file"):
            upload = imports.keep_upload(file, PURPOSE)
            try:
                _tell(request, api.add_file_to_list(name, upload.path, str(request.user)))
            finally:
                imports.discard_upload(upload.token)
        elif not typed:
            messages.error(request, "Name a customer, or choose a file.")
    except TenureError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(f"/segments/lists/{name}/")


@require_POST
@require_role("marketer")
def remove(request: HttpRequest, name: str) -> HttpResponse:
    typed = [one for one in [request.POST.get("customer", "").strip()] if one]
    count, unknown = api.remove_identifiers(name, typed, str(request.user))
    _tell_change(request, f"{count_of(count, 'customer')} taken off the list.", unknown)
    return HttpResponseRedirect(f"/segments/lists/{name}/")


def _tell_change(request: HttpRequest, done: str, unknown: tuple[str, ...]) -> None:
    if not unknown:
        messages.success(request, done)
        return
    shown = ", ".join(f"“{one[:60]}”" for one in unknown[:6])
    more = f" and {len(unknown) - 6} more" if len(unknown) > 6 else ""
    messages.warning(request, f"{done} Nobody is known as {shown}{more}.")


@require_POST
@require_role("marketer")
def delete(request: HttpRequest, name: str) -> HttpResponse:
    try:
        api.delete_list(name, str(request.user))
    except TenureError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(f"/segments/lists/{name}/")
    messages.success(request, f"Deleted the list {name}. No customer was changed.")
    return HttpResponseRedirect("/segments/lists/")


@require_GET
@require_role("marketer")
def download_unknown(request: HttpRequest, name: str) -> FileResponse:
    path = api.find_unknown_file(api.get_list(name).name)
    if path is None:
        raise Http404("Every row of the last file named somebody.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=path.name, content_type="text/csv; charset=utf-8"
    )


@require_GET
@require_role("marketer")
def export_members(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """Everybody on the list, streamed."""
    found = api.get_list(name)
    if kind not in TYPES:
        raise Http404("A list can be had as members.csv or members.parquet.")
    record_audit(str(request.user), "customers.exported", f"list {name}, {kind}")
    return answer_file(api.build_list_members(found.id).select("customer_id"), name, kind)
