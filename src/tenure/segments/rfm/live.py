"""Scores between two full scorings: a new order moves a customer at once, and time lowers recency."""

from datetime import date
from functools import lru_cache

import ibis

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.rfm import library
from tenure.segments.rfm.cutpoints import Cutpoints, compute_initial_cutpoints
from tenure.segments.rfm.measures import build_current_measures
from tenure.segments.rfm.moves import tell_moves
from tenure.segments.rfm.queries import score
from tenure.segments.rfm.runs import build_last_scoring, find_stored_cutpoints, read_stored
from tenure.segments.rfm.scoring import DIMENSIONS

LIVE_BATCH = 2_000
_MOVED = "moved_customers"
_BATCH = ibis.table({"customer_id": "int64"}, name=customers_api.TOUCHED)
_FIELDS = lakes.table("customers").schema()
_SCORES = ibis.table(
    {name: _FIELDS[name] for name in ("customer_id", "r", "f", "m", "segment", "phase")}, name=_MOVED
)
_KEPT = {f"old_{name}": name for name in ("r", "f", "m", "segment", "segment_since_at")}


def rescore_batch(transaction: Transaction) -> int:
    """Re-score the customers of the batch that is being folded. Gives how many changed."""
    return rescore(transaction, _BATCH, is_folded=True)


def rescore(transaction: Transaction, customer_ids: ibis.Table, is_folded: bool = False) -> int:
    """Re-score the customers named by `customer_ids.customer_id` with the stored cut-points.

    Changes go to the customers table and the history. Before the first full scoring the bars of a new shop
    hold; only large batches (imports) are then left to that scoring. With `is_folded` their profiles were just
    written, and so lie in the small part of the customers table. Gives how many customers changed.
    """
    day, preset = clock.today(), library.get_preset()
    stored = transaction.execute(_compile_last_scoring(day)).fetchone()
    cutpoints = read_stored(stored[0], preset) if stored else None
    if cutpoints is None:
        row = transaction.execute(f"SELECT count(*) FROM ({_compile(customer_ids)})").fetchone()
        if row is None or row[0] > LIVE_BATCH:
            return 0
        cutpoints = compute_initial_cutpoints(preset, day)
    return _move(transaction, _compile_touched(customer_ids, cutpoints, day, is_folded))


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


def _build_touched(customer_ids: ibis.Table, cutpoints: Cutpoints, day: date, is_folded: bool) -> ibis.Table:
    touched = _select_customers(customer_ids, is_folded)
    return score(build_current_measures(touched, day, _KEPT), library.get_preset(), cutpoints)


def _select_customers(customer_ids: ibis.Table, is_folded: bool) -> ibis.Table:
    """The rows of the customers view, asked for part by part, so that neither part is read in full."""
    wanted = customer_ids.select("customer_id")
    delta, main = lakes.table("customers_delta"), lakes.table("customers_main")
    recent = delta.semi_join(wanted, "customer_id")
    if is_folded:
        return recent.filter(~recent.is_removed)
    settled = main.semi_join(wanted.anti_join(delta, "customer_id"), "customer_id")
    return recent.filter(~recent.is_removed).union(settled)


@lru_cache(maxsize=4)
def _compile_last_scoring(day: date) -> str:
    return lakes.compile_sql(build_last_scoring(library.get_preset(), day))


@lru_cache(maxsize=16)
def _compile(table: ibis.Table) -> str:
    return lakes.compile_sql(table)


@lru_cache(maxsize=16)
def _compile_touched(customer_ids: ibis.Table, cutpoints: Cutpoints, day: date, is_folded: bool) -> str:
    """Compiling takes longer than the query: once per day and scoring is enough."""
    return lakes.compile_sql(_build_touched(customer_ids, cutpoints, day, is_folded))


def _move(transaction: Transaction, scored_sql: str) -> int:
    """Write the scores that `scored_sql` gives and that are new, and the changes of segment to the history."""
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {_MOVED} AS {scored_sql}")
    transaction.execute(
        f"DELETE FROM {_MOVED} "
        "WHERE (r, f, m, segment) IS NOT DISTINCT FROM (old_r, old_f, old_m, old_segment)"
    )
    row = transaction.execute(
        f"SELECT count(*), count(*) FILTER (segment IS DISTINCT FROM old_segment) FROM {_MOVED}"
    ).fetchone()
    changed_count, moved_count = row or (0, 0)
    since_at = clock.now().replace(tzinfo=None).isoformat(sep=" ")
    if moved_count:
        _note_moves(transaction, since_at)
    return int(customers_api.write_scores(transaction, _SCORES, since_at)) if changed_count else 0


def _note_moves(transaction: Transaction, since_at: str) -> None:
    transaction.execute(
        "INSERT INTO segment_history BY NAME SELECT customer_id, segment, phase, r, f, m, "
        "greatest(?::TIMESTAMP, old_segment_since_at + INTERVAL 1 MICROSECOND) AS since_at "
        f"FROM {_MOVED} WHERE segment IS DISTINCT FROM old_segment AND segment IS NOT NULL",
        [since_at],
    )
    tell_moves(
        transaction,
        f"SELECT customer_id, old_segment AS from_stage, segment AS to_stage FROM {_MOVED}",
        since_at,
    )
