"""A full scoring, and the segments that follow from it."""

from datetime import date

from tenure.segments.membership.compiled import CURRENT
from tenure.segments.membership.engine import current_engine
from tenure.segments.rfm import refresh as rfm
from tenure.segments.rfm.refresh import Progress, RefreshResult


def refresh(as_of_on: date | None = None, progress: Progress | None = None) -> RefreshResult:
    """Score everybody (see `rfm.refresh`), then look at everybody's segments again."""
    result = rfm.refresh(as_of_on, progress)
    if not CURRENT.get().is_empty:
        current_engine().rebuild(cause=current_engine().find_cause("scoring"))
    return result
