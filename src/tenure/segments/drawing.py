"""What the lifecycle pages draw: heat map, bars, cards, migration."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.http import urlencode

from tenure.base.errors import TenureError
from tenure.segments import api

R_NAMES = ("R 1", "R 2", "R 3", "R 4", "R 5")


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
            title = f"R {r}, F {f}: {number:,} {'customer' if number == 1 else 'customers'}" + (
                f", most of them {cell.segment}" if cell else ""
            )
            href = f"/customers/?r={r}&f={f}" if number and has_links else ""
            drawn.append({"value": number, "note": note, "title": title, "href": href})
        rows.append({"name": f"F {f}", "cells": drawn})
    return rows


def list_score_rows(explained: dict[str, list[str]]) -> list[tuple[int, str, str, str]]:
    """What each score takes in this shop, 5 first: (score, recency, frequency, money)."""
    return [
        (
            score,
            *(
                explained[name][score - 1] if score <= len(explained[name]) else "–"
                for name in ("r", "f", "m")
            ),
        )
        for score in (5, 4, 3, 2, 1)
    ]


def draw_bars(preset: api.Preset, rows: Sequence[api.SegmentRow], has_links: bool) -> list[dict[str, Any]]:
    """All segments, grouped by phase, the empty ones included."""
    counts = {row.segment: row.customers_count for row in rows}
    total = sum(counts.values()) or 1
    return [
        {
            "name": segment.name,
            "value": counts.get(segment.name, 0),
            "share_text": _percent(counts.get(segment.name, 0) / total),
            "href": f"/customers/?{urlencode({'segment': segment.name})}"
            if has_links
            else f"#{_anchor(segment.name)}",
            "slot": phase.colour_slot,
            "group": phase.name,
        }
        for phase in preset.phases
        for segment in preset.segments
        if segment.phase == phase.name
    ]


def list_cards(preset: api.Preset, rows: Sequence[api.SegmentRow], has_links: bool) -> list[dict[str, Any]]:
    """Phases with their segments: who, goal, strategies, customers, revenue and shares."""
    by_name = {row.segment: row for row in rows}
    customers = sum(row.customers_count for row in rows) or 1
    revenue = float(sum(row.revenue_amount or 0 for row in rows)) or 1.0
    cards = []
    for phase in preset.phases:
        segments = []
        for segment in (one for one in preset.segments if one.phase == phase.name):
            row = by_name.get(segment.name)
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
    names = [one.name for phase in preset.phases for one in preset.segments if one.phase == phase.name]
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
    return {"columns": [_short(name) for name in names], "rows": drawn, "moved": moved, "stayed": stayed}


def get_known_preset(name: str) -> api.Preset:
    """The preset of that name, or the default. Only names come from an address, never paths.

    Errors: there is no such preset.
    """
    presets = {preset.name: preset for preset in api.list_presets()}
    if name and name not in presets:
        raise TenureError(
            "unknown_preset", f"There is no preset {name!r}; there are {', '.join(presets)}.", "preset"
        )
    return presets[name] if name else api.get_preset()


def _short(name: str) -> str:
    return name.removesuffix(" Customers")


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{round(share, 2) + 0.0:.0%}"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
