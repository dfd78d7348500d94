"""Dates cannot be corrected by importing again: what was imported day first stays, so a turned reading is refused.

Events are never changed once they are in the lake, and an order stands at the earliest of its events.
"""

from pathlib import Path

import duckdb

from tenure.base.errors import ConflictError
from tenure.base.words import count_of
from tenure.events.imports.dates import ORDERS
from tenure.events.imports.runs import ImportRun, list_runs

_WHAT_TO_DO = (
    "An import cannot change the dates of what is there already, so nothing was imported. Bring back a backup from before "
    "that import (tenure restore), or import into another data folder (TENURE_HOME), and give the date format this time."
)


def check_earlier_runs(folder: Path, run: ImportRun, label: str | None) -> None:
    """Errors: the same file of the same source was imported with day and month the other way round."""
    order = find_order(label)
    digest = run.key.partition("-")[0]
    for earlier in list_runs(folder) if order else []:
        is_same = earlier.key.partition("-")[0] == digest and earlier.source == run.source
        if not is_same or earlier.kind != run.kind or not (earlier.events_written or earlier.duplicates):
            continue
        before = find_order(earlier.date_label or (earlier.result or {}).get("date_format"))
        if before and before != order:
            raise ConflictError(
                "dates_differ",
                f"This file was imported on {earlier.started_at[:10]} with its dates read {before}, and now they would be read "
                f"{order}. {_WHAT_TO_DO}",
                "date_format",
            )


def check_known_dates(connection: duckdb.DuckDBPyConnection, orders: str, known: str) -> None:
    """Errors: orders in the lake have the dates of the relation `orders` with day and month the other way round."""
    turned = "extract(day FROM {0}) = extract(month FROM {1})"
    found = connection.execute(
        f"""
        SELECT count(DISTINCT order_id), min(order_id)
        FROM {orders} JOIN {known} AS known USING (order_id)
        WHERE known.kind = 'completed' AND known.occurred_at::DATE <> completed_at::DATE
            AND extract(year FROM known.occurred_at) = extract(year FROM completed_at)
            AND {turned.format("known.occurred_at", "completed_at")} AND {turned.format("completed_at", "known.occurred_at")}
            AND order_id NOT IN (
                SELECT order_id FROM {orders} JOIN {known} AS same USING (order_id)
                WHERE same.kind = 'completed' AND same.occurred_at::DATE = completed_at::DATE)
        """
    ).fetchone()
    count, example = found or (0, None)
    if count:
        raise ConflictError(
            "dates_differ",
            f"{count_of(count, 'order is', 'orders are')} known with day and month the other way round ({example} for one). "
            f"{_WHAT_TO_DO}",
            "date_format",
        )


def find_order(label: str | None) -> str | None:
    """DD/MM/YYYY or MM/DD/YYYY out of the label of a reading."""
    return next((order for order in ORDERS.values() if order in (label or "")), None)
