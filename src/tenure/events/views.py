"""Import: drop a file, confirm its columns, watch, read the result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from tenure.base import jobs
from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.base.jobs import JobProgress
from tenure.config.environment import read_environment
from tenure.events import uploads
from tenure.events.imports import api as imports

KINDS = (
    ("orders", "Orders", "Who bought, when, and for how much. One row per order or per order line; refunds are understood."),
    ("customers", "Customers", "Names, addresses and whatever else you know. One row per customer."),
    ("events", "Events", "Visits, sign-ups, anything that happened. One row per event."),
)
SAMPLE_ROWS = 5
RECENT = 10


@dataclass(frozen=True)
class FieldChoice:
    """A field and the column that holds it, with what the column says in the first rows."""

    name: str
    label: str
    meaning: str
    column: str
    is_needed: bool
    columns: tuple[tuple[str, str], ...]


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def start_import(request: HttpRequest) -> HttpResponse:
    kind = (request.POST if request.method == "POST" else request.GET).get("kind", "orders")
    if kind not in dict.fromkeys(name for name, _, _ in KINDS):
        kind = "orders"
    if request.method == "POST":
        upload = uploads.keep_upload(request.FILES.get("file"), kind)
        return go_to(request, f"/import/files/{upload.token}/")
    runs = [(run, run.result or {}) for run in imports.list_runs()[:RECENT]]
    return render(request, "events/import.html", {"kinds": KINDS, "kind": kind, "runs": runs})


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def confirm_columns(request: HttpRequest, token: str) -> HttpResponse:
    upload = uploads.get_upload(token)
    try:
        shape = imports.sniff(upload.path)
    except TenureError as error:
        return render(request, "events/unreadable.html", {"upload": upload, "error": error}, status=400)
    error = None
    if request.method == "POST":
        mapping = read_mapping(upload.purpose, request.POST)
        try:
            check_mapping(upload.purpose, mapping)
        except TenureError as problem:
            error = problem
        else:
            job_id = _start(upload, mapping, request.POST.get("source", "").strip(), str(request.user))
            return HttpResponseRedirect(f"/import/jobs/{job_id}/")
    else:
        mapping = imports.guess_mapping(upload.purpose, shape)
    context = {
        "upload": upload,
        "kind_name": dict((name, title) for name, title, _ in KINDS).get(upload.purpose, "Orders"),
        "shape": shape,
        "samples": shape.samples[:SAMPLE_ROWS],
        "fields": list_choices(upload.purpose, shape, mapping),
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
    context = {"job": job, "result": job.result or {}, "percent": round(job.done_share * 100)}
    return render(request, "events/_job.html" if request.htmx else "events/job.html", context)


@require_GET
@require_role("marketer")
def download_rejected(request: HttpRequest, name: str) -> FileResponse:
    folder = read_environment().import_folder
    path = folder / name
    if not name.endswith("-rejected.csv") or path.parent != folder or not path.is_file():
        raise Http404("This list of rejected rows is no longer here. Import the file again.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


def go_to(request: HttpRequest, href: str) -> HttpResponse:
    return HttpResponseClientRedirect(href) if request.htmx else HttpResponseRedirect(href)


def read_mapping(kind: str, data: QueryDict) -> dict[str, str]:
    """Fields to columns as chosen; a field without a column is left out."""
    names = [field.name for field in imports.get_fields(kind)]
    return {name: data[f"field-{name}"] for name in names if data.get(f"field-{name}")}


def check_mapping(kind: str, mapping: dict[str, str]) -> None:
    """Errors: a column is missing, or one column is two things. Said for a page, not for a command line."""
    twice = {column for column in mapping.values() if list(mapping.values()).count(column) > 1}
    if twice:
        raise TenureError("column_twice", f"The column {min(twice)!r} is chosen twice. Choose it for one field only.")
    for title, names in _NEEDED.get(kind, ()):
        if not any(name in mapping for name in names):
            raise TenureError("mapping_incomplete", f"Choose the column that holds {title}.", names[0])


_NEEDED: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "orders": (
        ("the customer (an id or an e-mail address)", ("customer_id", "email")),
        ("the date of the order", ("ordered_at",)),
        ("the amount (or the price and the quantity)", ("amount", "unit_price", "order_total")),
    ),
    "customers": (("the customer (an id or an e-mail address)", ("customer_id", "email")),),
    "events": (
        ("the customer", ("customer_id", "anonymous_id")),
        ("what happened", ("event",)),
        ("when it happened", ("timestamp",)),
    ),
}


def list_choices(kind: str, shape: imports.FileShape, mapping: dict[str, str]) -> list[FieldChoice]:
    """Every field with the columns to choose from; each column is shown with its first values."""
    columns = []
    for position, column in enumerate(shape.columns):
        seen = list(dict.fromkeys(row[position].strip() for row in shape.samples if row[position].strip()))
        columns.append((column, ", ".join(value[:18] for value in seen[:3])))
    needed = {name for _, names in _NEEDED.get(kind, ()) for name in names[:1]}
    return [
        FieldChoice(
            name=field.name,
            label=field.name.replace("_", " ").capitalize().replace(" id", " ID").replace("Id", "ID"),
            meaning=field.meaning,
            column=mapping.get(field.name, ""),
            is_needed=field.name in needed,
            columns=tuple(columns),
        )
        for field in imports.get_fields(kind)
    ]


def _start(upload: uploads.Upload, mapping: dict[str, str], source: str, actor: str) -> int:
    fields = {field.name: "" for field in imports.get_fields(upload.purpose)}

    def work(progress: JobProgress) -> dict[str, Any]:
        tell: Callable[[float, str], None] = progress.report
        result = imports.run_import(
            upload.purpose, upload.path, {**fields, **mapping}, source=source or None, progress=tell
        )
        record_audit(actor, "import.finished", upload.name, events=result.events_written, rejected=result.rows_rejected)
        uploads.discard_upload(upload.token)
        return {**result.as_dict(), "rejected_name": result.rejected_file.name if result.rejected_file else ""}

    record_audit(actor, "import.started", upload.name, kind=upload.purpose)
    return jobs.start_job("events.import", work, actor)
