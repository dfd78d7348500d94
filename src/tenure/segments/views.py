"""The lifecycle page: scores, segments, movements between two days."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from tenure.base import clock
from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.lake import api as lakes
from tenure.segments import api

DAYS = 30
R_NAMES = ("R 1", "R 2", "R 3", "R 4", "R 5")


@require_GET
@require_role("viewer")
def show_lifecycle(request: HttpRequest) -> HttpResponse:
    preset = api.get_preset(_known_preset(request.GET.get("preset", "")))
    today = clock.today()
    as_of_on = _read_day(request, "as_of", today, today)
    to_on = _read_day(request, "to", as_of_on, today)
    from_on = _read_day(request, "from", to_on - timedelta(days=DAYS), today)
    result = api.compute_rfm(preset, as_of_on)
    cells = api.compute_heatmap(preset, as_of_on)
    is_present = as_of_on == today and preset.name == api.get_preset().name
    context = {
        "preset": preset,
        "presets": api.list_presets(),
        "as_of_on": as_of_on,
        "today": today,
        "result": result,
        "scored_count": sum(cell.customers_count for cell in cells),
        "heat_rows": draw_heat(cells, is_present),
        "heat_columns": R_NAMES,
        "bars": draw_bars(preset, result, is_present),
        "cards": list_cards(preset, result, is_present),
        "migration": draw_migration(preset, from_on, to_on),
        "from_on": from_on,
        "to_on": to_on,
        "export_href": f"/lifecycle/customers.csv?{urlencode({'preset': preset.name, 'as_of': as_of_on.isoformat()})}",
    }
    return render(request, "segments/lifecycle.html", context)


@require_GET
@require_role("marketer")
def export_rfm(request: HttpRequest) -> StreamingHttpResponse:
    """One row per customer, as `tenure rfm --out` writes it."""
    preset = api.get_preset(_known_preset(request.GET.get("preset", "")))
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
        writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()


def draw_heat(found: Sequence[api.HeatCell], has_links: bool) -> list[dict[str, Any]]:
    """25 cells: frequency from above, recency across, each with its count and most common segment."""
    cells = {(cell.r, cell.f): cell for cell in found}
    rows = []
    for f in (5, 4, 3, 2, 1):
        drawn = []
        for r in (1, 2, 3, 4, 5):
            cell = cells.get((r, f))
            number = cell.customers_count if cell else 0
            note = (cell.segment or "").removesuffix(" Customers") if cell else ""
            title = f"R {r}, F {f}: {number:,} customers" + (f", most of them {cell.segment}" if cell else "")
            href = f"/customers/?r={r}&f={f}" if number and has_links else ""
            drawn.append({"value": number, "note": note, "title": title, "href": href})
        rows.append({"name": f"F {f}", "cells": drawn})
    return rows


def draw_bars(preset: api.Preset, result: api.RfmResult, has_links: bool) -> list[dict[str, Any]]:
    """All segments, grouped by phase, the empty ones included."""
    counts = {row.segment: row.customers_count for row in result.segments}
    total = sum(counts.values()) or 1
    return [
        {
            "name": segment.name,
            "value": counts.get(segment.name, 0),
            "share_text": _percent(counts.get(segment.name, 0) / total),
            "href": f"/customers/?{urlencode({'segment': segment.name})}" if has_links else f"#{_anchor(segment.name)}",
            "slot": phase.colour_slot,
            "group": phase.name,
        }
        for phase in preset.phases
        for segment in preset.segments
        if segment.phase == phase.name
    ]


def list_cards(preset: api.Preset, result: api.RfmResult, has_links: bool) -> list[dict[str, Any]]:
    """Phases with their segments: who, goal, strategies, customers, revenue and shares."""
    rows = {row.segment: row for row in result.segments}
    customers = sum(row.customers_count for row in result.segments) or 1
    revenue = float(sum(row.revenue_amount or 0 for row in result.segments)) or 1.0
    cards = []
    for phase in preset.phases:
        segments = []
        for segment in (one for one in preset.segments if one.phase == phase.name):
            row = rows.get(segment.name)
            number, amount = (row.customers_count, row.revenue_amount) if row else (0, 0)
            rule = segment.parsed_rule
            segments.append(
                {
                    "segment": segment,
                    "anchor": _anchor(segment.name),
                    "rule": rule.describe() if rule else "no other rule applies",
                    "customers_count": number,
                    "share": number / customers,
                    "revenue_amount": amount,
                    "revenue_share": float(amount or 0) / revenue,
                    "href": f"/customers/?{urlencode({'segment': segment.name})}" if has_links else "",
                }
            )
        cards.append({"phase": phase, "segments": segments})
    return cards


def draw_migration(preset: api.Preset, from_on: date, to_on: date) -> dict[str, Any] | None:
    """From segment (down) to segment (across); staying is not heated, so that movement shows."""
    rows = api.compute_migration(from_on, to_on, preset)
    if not any(row.from_segment != api.NOT_YET for row in rows):
        return None
    counts = {(row.from_segment, row.to_segment): row.customers_count for row in rows}
    names = [segment.name for segment in preset.segments]
    sources = names + sorted({row.from_segment for row in rows} - set(names))
    drawn = []
    for source in sources:
        cells = []
        for target in names:
            number = counts.get((source, target), 0)
            cell: dict[str, Any] = {"value": number, "title": f"{source} to {target}: {number:,}"}
            if source == target:
                cell |= {"value": 0, "text": f"{number:,}" if number else "–", "heat": 0}
            cells.append(cell)
        drawn.append({"name": source, "cells": cells})
    moved = sum(number for (source, target), number in counts.items() if source != target and source in names)
    stayed = sum(number for (source, target), number in counts.items() if source == target)
    return {"columns": names, "rows": drawn, "moved": moved, "stayed": stayed}


def _known_preset(name: str) -> str:
    """Only names are taken from an address, never paths. Errors: there is no such preset."""
    known = [preset.name for preset in api.list_presets()]
    if name and name not in known:
        raise TenureError("unknown_preset", f"There is no preset {name!r}; there are {', '.join(known)}.", "preset")
    return name or known[0]


def _read_day(request: HttpRequest, name: str, default: date, latest: date) -> date:
    text = request.GET.get(name, "")
    if not text:
        return default
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise TenureError("bad_day", f"Write the day as 2026-11-22, not {text!r}.", name) from error
    return min(day, latest)


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
