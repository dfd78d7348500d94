"""Import: drop a file, confirm its columns, watch, read the result."""

from collections.abc import Callable
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from tenure.base import jobs
from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.base.jobs import JobProgress
from tenure.config.environment import read_environment
from tenure.events.imports import api as imports

KINDS = (
    (
        "orders",
        "Orders",
        "Who bought, when, and for how much. One row per order or per order line; refunds are understood.",
    ),
    ("customers", "Customers", "Names, addresses and whatever else you know. One row per customer."),
    ("events", "Events", "Visits, sign-ups, anything that happened. One row per event."),
)
SAMPLE_ROWS = 5
RECENT = 10


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def start_import(request: HttpRequest) -> HttpResponse:
    kind = (request.POST if request.method == "POST" else request.GET).get("kind", "orders")
    if kind not in dict.fromkeys(name for name, _, _ in KINDS):
        kind = "orders"
    if request.method == "POST":
        upload = imports.keep_upload(request.FILES.get("file"), kind)
        href = f"/import/files/{upload.token}/"
        return (
            HttpResponseClientRedirect(href)
            if request.headers.get("HX-Request")
            else HttpResponseRedirect(href)
        )
    runs = [(run, run.result or {}) for run in imports.list_runs()[:RECENT]]
    return render(request, "events/import.html", {"kinds": KINDS, "kind": kind, "runs": runs})


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def confirm_columns(request: HttpRequest, token: str) -> HttpResponse:
    upload = imports.get_upload(token)
    shape = imports.sniff(upload.path)
    error = None
    if request.method == "POST":
        mapping = imports.read_choices(upload.purpose, request.POST)
        try:
            imports.check_choices(upload.purpose, mapping)
            date_format = imports.read_date_choice(upload.purpose, upload.path, shape, mapping, request.POST)
        except TenureError as problem:
            error = problem
        else:
            source = request.POST.get("source", "").strip()
            job_id = _start(upload, mapping, source, date_format, str(request.user))
            return HttpResponseRedirect(f"/import/jobs/{job_id}/")
    else:
        mapping = imports.guess_mapping(upload.purpose, shape)
    context = {
        "upload": upload,
        "kind_name": {name: title for name, title, _ in KINDS}.get(upload.purpose, "Orders"),
        "shape": shape,
        "samples": shape.samples[:SAMPLE_ROWS],
        "fields": imports.list_choices(upload.purpose, shape, mapping),
        "dates": imports.guess_dates(upload.purpose, upload.path, shape, mapping),
        "date_choices": imports.DATE_CHOICES,
        "error": error,
        "default_source": imports.DEFAULT_SOURCE,
    }
    return render(request, "events/columns.html", context, status=400 if error else 200)


@require_GET
@require_role("marketer")
def show_job(request: HttpRequest, job_id: int) -> HttpResponse:
    job = jobs.get_job(job_id)
    if job.kind != "events.import":
        raise Http404("There is no such import.")
    result = job.result or {}
    rejected = [
        (imports.describe_reason(code), number)
        for code, number in (result.get("rejected_reasons") or {}).items()
    ]
    context = {"job": job, "result": result, "rejected": rejected, "percent": round(job.done_share * 100)}
    return render(
        request, "events/_job.html" if request.headers.get("HX-Request") else "events/job.html", context
    )


@require_GET
@require_role("marketer")
def download_rejected(request: HttpRequest, name: str) -> FileResponse:
    folder = read_environment().import_folder
    path = folder / name
    if not name.endswith("-rejected.csv") or path.parent != folder or not path.is_file():
        raise Http404("This list of rejected rows is no longer here. Import the file again.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8"
    )


def _start(
    upload: imports.Upload, mapping: dict[str, str], source: str, date_format: str | None, actor: str
) -> int:
    def work(progress: JobProgress) -> dict[str, Any]:
        tell: Callable[[float, str], None] = progress.report
        result = imports.run_import(
            upload.purpose,
            upload.path,
            mapping,
            source=source or None,
            progress=tell,
            date_format=date_format,
        )
        record_audit(
            actor, "import.finished", upload.name, events=result.events_written, rejected=result.rows_rejected
        )
        imports.discard_upload(upload.token)
        return {
            **result.as_dict(),
            "rejected_name": result.rejected_file.name if result.rejected_file else "",
        }

    record_audit(actor, "import.started", upload.name, kind=upload.purpose)
    return jobs.start_job("events.import", work, actor)
