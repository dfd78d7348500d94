"""Scorings of past days, many at a time, for a lake that has orders but no history yet.

An order that only one event ever spoke of looks the same on every day after it. Those are folded once; only the
others (refunded, updated, cancelled) are folded again as of each day.
"""

from datetime import date, timedelta

import ibis

from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.cutpoints import Cutpoints, compute_cutpoints
from tenure.segments.measures import build_measures, build_order_moments, end_of
from tenure.segments.preset import Preset
from tenure.segments.queries import score
from tenure.segments.runs import Reader

BACKFILL_MONTHS = 24
BACKFILL_AFTER_DAYS = 60
_CHANGING, _SETTLED, _MEASURES = "past_changing_events", "past_settled_orders", "past_measures"
_COLUMNS = ("customer_id", "ordered_at", "amount", "refunded_amount", "net_amount")


def list_backfill_days(reader: Reader, preset: Preset, day: date) -> list[date]:
    """The last days of up to 24 months before `day` that were never scored.

    None once a scoring of its own day is stored, or while the first order is at most 60 days old.
    """
    scorings, events = lakes.table("rfm_scorings"), lakes.table("order_events")
    mine = scorings.filter(scorings.preset == preset.name)
    stored = reader.read_rows(mine.select("as_of_on", scored_on=mine.scored_at.date()))
    if any(row["as_of_on"] == row["scored_on"] for row in stored):
        return []
    first_at = reader.read_rows(events.aggregate(first_at=events.occurred_at.min()))[0]["first_at"]
    if first_at is None or (day - first_at.date()).days <= BACKFILL_AFTER_DAYS:
        return []
    known = {row["as_of_on"] for row in stored}
    days: list[date] = []
    last_on = day.replace(day=1) - timedelta(days=1)
    while last_on >= first_at.date() and len(days) < BACKFILL_MONTHS:
        days.append(last_on)
        last_on = last_on.replace(day=1) - timedelta(days=1)
    return [past_on for past_on in reversed(days) if past_on not in known]


def prepare_past(transaction: Transaction) -> None:
    """Fold what never changes, and set aside the events of orders that did."""
    events = customers_api.current_order_events()
    events = events.filter(events.customer_id.notnull())
    several = events.group_by("customer_id", "order_id").having(events.count() > 1).agg()
    keys = ["customer_id", "order_id"]
    changing = lakes.compile_sql(events.semi_join(several, keys))
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {_CHANGING} AS {changing}")
    settled = customers_api.build_orders(order_events=events.anti_join(_build_changing(events), keys))
    transaction.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SETTLED} AS {lakes.compile_sql(settled.select(*_COLUMNS))}"
    )


def score_past(transaction: Transaction, preset: Preset, day: date) -> tuple[Cutpoints, ibis.Table]:
    """Fresh cut-points as of a past day, and everybody scored with them. After `prepare_past`."""
    events = _build_changing(customers_api.current_order_events())
    changed = customers_api.build_orders(end_of(day), events).select(*_COLUMNS)
    settled = ibis.table(changed.schema(), name=_SETTLED)
    orders = settled.union(changed)
    built = build_measures(orders, customers_api.build_customers(), preset, day)
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {_MEASURES} AS {lakes.compile_sql(built)}")
    measures = ibis.table(built.schema(), name=_MEASURES)
    moments = build_order_moments(orders, preset, day)
    cutpoints = compute_cutpoints(transaction, measures, moments, preset, day)
    return cutpoints, score(measures, preset, cutpoints)


def drop_past(transaction: Transaction) -> None:
    for name in (_CHANGING, _SETTLED, _MEASURES):
        transaction.execute(f"DROP TABLE IF EXISTS {name}")


def _build_changing(like: ibis.Table) -> ibis.Table:
    return ibis.table(like.schema(), name=_CHANGING)
