"""Events written straight into a lake's table, for tests of what is derived from it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tenure.lake.api import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)


def write_events(
    lake: Lake, rows: Iterable[tuple[int, int | None, str, str | None, int, dict[str, Any]]]
) -> None:
    """Rows are (seq, customer_id, type, event, seconds after START, properties)."""
    lake.write(lambda tx: tx.append("events", build_events(rows)))


def build_events(rows: Iterable[tuple[int, int | None, str, str | None, int, dict[str, Any]]]) -> pa.Table:
    rows = list(rows)
    return pa.table(
        {
            "seq": pa.array([row[0] for row in rows], pa.int64()),
            "message_id": [f"m{row[0]}" for row in rows],
            "message_key": pa.array([row[0] for row in rows], pa.uint64()),
            "customer_id": pa.array([row[1] for row in rows], pa.int64()),
            "type": pa.array([row[2] for row in rows], pa.string()),
            "event": pa.array([row[3] for row in rows], pa.string()),
            "occurred_at": pa.array(
                [(START + timedelta(seconds=row[4])).replace(tzinfo=None) for row in rows], pa.timestamp("us")
            ),
            "properties": [json.dumps(row[5]) for row in rows],
        }
    )
