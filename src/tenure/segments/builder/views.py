"""The segment builder: a form that is its own memory, and fragments that say what it makes."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import sqlglot
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tenure.base.access import require_role
from tenure.base.errors import ConflictError, TenureError
from tenure.lake import api as lakes
from tenure.segments.builder.actions import act
from tenure.segments.builder.drafts import ROOT, DraftGroup, load_draft, read_draft
from tenure.segments.builder.examples import find_example, list_examples
from tenure.segments.builder.forms import FormData
from tenure.segments.builder.judging import Verdict, find_whole_data, judge
from tenure.segments.builder.offers import Offers
from tenure.segments.builder.people import compare_with_stored, list_people
from tenure.segments.builder.showing import list_kinds, list_shown_rules, show_draft
from tenure.segments.definitions.counting import compile_members, count_node, sample_node
from tenure.segments.definitions.definition import Segment, parse_segment
from tenure.segments.definitions.library import SavedSegment, get_segment
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.membership.saving import save_segment

SAVE = "save"
LOOK = "look"


@dataclass
class Build:
    """What the form holds; `saved` is the segment being edited."""

    draft: DraftGroup
    around: LedgerSurroundings
    saved: SavedSegment | None = None
    title: str = ""
    name: str = ""
    description: str = ""
    version: str = ""
    focus: str = ""
    trouble: str = ""
    name_error: str = ""

    def judge(self) -> Verdict:
        return judge(self.draft, self.around, self.saved.segment.name if self.saved else "")


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("marketer")
def new_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _answer(request, _read_build(request, None))
    build = Build(DraftGroup("all"), look_around(), focus=ROOT)
    start = _find_start(request)
    if start is not None:
        build = Build(load_draft(start.rule), build.around, title=start.title, description=start.description)
        if request.GET.get("copy"):
            build.title = f"{start.title or start.name} (copy)"[:120]
    return _show_page(request, build)


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("marketer")
def edit_page(request: HttpRequest, name: str) -> HttpResponse:
    saved = get_segment(name)
    if request.method == "POST":
        return _answer(request, _read_build(request, saved))
    segment = saved.segment
    build = Build(
        load_draft(segment.node.as_data()), look_around(), saved, segment.title, name, segment.description,
        str(saved.version),
    )  # fmt: skip
    return _show_page(request, build)


@require_POST
@require_role("marketer")
def tree_fragment(request: HttpRequest) -> HttpResponse:
    """The tree after a button or after something that other fields depend on."""
    build = _read_build(request, None)
    action = request.POST.get("do", "")
    if action not in ("", LOOK, SAVE):
        try:
            build.focus = act(build.draft, action)
        except TenureError as error:
            build.trouble = error.message
    response = render(request, "segments/builder/_tree.html", _tree_context(build, build.judge()))
    response["HX-Trigger-After-Swap"] = "rebuilt"
    return response


@require_POST
@require_role("marketer")
def count_fragment(request: HttpRequest) -> HttpResponse:
    """How many the form takes now, and what is to be said of each rule."""
    build = _read_build(request, None)
    verdict = build.judge()
    context = _tree_context(build, verdict) | _count_context(build, verdict)
    context["rules"] = list(list_shown_rules(context["tree"]))
    return render(request, "segments/builder/_count.html", context)


@require_POST
@require_role("marketer")
def people_fragment(request: HttpRequest) -> HttpResponse:
    """Ten of them; and who enters and who leaves by saving."""
    build = _read_build(request, None)
    return render(request, "segments/builder/_people.html", _people_context(build, build.judge()))


def _find_start(request: HttpRequest) -> Segment | None:
    if copied := request.GET.get("copy", ""):
        return get_segment(copied).segment
    return find_example(request.GET.get("example", ""))


def _read_build(request: HttpRequest, saved: SavedSegment | None) -> Build:
    form = FormData(request.POST)
    if saved is None and (editing := form.get("editing")):
        saved = get_segment(editing)
    return Build(
        read_draft(form), look_around(), saved, form.get("title"), form.get("name"), form.get("description"),
        form.get("version"),
    )  # fmt: skip


def _answer(request: HttpRequest, build: Build) -> HttpResponse:
    """A whole page after a press without htmx: saved, or shown again."""
    action = request.POST.get("do", SAVE)
    if action == SAVE:
        saved = _save(request, build)
        if saved is not None:
            return HttpResponseRedirect(f"/segments/{saved}/")
        return _show_page(request, build, status=400, is_saving=True)
    if action != LOOK:
        build.focus = act(build.draft, action)
    return _show_page(request, build, is_counted=True)


def _save(request: HttpRequest, build: Build) -> str | None:
    """The name under which it was saved; None where something is wrong, which the build then says."""
    verdict, data = build.judge(), find_whole_data(build.draft)
    if not build.title:
        build.name_error = "Give it a title."
    if data is None:
        build.trouble = "Add at least one rule."
    elif not verdict.is_whole:
        build.trouble = "Not saved: a rule is unfinished or wrong. It is marked below."
    if build.name_error or build.trouble or data is None:
        return None
    if build.saved is not None and build.version != str(build.saved.version):
        build.trouble = "Somebody else changed this segment meanwhile. Look at it in another tab; saving again replaces it."
        build.version = str(build.saved.version)
        return None
    old = build.saved.segment.as_data() if build.saved else {}
    name = build.saved.segment.name if build.saved else build.name or make_name(build.title)
    written = {**old, "name": name, "title": build.title[:120], "rule": data}
    written["description"] = build.description
    try:
        result = save_segment(parse_segment(written), str(request.user), replace=build.saved is not None)
    except ConflictError as error:
        build.name, build.name_error = name, error.message
        return None
    except TenureError as error:
        build.name, build.trouble = name, error.message
        return None
    if result.is_changed:
        messages.success(request, "Saved. Its members are being computed; the page shows them in a moment.")
    return name


def make_name(title: str) -> str:
    """A name for files and the API from a title: "Big spenders, 2026" to big-spenders-2026."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "segment"


def _show_page(
    request: HttpRequest, build: Build, status: int = 200, is_counted: bool = False, is_saving: bool = False
) -> HttpResponse:
    verdict = build.judge()
    if is_saving:
        verdict.errors |= verdict.hints
        verdict.hints = {}
    context = _tree_context(build, verdict)
    if not build.draft.parts and build.saved is None:
        context["examples"] = list_examples()
    context |= {"build": build, "shared": Offers(lakes.current(), build.around).list_shared()}
    if is_counted:
        context |= _count_context(build, verdict) | {"is_counted": True}
    return render(request, "segments/builder/page.html", context, status=status)


def _tree_context(build: Build, verdict: Verdict) -> dict[str, Any]:
    offers = Offers(lakes.current(), build.around, build.saved.segment.name if build.saved else "")
    return {
        "tree": show_draft(build.draft, verdict, offers, build.focus),
        "kinds": list_kinds(),
        "trouble": build.trouble,
        "verdict": verdict,
    }


def _count_context(build: Build, verdict: Verdict) -> dict[str, Any]:
    if verdict.segment is None:
        return {"count": None}
    count = count_node(verdict.segment.node, build.around)
    return {
        "count": count,
        "steps": [
            {
                "name": "All customers",
                "value": count.total_count,
                "text": f"{count.total_count:,}",
                "share_text": "100%",
                "slot": 1,
            },
            *(
                {
                    "name": step.sentence[:1].upper() + step.sentence[1:],
                    "value": step.left_count,
                    "text": f"{step.left_count:,}",
                    "share_text": f"{step.left_count / count.total_count:.0%}" if count.total_count else "",
                }
                for step in count.steps
            ),
        ],
        "sentence": verdict.segment.sentence,
    }


def _people_context(build: Build, verdict: Verdict) -> dict[str, Any]:
    if verdict.segment is None:
        return {}
    node, around = verdict.segment.node, build.around
    context: dict[str, Any] = {
        "people": list_people(sample_node(node, around)),
        "sql": format_sql(compile_members(node, around)),
    }
    if build.saved is not None and build.saved.is_built:
        context["difference"] = compare_with_stored(node, build.saved.segment.name, around)
    return context


def format_sql(sql: str) -> str:
    """The statement in lines; as it is where it cannot be taken apart."""
    name = lakes.current().dialect.ibis_name
    try:
        return sqlglot.transpile(sql, read=name, write=name, pretty=True)[0]
    except sqlglot.errors.SqlglotError:
        return sql
