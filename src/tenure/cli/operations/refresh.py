"""Recomputes scores, segments and stages."""

from datetime import date
from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: as_of (ISO day or None).

    Result: as the analysis of the preset in use (see `score`), and changed (who changed segment),
    backfilled_days.
    """
    from tenure.base.audit import record_audit
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    day = date.fromisoformat(arguments["as_of"]) if arguments["as_of"] else None
    refreshed = segments.refresh(day, progress)
    record_audit("command line", "segments.refreshed", refreshed.preset, as_of=refreshed.as_of_on.isoformat())
    return {
        **segments.compute_rfm(refreshed.preset, refreshed.as_of_on).as_dict(),
        "changed": refreshed.changed_count,
        "backfilled_days": [day.isoformat() for day in refreshed.backfilled_days],
    }


OPERATION = Operation("refresh", run)
