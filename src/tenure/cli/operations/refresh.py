"""Recomputes scores, segments and stages."""

from datetime import date
from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: as_of (ISO day or None). Result: as the analysis of the preset in use."""
    from tenure.base.audit import record_audit
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    as_of_on = date.fromisoformat(arguments["as_of"]) if arguments["as_of"] else None
    result = segments.refresh(as_of_on)
    record_audit("command line", "segments.refreshed", result.preset, as_of=result.as_of_on.isoformat())
    return {}


OPERATION = Operation("refresh", run)
