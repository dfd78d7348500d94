"""Scores between two full scorings: a new order moves a customer at once, and time lowers recency."""

from datetime import date
from functools import lru_cache

import ibis

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.events import api as events_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments import library
from tenure.segments.cutpoints import Cutpoints, compute_initial_cutpoints
from tenure.segments.measures import build_current_measures, naive_literal
from tenure.segments.queries import score
from tenure.segments.runs import find_stored_cutpoints
from tenure.segments.scoring import DIMENSIONS

LIVE_BATCH = 2_000
_MOVED = "moved_customers"
_BATCH = ibis.table({"seq": "int64", "customer_id": "int64"}, name=events_api.RESOLVED)
_KEPT = {f"old_{name}": name for name in ("r", "f", "m", "segment", "segment_since_at")}


def rescore_batch(transaction: Transaction) -> int:
    """Re-score the customers of the batch that is being folded. Gives how many changed."""
    return rescore(transaction, _BATCH)


def rescore(transaction: Transaction, customer_ids: ibis.Table) -> int:
    """Re-score the customers named by `customer_ids.customer_id` with the stored cut-points.

    Changes go to the customers table and the history. Before the first full scoring the bars of a new shop
    hold; only large batches (imports) are then left to that scoring. Gives how many customers changed.
    """
    day, preset = clock.today(), library.get_preset()
    cutpoints = find_stored_cutpoints(transaction, preset, day)
    if cutpoints is None:
        row = transaction.execute(f"SELECT count(*) FROM ({_compile(customer_ids)})").fetchone()
        if row is None or row[0] > LIVE_BATCH:
            return 0
        cutpoints = compute_initial_cutpoints(preset, day)
    return _move(transaction, _compile_touched(customer_ids, cutpoints, day))


def age(as_of_on: date | None = None) -> int:
    """Lower the recency of everybody who crosses a cut-point by a day (default today), and the segment with it.

    One query over all customers; 0 while no full scoring has been stored. Gives how many changed.
    """
    day = as_of_on or clock.today()
    lake = lakes.current()

    def work(transaction: Transaction) -> int:
        cutpoints = find_stored_cutpoints(transaction, library.get_preset(), day)
        return 0 if cutpoints is None else _move(transaction, lakes.compile_sql(_build_aged(cutpoints, day)))

    with lake.heavy():
        return lake.write(work)


def _build_aged(cutpoints: Cutpoints, day: date) -> ibis.Table:
    """Without an event only a recency score can change, so nobody else is scored."""
    measures = build_current_measures(lakes.table("customers"), day, _KEPT)
    recency = DIMENSIONS[0]
    crossed = measures.filter(
        (measures.order_count > 0) & (cutpoints.r.build_score(measures, recency) != measures.old_r)
    )
    return score(crossed, library.get_preset(), cutpoints)


def _build_touched(customer_ids: ibis.Table, cutpoints: Cutpoints, day: date) -> ibis.Table:
    customers = lakes.table("customers")
    touched = customers.filter(customers.customer_id.isin(customer_ids.customer_id))
    scored = score(build_current_measures(touched, day, _KEPT), library.get_preset(), cutpoints)
    same = [scored[name].identical_to(scored[f"old_{name}"]) for name in ("r", "f", "m", "segment")]
    return scored.filter(~(same[0] & same[1] & same[2] & same[3]))


@lru_cache(maxsize=16)
def _compile(table: ibis.Table) -> str:
    return lakes.compile_sql(table)


@lru_cache(maxsize=16)
def _compile_touched(customer_ids: ibis.Table, cutpoints: Cutpoints, day: date) -> str:
    """Compiling takes longer than the query: once per day and scoring is enough."""
    return lakes.compile_sql(_build_touched(customer_ids, cutpoints, day))


def _move(transaction: Transaction, moved_sql: str) -> int:
    """Write the scores that `moved_sql` gives, and the changes of segment among them to the history."""
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {_MOVED} AS {moved_sql}")
    row = transaction.execute(f"SELECT count(*) FROM {_MOVED}").fetchone()
    if not row or not row[0]:
        return 0
    now = clock.now()
    fields = lakes.table("customers").schema()
    scores = {name: fields[name] for name in ("customer_id", "r", "f", "m", "segment", "phase")}
    moved = ibis.table({**scores, **{new: fields[old] for new, old in _KEPT.items()}}, name=_MOVED)
    changed = moved.filter(~moved.segment.identical_to(moved.old_segment) & moved.segment.notnull())
    given = naive_literal(now)
    later = changed.old_segment_since_at + ibis.interval(microseconds=1)
    since_at = ibis.greatest(given, later.fill_null(given))
    transaction.append(
        "segment_history", changed.select("customer_id", "segment", "phase", "r", "f", "m", since_at=since_at)
    )
    naive = now.replace(tzinfo=None).isoformat(sep=" ")
    return int(customers_api.write_scores(transaction, moved.select(*scores), naive))
