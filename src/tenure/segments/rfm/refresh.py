"""The full scoring: new cut-points, everybody's scores and segments, and a past for a lake that has none."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial

import ibis

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction
from tenure.segments.rfm import library
from tenure.segments.rfm.cutpoints import Cutpoints
from tenure.segments.rfm.measures import end_of, naive_literal
from tenure.segments.rfm.moves import tell_moves
from tenure.segments.rfm.past import (
    drop_past,
    list_backfill_days,
    prepare_past,
    remember_changes,
    score_past,
)
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.runs import build_lake_scored, find_fresh_cutpoints, store_scoring

Progress = Callable[[float, str], None]
_SCORED, _CHANGED = "scored_day", "changed_day"


@dataclass(frozen=True)
class RefreshResult:
    """A full scoring: how many customers it knew, how many changed segment, and the past days scored with it."""

    as_of_on: date
    preset: str
    customers_count: int
    changed_count: int
    backfilled_days: tuple[date, ...]
    cutpoints: Cutpoints


def refresh(as_of_on: date | None = None, progress: Progress | None = None) -> RefreshResult:
    """Score everybody as of a day (default today), write scores and segments, keep cut-points and changes.

    A scoring that finds nobody to score keeps no cut-points. The first one that does in a lake whose orders
    reach back more than 60 days also scores the last days of up to 24 months before, so that movements between
    days have a past. Saved presets get their cut-points as well.
    """
    day = as_of_on or clock.today()
    if day > clock.today():
        raise TenureError(
            "day_to_come", f"{day} is still to come: score as of today or a day before.", "as_of"
        )
    lake, preset = lakes.current(), library.get_preset()
    tell = progress or (lambda share, message: None)
    with lake.heavy():
        past = list_backfill_days(lake, preset, day)
        _backfill(lake, preset, past, tell)
        tell(len(past) / (len(past) + 1), f"Scoring as of {day}")
        cutpoints = find_fresh_cutpoints(lake, preset, day)

        def work(transaction: Transaction) -> tuple[int, int]:
            scored = build_lake_scored(transaction, preset, cutpoints, day)
            return _keep_day(transaction, _join_last(scored, day), preset, cutpoints, is_written=True)

        customers_count, changed_count = lake.write(work)
        for saved in library.list_saved_presets():
            found = find_fresh_cutpoints(lake, saved, day)
            if found.scored_count:
                lake.write(
                    partial(store_scoring, preset=saved, cutpoints=found, customers_count=found.scored_count)
                )
    return RefreshResult(day, preset.name, customers_count, changed_count, tuple(past), cutpoints)


def _backfill(lake: Lake, preset: Preset, days: list[date], tell: Progress) -> None:
    """Keep scorings and changes of past days, oldest first; a broken-off backfill goes on at the next refresh."""
    if not days:
        return

    def work(transaction: Transaction, after: date | None, day: date) -> None:
        cutpoints, scored = score_past(transaction, preset, after, day)
        _keep_day(transaction, scored, preset, cutpoints, is_written=False)

    lake.write(partial(prepare_past, preset=preset, last_on=days[-1]))
    try:
        for number, (after, day) in enumerate(zip([None, *days], days, strict=False)):
            tell(number / (len(days) + 1), f"Scoring as of {day}")
            lake.write(partial(work, after=after, day=day))
    finally:
        lake.write(drop_past)


def _keep_day(
    transaction: Transaction, scored: ibis.Table, preset: Preset, cutpoints: Cutpoints, is_written: bool
) -> tuple[int, int]:
    """Keep the cut-points and what changed since the last segments; gives customers and changes.

    `scored` has last_segment and last_since_at beside the scores, NULL for customers without a history.
    """
    since_at = _since(cutpoints.as_of_on)
    columns = ("customer_id", "r", "f", "m", "segment", "phase")
    sql = lakes.compile_sql(scored.select(*columns, "last_segment", "last_since_at"))
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {_SCORED} AS {sql}")
    table = ibis.table(scored.select(*columns, "last_segment", "last_since_at").schema(), name=_SCORED)
    changes = lakes.compile_sql(_build_changes(table, since_at))
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {_CHANGED} AS {changes}")
    history = lakes.table("segment_history")
    changed_count = transaction.append("segment_history", ibis.table(history.schema(), name=_CHANGED))
    if is_written:
        moves = f"SELECT customer_id, last_segment AS from_stage, segment AS to_stage FROM {_SCORED}"
        tell_moves(transaction, moves, since_at.isoformat(sep=" "))
        customers_api.write_scores(transaction, table.select(*columns), since_at.isoformat(sep=" "))
    else:
        remember_changes(transaction, _CHANGED)
    customers_count = int(transaction.read_value(table.count().as_table()))
    if cutpoints.scored_count:
        store_scoring(transaction, preset, cutpoints, customers_count)
    for name in (_SCORED, _CHANGED):
        transaction.execute(f"DROP TABLE {name}")
    return customers_count, changed_count


def _since(day: date) -> datetime:
    """When a change found as of a day began, naive UTC: now for today, else the day's last second."""
    if day >= clock.today():
        return clock.now().replace(tzinfo=None)
    return datetime.combine(day, time(23, 59, 59))


def _join_last(scored: ibis.Table, day: date) -> ibis.Table:
    """Everybody's last segment by the end of the day beside the scores: last_segment, last_since_at."""
    history = lakes.table("segment_history")
    before = history.filter(history.since_at < naive_literal(end_of(day)))
    last = before.group_by("customer_id").agg(
        last_segment=before.segment.argmax(before.since_at), last_since_at=before.since_at.max()
    )
    return scored.left_join(last, "customer_id").drop("customer_id_right")


def _build_changes(scored: ibis.Table, since_at: datetime) -> ibis.Table:
    """Rows for the history: customers whose segment differs from their last one."""
    changed = scored.filter(~scored.segment.identical_to(scored.last_segment) & scored.segment.notnull())
    given = ibis.timestamp(since_at.isoformat(sep=" "))
    later = changed.last_since_at + ibis.interval(microseconds=1)
    return changed.select(
        "customer_id",
        "segment",
        "phase",
        "r",
        "f",
        "m",
        since_at=ibis.greatest(given, later.fill_null(given)),
    )
