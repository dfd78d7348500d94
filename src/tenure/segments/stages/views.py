"""The pages of stage models: choose one, look at its stages, flow and time in stage."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.base import clock
from tenure.base.access import has_role, require_role
from tenure.base.errors import TenureError
from tenure.segments.stages import history, library
from tenure.segments.stages.evaluating import rebuild_stages
from tenure.segments.stages.kpis.base import DAYS
from tenure.segments.stages.model import parse_model_text
from tenure.segments.stages.showing import draw_flow, list_stage_cards

FIRST_DAY = date(1900, 1, 1)
FLOW_DAYS = 30


@require_GET
@require_role("viewer")
def list_models(request: HttpRequest) -> HttpResponse:
    return _render_list(request)


def _render_list(request: HttpRequest, error: TenureError | None = None, text: str = "") -> HttpResponse:
    saved = library.list_models()
    used = {one.model.name for one in saved}
    context = {
        "models": saved,
        "presets": [(preset, preset.name in used) for preset in library.list_model_presets()],
        "error": error,
        "text": text,
        "may_edit": has_role(request.user, "marketer"),
    }
    return render(request, "segments/stages/list.html", context, status=400 if error else 200)


@require_POST
@require_role("marketer")
def use_preset(request: HttpRequest) -> HttpResponse:
    result = library.apply_model_preset(request.POST.get("preset", ""), str(request.user))
    rebuild_stages([result.saved.model.name])
    messages.success(request, f"{result.saved.model.title} is in use. Everybody is in a stage of it now.")
    return HttpResponseRedirect(f"/lifecycle/models/{result.saved.model.name}/")


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def add_model(request: HttpRequest) -> HttpResponse:
    """A model written as YAML."""
    if request.method == "GET":
        return HttpResponseRedirect("/lifecycle/models/")
    text = request.POST.get("text", "")
    try:
        result = library.save_model(parse_model_text(text), str(request.user), replace=False)
    except TenureError as error:
        return _render_list(request, error, text)
    rebuild_stages([result.saved.model.name])
    return HttpResponseRedirect(f"/lifecycle/models/{result.saved.model.name}/")


@require_POST
@require_role("marketer")
def delete_model(request: HttpRequest, name: str) -> HttpResponse:
    title = library.get_model(name).model.title or name
    try:
        library.delete_model(name, str(request.user))
    except TenureError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(f"/lifecycle/models/{name}/edit/")
    messages.success(request, f"{title} is no longer in use.")
    return HttpResponseRedirect("/lifecycle/models/")


@require_GET
@require_role("viewer")
def show_model(request: HttpRequest, name: str) -> HttpResponse:
    saved, today = library.get_model(name), clock.today()
    as_of_on = read_day(request, "as_of", today, today)
    to_on = read_day(request, "to", as_of_on, today)
    counts = history.count_stages(saved.model, as_of_on)
    known_since = history.find_known_since(saved.model)
    from_on = read_day(request, "from", to_on - timedelta(days=FLOW_DAYS), today)
    if known_since is not None and not request.GET.get("from"):
        from_on = min(max(from_on, known_since.date()), to_on)
    from_on, to_on = sorted((from_on, to_on))
    total = sum(counts.values())
    context = {
        "saved": saved,
        "model": saved.model,
        "models": library.list_models(),
        "as_of_on": as_of_on,
        "today": today,
        "from_on": from_on,
        "to_on": to_on,
        "total": total,
        "bars": _list_bars(saved.model, counts, total or 1),
        "known_since": known_since,
        "is_too_early": not saved.is_built_in and (known_since is None or known_since.date() > as_of_on),
        "flow": draw_flow(saved.model, from_on, to_on),
        "flow_too_early": not saved.is_built_in and (known_since is None or known_since.date() > from_on),
        "times": history.compute_time_in_stage(saved.model),
        "may_edit": has_role(request.user, "marketer"),
    }
    return render(request, "segments/stages/model.html", context)


@require_GET
@require_role("viewer")
def show_cards(request: HttpRequest, name: str) -> HttpResponse:
    """The stages with their key figures: a fragment, because figures may take a moment."""
    saved, today = library.get_model(name), clock.today()
    as_of_on = read_day(request, "as_of", today, today)
    context = {"cards": list_stage_cards(saved.model, as_of_on, today), "model": saved.model, "days": DAYS}
    return render(request, "segments/stages/_cards.html", context)


def _list_bars(model: Any, counts: dict[str, int], total: int) -> list[dict[str, Any]]:
    slots = {stage.name: stage.colour_slot for stage in model.stages}
    names = [stage.name for stage in model.in_life_order]
    return [
        {
            "name": name,
            "value": counts[name],
            "share_text": f"{counts[name] / total:.0%}",
            "slot": slots.get(name, 1),
            "group": next((stage.phase for stage in model.stages if stage.name == name), ""),
        }
        for name in [*names, *(name for name in counts if name not in names)]
    ]


def read_day(request: HttpRequest, name: str, default: date, latest: date) -> date:
    """A day from the address, no later than `latest`. Errors: it cannot be read."""
    text = request.GET.get(name, "")
    if not text:
        return max(default, FIRST_DAY)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise TenureError("bad_day", f"Write the day as 2026-11-22, not {text[:40]!r}.", name) from error
    if day < FIRST_DAY:
        raise TenureError("bad_day", f"{day} is too long ago. Give a day from {FIRST_DAY} to today.", name)
    return min(day, latest)
