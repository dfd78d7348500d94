"""Scoring the lake's customers as of a day, with the cut-points that hold on it."""

from datetime import date
from functools import lru_cache
from typing import Any

import ibis
import pyarrow as pa

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.rfm.cutpoints import Cutpoints, Reader, compute_cutpoints
from tenure.segments.rfm.measures import (
    build_current_measures,
    build_measures,
    build_order_gaps,
    end_of,
    naive_literal,
)
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.queries import score

_read_cutpoints = lru_cache(maxsize=256)(Cutpoints.from_json)


def find_stored_cutpoints(reader: Reader, preset: Preset, as_of_on: date) -> Cutpoints | None:
    """The cut-points of the last stored scoring on or before a day; None when it counted in another way."""
    rows = reader.read_rows(build_last_scoring(preset, as_of_on))
    return read_stored(rows[0]["cutpoints"], preset) if rows else None


def build_last_scoring(preset: Preset, as_of_on: date) -> ibis.Table:
    """The stored cut-points text of the last scoring on or before a day: no row or one."""
    scorings = lakes.table("rfm_scorings")
    mine = scorings.filter((scorings.preset == preset.name) & (scorings.as_of_on <= as_of_on))
    return mine.order_by(mine.as_of_on.desc()).limit(1).select("cutpoints")


def read_stored(text: str, preset: Preset) -> Cutpoints | None:
    """Stored cut-points, unless they counted in another way than the preset does now."""
    found = _read_cutpoints(text)
    return found if found.counting == preset.counting else None


def get_cutpoints(reader: Reader, preset: Preset, as_of_on: date) -> Cutpoints:
    """The stored cut-points that hold on a day, or else fresh ones as of it, which are not stored."""
    stored = find_stored_cutpoints(reader, preset, as_of_on)
    return stored if stored is not None else find_fresh_cutpoints(reader, preset, as_of_on)


def find_fresh_cutpoints(reader: Reader, preset: Preset, as_of_on: date) -> Cutpoints:
    """A scoring of the lake's customers as they stood at the end of a day."""
    gaps = build_order_gaps(customers_api.build_orders(end_of(as_of_on)), preset, as_of_on)
    return compute_cutpoints(reader, build_lake_measures(reader, preset, as_of_on), gaps, preset, as_of_on)


def build_lake_measures(reader: Reader, preset: Preset, as_of_on: date) -> ibis.Table:
    """Measures of the lake's customers as of a day.

    From the totals that the customers table keeps, where the preset counts as they do and nothing was ordered
    or refunded after the day; else from the orders of that time, but only of customers with something later.
    """
    people = customers_api.build_customers()
    if preset.orders != "paid" or preset.refunds != "count":
        return build_measures(customers_api.build_orders(end_of(as_of_on)), people, preset, as_of_on)
    if _is_after_all_orders(reader, as_of_on):
        return build_current_measures(people, as_of_on)
    events = customers_api.current_order_events()
    events = events.filter(events.customer_id.notnull())
    later = events.filter(events.occurred_at >= naive_literal(end_of(as_of_on)))
    later = later.select("customer_id").distinct()
    orders = customers_api.build_orders(end_of(as_of_on), events.semi_join(later, "customer_id"))
    changed = build_measures(orders, people.semi_join(later, "customer_id"), preset, as_of_on)
    return build_current_measures(people.anti_join(later, "customer_id"), as_of_on).union(changed)


def build_lake_scored(reader: Reader, preset: Preset, cutpoints: Cutpoints, as_of_on: date) -> ibis.Table:
    return score(build_lake_measures(reader, preset, as_of_on), preset, cutpoints)


def store_scoring(
    transaction: Transaction, preset: Preset, cutpoints: Cutpoints, customers_count: int
) -> None:
    """Keep the cut-points under their day; a scoring of the same day is replaced."""
    day = cutpoints.as_of_on
    transaction.delete(
        "rfm_scorings", lambda scorings: (scorings.preset == preset.name) & (scorings.as_of_on == day)
    )
    row: dict[str, Any] = {
        "preset": [preset.name],
        "as_of_on": pa.array([day], pa.date32()),
        "scored_at": pa.array([clock.now().replace(tzinfo=None)], pa.timestamp("us")),
        "cutpoints": [cutpoints.to_json()],
        "customers": pa.array([customers_count], pa.int64()),
    }
    transaction.append("rfm_scorings", pa.table(row))


def _is_after_all_orders(reader: Reader, as_of_on: date) -> bool:
    events = lakes.table("order_events")
    later = events.filter(events.occurred_at >= naive_literal(end_of(as_of_on)))
    return not reader.read_rows(later.limit(1).select("seq"))
