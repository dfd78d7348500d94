"""The lifecycle page: scores, segments, movements between two days."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from tenure.base import clock
from tenure.base.access import has_role, require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.base.spreadsheet import defuse
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.segments import api
from tenure.segments.drawing import (
    R_NAMES,
    draw_bars,
    draw_heat,
    draw_migration,
    get_known_preset,
    list_cards,
    list_score_rows,
)

DAYS = 30
FIRST_DAY = date(1900, 1, 1)


@require_GET
@require_role("viewer")
def show_lifecycle(request: HttpRequest) -> HttpResponse:
    preset = get_known_preset(request.GET.get("preset", ""))
    today = clock.today()
    as_of_on = _read_day(request, "as_of", today, today)
    to_on = _read_day(request, "to", as_of_on, today)
    from_on, to_on = sorted((_read_day(request, "from", to_on - timedelta(days=DAYS), today), to_on))
    result = api.compute_rfm(preset, as_of_on)
    is_default = preset.name == api.get_preset().name
    is_present = as_of_on == today and is_default
    context = {
        "preset": preset,
        "presets": api.list_presets(),
        "as_of_on": as_of_on,
        "today": today,
        "result": result,
        "import_href": "/import/" if has_role(request.user, "marketer") else "",
        "is_default": is_default,
        "has_anybody": bool(result.customers_count) or _has_anybody(),
        "scored_count": sum(cell.customers_count for cell in result.heatmap),
        "heat_rows": draw_heat(result.heatmap, is_present),
        "heat_columns": R_NAMES,
        "score_rows": list_score_rows(api.explain_cutpoints(result.cutpoints)),
        "bars": draw_bars(preset, result.segments, is_present),
        "cards": list_cards(preset, result.segments, is_present),
        "migration": draw_migration(preset, from_on, to_on),
        "from_on": from_on,
        "to_on": to_on,
        "export_href": f"/lifecycle/customers.csv?{urlencode({'preset': preset.name, 'as_of': as_of_on.isoformat()})}",
    }
    return render(request, "segments/lifecycle.html", context)


def _has_anybody() -> bool:
    return bool(lakes.current().read_rows(customers.build_customers().select("customer_id").limit(1)))


@require_GET
@require_role("marketer")
def export_rfm(request: HttpRequest) -> StreamingHttpResponse:
    """One row per customer, as `tenure rfm --out` writes it."""
    preset = get_known_preset(request.GET.get("preset", ""))
    as_of_on = _read_day(request, "as_of", clock.today(), clock.today())
    record_audit(str(request.user), "customers.exported", f"RFM, {preset.name}, {as_of_on}")
    response = StreamingHttpResponse(_stream_rfm(preset, as_of_on), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rfm-{preset.name}-{as_of_on}.csv"'
    return response


def _stream_rfm(preset: api.Preset, as_of_on: date) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    rows = api.build_rfm(preset, as_of_on)
    columns = ["external_id", "days_since_last_order", "order_count", *api.ROW_COLUMNS[3:]]
    writer.writerow(api.ROW_COLUMNS)
    for batch in lakes.current().stream(rows.order_by("customer_id").select(*columns)):
        writer.writerows(zip(*(defuse(column).to_pylist() for column in batch.columns), strict=True))
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()


def _read_day(request: HttpRequest, name: str, default: date, latest: date) -> date:
    text = request.GET.get(name, "")
    if not text:
        return default
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise TenureError("bad_day", f"Write the day as 2026-11-22, not {text[:40]!r}.", name) from error
    if day < FIRST_DAY:
        raise TenureError("bad_day", f"{day} is too long ago. Give a day from {FIRST_DAY} to today.", name)
    return min(day, latest)
