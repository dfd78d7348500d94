"""An RFM analysis of a file: drop it, confirm the columns, see the segments. Nothing is kept."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from tenure.base import jobs
from tenure.base.access import require_role
from tenure.base.errors import TenureError
from tenure.base.jobs import JobProgress
from tenure.events.imports import api as imports
from tenure.segments import api
from tenure.segments.drawing import (
    R_NAMES,
    draw_bars,
    draw_heat,
    get_known_preset,
    list_cards,
    list_score_rows,
)

PURPOSE = "orders"
JOB = "segments.file"
SAMPLE_ROWS = 5
OUT_NAME = "segments.csv"


@require_http_methods(["GET", "POST"])
@require_role("viewer")
def choose_file(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        upload = imports.keep_upload(request.FILES.get("file"), PURPOSE)
        href = f"/lifecycle/file/{upload.token}/"
        return (
            HttpResponseClientRedirect(href)
            if request.headers.get("HX-Request")
            else HttpResponseRedirect(href)
        )
    return render(request, "segments/file.html")


@require_http_methods(["GET", "POST"])
@require_role("viewer")
def confirm_columns(request: HttpRequest, token: str) -> HttpResponse:
    upload = imports.get_upload(token)
    shape = imports.sniff(upload.path)
    error = None
    mapping = imports.guess_mapping(PURPOSE, shape)
    if request.method == "POST":
        mapping = imports.read_choices(PURPOSE, request.POST)
        try:
            imports.check_choices(PURPOSE, mapping)
            preset = get_known_preset(request.POST.get("preset", ""))
            date_format = imports.read_date_choice(PURPOSE, upload.path, shape, mapping, request.POST)
        except TenureError as problem:
            error = problem
        else:
            job_id = _start(upload, mapping, preset, date_format, str(request.user))
            return HttpResponseRedirect(f"/lifecycle/file/jobs/{job_id}/")
    shown = {
        "order_id",
        "customer_id",
        "ordered_at",
        "quantity",
        "unit_price",
        "amount",
        "order_total",
        "email",
    }
    context = {
        "upload": upload,
        "shape": shape,
        "samples": shape.samples[:SAMPLE_ROWS],
        "fields": [one for one in imports.list_choices(PURPOSE, shape, mapping) if one.name in shown],
        "presets": api.list_presets(),
        "dates": imports.guess_dates(PURPOSE, upload.path, shape, mapping),
        "date_choices": imports.DATE_CHOICES,
        "error": error,
    }
    return render(request, "segments/file_columns.html", context, status=400 if error else 200)


@require_GET
@require_role("viewer")
def show_result(request: HttpRequest, job_id: int) -> HttpResponse:
    job = jobs.get_job(job_id)
    if job.kind != JOB:
        raise Http404("There is no such analysis.")
    context: dict[str, Any] = {"job": job}
    if job.state == "done":
        preset = api.get_preset(job.result["preset"])
        rows = tuple(
            api.SegmentRow(row["segment"], row["phase"], row["customers"], row["revenue"])
            for row in job.result["segments"]
        )
        context |= {
            "result": job.result,
            "heat_rows": draw_heat([api.HeatCell(*cell) for cell in job.result["cells"]], has_links=False),
            "heat_columns": R_NAMES,
            "score_rows": list_score_rows(job.result["scores"]),
            "scored_count": sum(number for _, _, number, _ in job.result["cells"]),
            "bars": draw_bars(preset, rows, has_links=False),
            "cards": list_cards(preset, rows, has_links=False),
        }
    return render(
        request,
        "segments/_file_result.html" if request.headers.get("HX-Request") else "segments/file_result.html",
        context,
    )


@require_GET
@require_role("viewer")
def download_rows(request: HttpRequest, token: str) -> FileResponse:
    path = imports.get_upload(token).path.with_name(OUT_NAME)
    if not path.is_file():
        raise Http404("This analysis is no longer here. Choose the file again.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=OUT_NAME, content_type="text/csv; charset=utf-8"
    )


def _start(
    upload: imports.Upload, mapping: dict[str, str], preset: api.Preset, date_format: str | None, actor: str
) -> int:
    def work(progress: JobProgress) -> dict[str, Any]:
        progress.report(0.1, "Reading the file and sorting its customers")
        found = api.compute_rfm_from_file(
            upload.path,
            preset=preset,
            mapping=mapping,
            out=upload.path.with_name(OUT_NAME),
            date_format=date_format,
        )
        return {
            **found.as_dict(),
            "name": upload.name,
            "token": upload.token,
            "cells": [(cell.r, cell.f, cell.customers_count, cell.segment) for cell in found.result.heatmap],
            "scores": api.explain_cutpoints(found.result.cutpoints),
        }

    return jobs.start_job(JOB, work, actor)
