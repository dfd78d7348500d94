"""The pages of segments: all of them, one of them, and why somebody is in one or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import quote

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tenure.base import clock
from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.customers import api as customers
from tenure.segments.builder.examples import list_examples
from tenure.segments.builder.views import format_sql
from tenure.segments.definitions.counting import compile_members
from tenure.segments.definitions.explaining import explain_segment
from tenure.segments.definitions.library import SavedSegment, delete_segment, get_segment, list_segments
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.members_page import answer_file, read_members
from tenure.segments.membership.history import list_days, list_overlaps, list_size_changes, read_causes
from tenure.segments.membership.members import build_segment_members, list_segment_sizes
from tenure.segments.rules.base import Node, describe_node, list_rules

DAYS = 30
CHANGE_DAYS = 7


@never_cache
@require_GET
@require_role("viewer")
def list_page(request: HttpRequest) -> HttpResponse:
    saved, sizes, changes = list_segments(), list_segment_sizes(), list_size_changes(CHANGE_DAYS)
    users = _list_users(look_around())
    rows = [
        {
            "saved": one,
            "title": one.segment.title or one.segment.name,
            "size": sizes.get(one.segment.name, 0) if one.is_built else None,
            "change": changes.get(one.id, 0) if one.is_built else None,
            "is_new": _count_days(one) < CHANGE_DAYS,
            "users": users.get(one.segment.name, []),
            "words": describe_node(one.segment.node),
        }
        for one in saved
    ]
    is_waiting = any(not one.is_built and not one.trouble for one in saved)
    context = {"rows": rows, "examples": list_examples(), "is_waiting": is_waiting}
    template = (
        "segments/_segments.html" if request.headers.get("HX-Target") == "segments" else "segments/list.html"
    )
    return render(request, template, context)


@dataclass(frozen=True)
class User:
    """A segment or a stage model that refers to a segment."""

    title: str
    href: str


def _list_users(around: LedgerSurroundings) -> dict[str, list[User]]:
    """By segment: what refers to it."""
    users: dict[str, list[User]] = {}

    def add(nodes: Sequence[Node], user: User) -> None:
        for rule in (rule for node in nodes for rule in list_rules(node)):
            for what, name in rule.list_names():
                if what == "segment" and user not in users.setdefault(name, []):
                    users[name].append(user)

    for other in around.segments.values():
        add([other.node], User(other.title or other.name, f"/segments/{other.name}/"))
    for model, nodes in around.stage_rules.items():
        add(nodes, User(around.titles.get(("model", model), model), f"/lifecycle/models/{quote(model)}/"))
    return users


@never_cache
@require_GET
@require_role("viewer")
def segment_page(request: HttpRequest, name: str) -> HttpResponse:
    saved = get_segment(name)
    sizes, around = list_segment_sizes(), look_around()
    size = sizes.get(name, 0)
    causes = read_causes(saved.id, DAYS)
    age_days = _count_days(saved)
    days = list_days(causes, size, min(DAYS, age_days))
    labels = [f"{one.day.day} {one.day:%b}" for one in days]
    context = {
        "saved": saved,
        "segment": saved.segment,
        "size": size,
        "change": list_size_changes(CHANGE_DAYS).get(saved.id, 0),
        "is_new": age_days < CHANGE_DAYS,
        "is_young": age_days < DAYS,
        "has_days": age_days > 0,
        "entered_count": sum(one.entered_count for one in causes),
        "exited_count": sum(one.exited_count for one in causes),
        "labels": labels,
        "size_series": [{"name": "Members", "values": [one.size for one in days]}],
        "move_series": [
            {"name": "Entered", "values": [one.entered_count for one in days]},
            {"name": "Left", "values": [one.exited_count for one in days]},
        ],
        "causes": causes[:40],
        "overlaps": list_overlaps(saved, list_segments(), sizes)[:20],
        "users": _list_users(around).get(name, []),
        "yaml": yaml.safe_dump(saved.segment.as_data(), sort_keys=False, allow_unicode=True, width=100),
        "sql": _write_sql(saved, around),
        **_members_context(request, saved),
    }
    return render(request, "segments/segment.html", context)


def _count_days(saved: SavedSegment) -> int:
    """How many days (UTC) it has been there."""
    return (clock.today() - saved.created_at.astimezone(UTC).date()).days


def _write_sql(saved: SavedSegment, around: LedgerSurroundings) -> str:
    try:
        return format_sql(compile_members(saved.segment.node, around))
    except TenureError as error:
        return f"-- {error.message}"


@never_cache
@require_GET
@require_role("viewer")
def members_fragment(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "segments/_members.html", _members_context(request, get_segment(name)))


def _members_context(request: HttpRequest, saved: SavedSegment) -> dict[str, Any]:
    name = saved.segment.name
    return {"saved": saved, **read_members(request, build_segment_members(name), f"/segments/{name}/")}


@require_GET
@require_role("marketer")
def export_members(request: HttpRequest, name: str, kind: str) -> StreamingHttpResponse:
    """Every member, as CSV or Parquet, streamed."""
    saved = get_segment(name)
    record_audit(str(request.user), "customers.exported", f"segment {name}, {kind}")
    return answer_file(build_segment_members(name), saved.segment.name, kind)


@never_cache
@require_GET
@require_role("viewer")
def why_page(request: HttpRequest, name: str) -> HttpResponse:
    """Why a customer is in a segment or not. `customer` is an id of ours, a user id, an anonymous id or an address."""
    saved = get_segment(name)
    asked = request.GET.get("customer", "").strip()[:254]
    context: dict[str, Any] = {"saved": saved, "segment": saved.segment, "asked": asked}
    if asked:
        try:
            explanation = explain_segment(name, _find_customer(request, asked))
        except NotFoundError as error:
            context["trouble"] = error.message
        else:
            context["told"] = explanation
            context["customer"] = customers.get_customer(explanation.customer_id, events=0)
            context["asked"] = context["customer"].customer_id
    return render(request, "segments/why.html", context)


def _find_customer(request: HttpRequest, asked: str) -> int:
    if request.GET.get("by") == "id" and asked.isascii() and asked.isdecimal() and len(asked) < 19:
        return int(asked)
    found = customers.find_customer_id(asked)
    if found is None:
        raise NotFoundError(
            "no_such_customer",
            f"No customer is known as {asked[:80]!r}. Give a user id, an anonymous id or an e-mail address.",
            "customer",
        )
    return found


@require_GET
@require_role("viewer")
def choose_why(request: HttpRequest) -> HttpResponse:
    """From a customer's page, where the segment is chosen, to the answer."""
    name = get_segment(request.GET.get("segment", "")).segment.name
    query = urlencode({"customer": request.GET.get("customer", "")[:254], "by": "id"})
    return HttpResponseRedirect(f"/segments/{name}/why/?{query}")


@require_POST
@require_role("marketer")
def delete(request: HttpRequest, name: str) -> HttpResponse:
    try:
        delete_segment(name, str(request.user))
    except ConflictError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(f"/segments/{name}/")
    messages.success(request, f"Deleted the segment {name}. No customer was changed.")
    return HttpResponseRedirect("/segments/")
