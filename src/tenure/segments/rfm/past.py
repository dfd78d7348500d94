"""Scorings of past days, many at a time, for a lake that has orders but no history yet.

Everybody's totals are carried on from one day to the next. A customer whose orders only one event each ever
spoke of needs no more than what was ordered since; customers with an order that changed later (refunded,
updated, cancelled) are folded again as of each day.
"""

from datetime import UTC, date, datetime, timedelta

import ibis

from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.rfm.cutpoints import Cutpoints, compute_cutpoints
from tenure.segments.rfm.measures import (
    build_counted,
    build_counted_gaps,
    build_counted_totals,
    build_known_measures,
    build_order_gaps,
    end_of,
    naive_literal,
)
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.queries import score
from tenure.segments.rfm.runs import Reader

BACKFILL_MONTHS = 24
BACKFILL_AFTER_DAYS = 60
_PEOPLE, _CHANGING, _SETTLED, _GAPS = (
    "past_people",
    "past_changing_events",
    "past_settled_orders",
    "past_gaps",
)
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_LAST = ("last_segment", "last_since_at")


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


def prepare_past(transaction: Transaction, preset: Preset, last_on: date) -> None:
    """Set aside, for days up to `last_on`: everybody without totals, what was ordered once and for all, and the
    events of customers with orders that changed."""
    events = customers_api.current_order_events()
    events = events.filter(events.customer_id.notnull())
    keyed = events.select("customer_id", order_key=events.order_id.hash())
    several = keyed.group_by("customer_id", "order_key").having(keyed.count() > 1).agg()
    _keep(transaction, _CHANGING, events.semi_join(several, "customer_id"))
    settled = customers_api.build_orders(order_events=events.anti_join(_changing_events(), "customer_id"))
    _keep(transaction, _SETTLED, build_counted(settled, preset, last_on))
    _keep(transaction, _GAPS, build_counted_gaps(_settled_orders()))
    people = customers_api.build_customers()
    _keep(
        transaction,
        _PEOPLE,
        people.select(
            *("customer_id", "external_id", "contact_known_at", "first_seen_at"),
            order_count=ibis.null("int64"),
            last_order_at=ibis.null("timestamp(6)"),
            revenue=ibis.null("decimal(18, 4)"),
            last_segment=ibis.null("string"),
            last_since_at=ibis.null("timestamp(6)"),
        ),
    )


def score_past(
    transaction: Transaction, preset: Preset, after: date | None, day: date
) -> tuple[Cutpoints, ibis.Table]:
    """Fresh cut-points as of a past day, and everybody scored with them, last_segment and last_since_at beside.

    After `prepare_past`, and after the same for the day `after`, the one scored before (None for the first).
    """
    since_at = _EVER if after is None else end_of(after)
    _carry_on(transaction, preset, since_at, day)
    people = _people()
    measures = build_known_measures(people, day, {name: name for name in _LAST})
    settled = ibis.table({"ordered_on": "date", "gap_days": "int64"}, name=_GAPS)
    changed = customers_api.build_orders(end_of(day), _changing_events())
    gaps = settled.filter(settled.ordered_on <= day).union(
        build_order_gaps(changed, preset, day).select("ordered_on", "gap_days")
    )
    cutpoints = compute_cutpoints(transaction, measures, gaps, preset, day)
    return cutpoints, score(measures, preset, cutpoints)


def remember_changes(transaction: Transaction, changes: str) -> None:
    """Take the rows of the table `changes`, as of the history, for the last known segments."""
    _set_people(
        transaction,
        f"SELECT customer_id, segment AS last_segment, since_at AS last_since_at FROM {changes}",
        _LAST,
    )


def drop_past(transaction: Transaction) -> None:
    for name in (_PEOPLE, _CHANGING, _SETTLED, _GAPS):
        transaction.execute(f"DROP TABLE IF EXISTS {name}")


def _carry_on(transaction: Transaction, preset: Preset, since_at: datetime, day: date) -> None:
    """Bring totals and last segments from a moment to the end of a day."""
    settled, since, until = _settled_orders(), naive_literal(since_at), naive_literal(end_of(day))
    new = build_counted_totals(settled.filter(settled.ordered_at >= since, settled.ordered_at < until))
    transaction.execute(
        f"UPDATE {_PEOPLE} AS p SET order_count = coalesce(p.order_count, 0) + n.order_count, "
        "last_order_at = greatest(p.last_order_at, n.last_order_at), "
        "revenue = coalesce(p.revenue, 0) + n.revenue "
        f"FROM ({lakes.compile_sql(new)}) AS n WHERE p.customer_id = n.customer_id"
    )
    changed = build_counted(customers_api.build_orders(end_of(day), _changing_events()), preset, day)
    _set_people(
        transaction,
        lakes.compile_sql(build_counted_totals(changed)),
        ("order_count", "last_order_at", "revenue"),
    )
    history = lakes.table("segment_history")
    told = history.filter(history.since_at >= since, history.since_at < until)
    last = told.group_by("customer_id").agg(
        last_segment=told.segment.argmax(told.since_at), last_since_at=told.since_at.max()
    )
    _set_people(transaction, lakes.compile_sql(last), _LAST)


def _set_people(transaction: Transaction, sql: str, columns: tuple[str, ...]) -> None:
    values = ", ".join(f"{name} = n.{name}" for name in columns)
    transaction.execute(
        f"UPDATE {_PEOPLE} AS p SET {values} FROM ({sql}) AS n WHERE p.customer_id = n.customer_id"
    )


def _keep(transaction: Transaction, name: str, rows: ibis.Table) -> None:
    transaction.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {lakes.compile_sql(rows)}")


def _people() -> ibis.Table:
    fields = lakes.table("customers").schema()
    known = ("customer_id", "external_id", "contact_known_at", "first_seen_at")
    totals = ("order_count", "last_order_at", "revenue")
    schema = {name: fields[name] for name in (*known, *totals)}
    return ibis.table({**schema, "last_segment": "string", "last_since_at": "timestamp(6)"}, name=_PEOPLE)


def _settled_orders() -> ibis.Table:
    schema = {
        "customer_id": "int64",
        "ordered_at": "timestamp(6)",
        "is_counted": "boolean",
        "revenue": "decimal(18, 4)",
    }
    return ibis.table(schema, name=_SETTLED)


def _changing_events() -> ibis.Table:
    return ibis.table(customers_api.current_order_events().schema(), name=_CHANGING)
