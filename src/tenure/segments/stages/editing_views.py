"""The editor of a stage model."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from tenure.base.access import require_role
from tenure.base.errors import NotFoundError, TenureError
from tenure.segments.definitions.library import list_segments
from tenure.segments.stages import editing, library
from tenure.segments.stages.evaluating import rebuild_stages
from tenure.segments.stages.kpis import KPIS
from tenure.segments.stages.library import SavedModel
from tenure.segments.stages.model import StageModel, parse_model


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def edit_model(request: HttpRequest, name: str) -> HttpResponse:
    saved = library.get_model(name)
    if request.method == "GET":
        return _render_model(request, saved)

    def change(model: StageModel) -> StageModel:
        kept = {field: request.POST.get(field, "").strip() for field in ("title", "description", "otherwise")}
        return parse_model({**model.as_data(), **kept})

    return _change(request, saved, change)


@require_POST
@require_role("marketer")
def move_stage(request: HttpRequest, name: str) -> HttpResponse:
    stage, direction = request.POST.get("stage", ""), request.POST.get("direction", "")
    return _change(
        request, library.get_model(name), lambda model: editing.move_stage(model, stage, direction)
    )


@require_POST
@require_role("marketer")
def remove_stage(request: HttpRequest, name: str) -> HttpResponse:
    stage = request.POST.get("stage", "")
    return _change(request, library.get_model(name), lambda model: editing.remove_stage(model, stage))


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def edit_stage(request: HttpRequest, name: str, number: int | None = None) -> HttpResponse:
    """A stage by its place (from 1), or a new one."""
    saved = library.get_model(name)
    if number is not None and not 1 <= number <= len(saved.model.stages):
        raise NotFoundError("unknown_stage", f"{name} has no stage {number}.", "stage")
    before = None if number is None else saved.model.stages[number - 1]
    context: dict[str, Any] = {
        "saved": saved,
        "model": saved.model,
        "number": number,
        "heading": f"Stage {before.name}" if before else "New stage",
        "form": editing.show_stage(before),
        "colours": editing.COLOURS,
        "segments": [(one.segment.name, one.segment.title or one.segment.name) for one in list_segments()],
        "kpis": KPIS,
    }
    if request.method == "POST":
        try:
            stage = editing.read_stage(request.POST, before, has_rules=not saved.is_built_in)
            _save(request, saved, editing.put_stage(saved.model, number, stage))
        except TenureError as error:
            context |= {"error": error, "form": {**context["form"], **_keep(request)}}
            return render(request, "segments/stages/stage.html", context, status=error.status)
        return HttpResponseRedirect(f"/lifecycle/models/{name}/edit/")
    return render(request, "segments/stages/stage.html", context)


def _keep(request: HttpRequest) -> dict[str, str]:
    """What was typed, so that an error loses nothing."""
    names = ("name", "phase", "rank", "segment", "rule", "objective", "owner", "touchpoints")
    return {name: request.POST[name] for name in names if name in request.POST}


def _change(
    request: HttpRequest, saved: SavedModel, change: Callable[[StageModel], StageModel]
) -> HttpResponse:
    try:
        _save(request, saved, change(saved.model))
    except TenureError as error:
        return _render_model(request, saved, error)
    return HttpResponseRedirect(f"/lifecycle/models/{saved.model.name}/edit/")


def _save(request: HttpRequest, saved: SavedModel, model: StageModel) -> None:
    """Save a change to the version that the reader saw, and follow with everybody's stage."""
    seen = request.POST.get("version", "")
    result = library.save_model(
        model, str(request.user), version=int(seen) if seen.isdecimal() and saved.updated_at else None
    )
    if not result.saved.is_built:
        rebuild_stages([model.name])
    if result.is_changed:
        messages.success(request, "Saved.")
    for warning in result.warnings[:3]:
        messages.warning(request, f"{warning.place}: {warning.message}")


def _render_model(request: HttpRequest, saved: SavedModel, error: TenureError | None = None) -> HttpResponse:
    context = {"saved": saved, "model": saved.model, "error": error}
    return render(request, "segments/stages/edit.html", context, status=error.status if error else 200)
