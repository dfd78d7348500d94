"""Counts and lists of scored customers, for pages and the command line."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import ibis
import pyarrow as pa

from tenure.base import clock
from tenure.base.spreadsheet import defuse
from tenure.lake import api as lakes
from tenure.segments.rfm import library, queries
from tenure.segments.rfm.cutpoints import Cutpoints, Reader
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.runs import build_lake_scored, get_cutpoints

ROW_COLUMNS = ("customer_id", "days_since_last_order", "orders", "revenue", "r", "f", "m", "segment", "phase")

STALE_SECONDS = 60.0


@dataclass(frozen=True)
class SegmentRow:
    """One segment's customers and their net revenue."""

    segment: str
    phase: str
    customers_count: int
    revenue_amount: Decimal


@dataclass(frozen=True)
class HeatCell:
    """Customers with one recency and one frequency score, and the most common segment among them."""

    r: int
    f: int
    customers_count: int
    segment: str | None


@dataclass(frozen=True)
class RfmResult:
    """All segments of a preset in its order, empty ones too, and the cells of the R by F map that are not empty.

    `customers_count` counts who is in a segment.
    """

    as_of_on: date
    preset: str
    customers_count: int
    segments: tuple[SegmentRow, ...]
    cutpoints: Cutpoints
    heatmap: tuple[HeatCell, ...]

    def as_dict(self) -> dict[str, Any]:
        """The document of `tenure rfm --json`."""
        rows = [
            {
                "segment": row.segment,
                "phase": row.phase,
                "customers": row.customers_count,
                "revenue": float(row.revenue_amount),
            }
            for row in self.segments
        ]
        return {
            "as_of": self.as_of_on.isoformat(),
            "preset": self.preset,
            "customers": self.customers_count,
            "segments": rows,
        }


@dataclass(frozen=True)
class MigrationRow:
    """How many customers were in one segment on the first day and in another on the last."""

    from_segment: str
    to_segment: str
    customers_count: int


def compute_rfm(preset: Preset | str = "lifecycle", as_of_on: date | None = None) -> RfmResult:
    """Customers and revenue by segment as of a day (default today).

    Past days and presets other than the default, which fold orders anew, may be `STALE_SECONDS` behind.
    """
    chosen, day, lake = _resolve(preset), as_of_on or clock.today(), lakes.current()

    def count() -> RfmResult:
        with lake.heavy():
            cutpoints = get_cutpoints(lake, chosen, day)
            scored = build_lake_scored(lake, chosen, cutpoints, day)
            return count_segments(lake, scored, chosen, cutpoints, day)

    is_present = day == clock.today() and chosen == library.get_preset()
    key = ("rfm", chosen.model_dump_json(), day)
    return lake.answers.get(key, count, 0.0 if is_present else STALE_SECONDS)


def count_segments(
    reader: Reader, scored: ibis.Table, preset: Preset, cutpoints: Cutpoints, as_of_on: date
) -> RfmResult:
    """Count scored customers: one query, a few hundred rows."""
    cells = reader.read_rows(queries.build_cells(scored))
    rows = []
    for segment in preset.segments:
        mine = [cell for cell in cells if cell["segment"] == segment.name]
        revenue = sum((cell["revenue_amount"] for cell in mine), Decimal(0))
        rows.append(
            SegmentRow(segment.name, segment.phase, sum(cell["customers_count"] for cell in mine), revenue)
        )
    total = sum(row.customers_count for row in rows)
    return RfmResult(as_of_on, preset.name, total, tuple(rows), cutpoints, _place(cells))


def _place(cells: list[dict[str, Any]]) -> tuple[HeatCell, ...]:
    """The R by F map: of equally common segments the first by name stands for the cell."""
    by_place: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for cell in cells:
        if cell["r"] is not None:
            by_place.setdefault((cell["r"], cell["f"]), []).append(cell)
    heat = []
    for (r, f), there in sorted(by_place.items()):
        most = min(there, key=lambda cell: (-cell["customers_count"], cell["segment"] or ""))
        heat.append(HeatCell(r, f, sum(cell["customers_count"] for cell in there), most["segment"]))
    return tuple(heat)


def build_rfm(preset: Preset | str = "lifecycle", as_of_on: date | None = None) -> ibis.Table:
    """A row per customer who is in a segment: customer_id, external_id, days_since_last_order, order_count,
    revenue, r, f, m, segment, phase. Without an order days and scores are NULL."""
    chosen, day, lake = _resolve(preset), as_of_on or clock.today(), lakes.current()
    with lake.heavy():
        cutpoints = get_cutpoints(lake, chosen, day)
    return select_listed(build_lake_scored(lake, chosen, cutpoints, day))


def select_listed(scored: ibis.Table) -> ibis.Table:
    columns = ("days_since_last_order", "order_count", "revenue", "r", "f", "m", "segment", "phase")
    return scored.select("customer_id", "external_id", *columns).filter(scored.segment.notnull())


def build_members(segment: str, preset: Preset | str = "lifecycle") -> ibis.Table:
    """The customers who are in a segment now: customer_id."""
    chosen = _resolve(preset)
    chosen.get_segment(segment)
    if chosen == library.get_preset():
        customers = lakes.table("customers")
        return customers.filter(customers.segment == segment).select("customer_id")
    listed = build_rfm(chosen)
    return listed.filter(listed.segment == segment).select("customer_id")


def write_rfm_csv(path: Path, preset: Preset | str = "lifecycle", as_of_on: date | None = None) -> int:
    """Write a row per listed customer with `ROW_COLUMNS`; customer_id is the id as it came. Gives how many."""
    lake = lakes.current()
    listed = build_rfm(preset, as_of_on)
    with lake.heavy(), path.open("w", newline="", encoding="utf-8") as file:
        return write_rows(lake.stream(select_rows(listed)), file)


def select_rows(listed: ibis.Table) -> ibis.Table:
    """Listed customers with `ROW_COLUMNS`, in the order of the shop's customers."""
    return listed.order_by("customer_id").select(
        customer_id=listed.external_id,
        days_since_last_order=listed.days_since_last_order,
        orders=listed.order_count,
        **{name: listed[name] for name in ("revenue", "r", "f", "m", "segment", "phase")},
    )


def write_rows(batches: Iterable[pa.RecordBatch], file: TextIO) -> int:
    """Write batches of `ROW_COLUMNS` as CSV; gives how many rows."""
    writer = csv.writer(file)
    writer.writerow(ROW_COLUMNS)
    written = 0
    for batch in batches:
        writer.writerows(zip(*(defuse(column).to_pylist() for column in batch.columns), strict=True))
        written += batch.num_rows
    return written


def compute_migration(from_on: date, to_on: date, preset: Preset | str = "lifecycle") -> list[MigrationRow]:
    """Where customers went between the ends of two days, largest first; new ones come from `queries.NOT_YET`.

    Up to `STALE_SECONDS` behind what came in, but never behind a full scoring.
    """
    chosen, lake = _resolve(preset), lakes.current()

    def count() -> list[dict[str, Any]]:
        with lake.heavy():
            before, after = (
                build_lake_scored(lake, chosen, get_cutpoints(lake, chosen, day), day)
                for day in (from_on, to_on)
            )
            return lake.read_rows(queries.build_migration(before, after))

    scorings = lakes.table("rfm_scorings")
    scored_at = lake.read_value(scorings.agg(last_at=scorings.scored_at.max()))
    key = ("migration", chosen.model_dump_json(), from_on, to_on, scored_at)
    rows = lake.answers.get(key, count, STALE_SECONDS)
    moves = [MigrationRow(row["from_segment"], row["to_segment"], row["customers_count"]) for row in rows]
    return sorted(moves, key=lambda move: (-move.customers_count, move.from_segment, move.to_segment))


def _resolve(preset: Preset | str) -> Preset:
    return library.get_preset(preset) if isinstance(preset, str) else preset
