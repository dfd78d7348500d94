"""The outbox: planned, claimed, handed off, finished. Each step is one conditional statement.

A row goes `planned -> claimed -> (handed_off_at set) -> sent | failed | in_doubt | planned again`. Only a row
that this module marked as handed off may be given to a channel, and what was marked is never marked again
unless its outcome is known to be "not sent".
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from django.apps import apps
from django.db import connection, transaction

from tenure.base import clock
from tenure.base.errors import ConflictError, NotFoundError
from tenure.channels.models import Delivery
from tenure.customers import api as customers

ROWS_PER_TRANSACTION = 20_000
MAX_ATTEMPTS = 8
FIRST_RETRY_SECONDS = 30
LONGEST_RETRY_SECONDS = 4 * 3600
TABLE = Delivery._meta.db_table


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """An outbox row on its way out."""

    id: int
    campaign_id: int
    occurrence: int
    customer_id: int
    channel: str
    address: str
    attempt_count: int


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """A row that a channel accepted; `sent_at` is aware UTC."""

    id: int
    campaign_id: int
    occurrence: int
    customer_id: int
    channel: str
    address: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class DoubtfulDelivery:
    """A hand-off whose outcome nobody knows. A person decides with `resolve_in_doubt`."""

    id: int
    campaign_id: int
    customer_id: int
    channel: str
    address: str
    handed_off_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claimed row. `state`: sent, failed, in_doubt, retry (counts an attempt) or planned."""

    delivery_id: int
    state: str
    code: str | None = None
    error: str | None = None
    attempt_count: int = 0


def add_deliveries(
    campaign_id: int,
    rows: pa.RecordBatch | pa.Table,
    channel: str,
    occurrence: int = 0,
    not_before: datetime | None = None,
) -> int:
    """Insert one row per person (columns customer_id, address); who is there already is left alone.

    Returns how many rows are new. May be repeated after a crash.
    """
    moment = _adapt(not_before)
    statement = (
        f"INSERT INTO {TABLE} (campaign_id, occurrence, customer_id, channel, address, state, not_before,"
        " attempt_count, is_event_recorded) VALUES (%s, %s, %s, %s, %s, 'planned', %s, 0, %s)"
        " ON CONFLICT DO NOTHING"
    )
    new = 0
    for start in range(0, rows.num_rows, ROWS_PER_TRANSACTION):
        part = rows.slice(start, ROWS_PER_TRANSACTION)
        people = zip(part.column("customer_id").to_pylist(), part.column("address").to_pylist(), strict=True)
        values = [(campaign_id, occurrence, who, channel, address, moment, False) for who, address in people]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, values)
            new += max(cursor.rowcount, 0)
    return new


def claim_batch(limit: int, channel: str = "email") -> list[ClaimedDelivery]:
    """Take up to `limit` due rows for this process, oldest first."""
    claimed = _claim("not_before IS NULL", [channel, limit])
    if len(claimed) < limit:
        claimed += _claim("not_before <= %s", [_adapt(clock.now()), channel, limit - len(claimed)])
    return claimed


def _claim(due: str, parameters: list[Any]) -> list[ClaimedDelivery]:
    lock = " FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    statement = (
        f"UPDATE {TABLE} SET state = 'claimed' WHERE state = 'planned' AND id IN (SELECT id FROM {TABLE}"
        f" WHERE state = 'planned' AND {due} AND channel = %s ORDER BY not_before, id LIMIT %s{lock})"
        " RETURNING id, campaign_id, occurrence, customer_id, channel, address, attempt_count"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [ClaimedDelivery(*row) for row in sorted(cursor.fetchall())]


def find_next_due_at() -> datetime | None:
    """When the next waiting row becomes due; None when nothing waits."""
    if _select_ids("state = 'planned' AND not_before IS NULL", 1):
        return clock.now()
    first = _select_ids("state = 'planned' AND not_before IS NOT NULL", 1, order_by="not_before, id")
    return Delivery.objects.filter(id__in=first).values_list("not_before", flat=True).first()


def mark_handed_off(delivery_ids: Sequence[int]) -> set[int]:
    """Mark claimed rows as handed off, and say which may now be given to the channel.

    The opt-out is asked again in the same statement; who opted out becomes cancelled, with the reason.
    """
    if not delivery_ids:
        return set()
    _recall_suppressions(delivery_ids)
    suppressions = apps.get_model("customers", "Suppression")._meta.db_table
    opted_out = (
        f"FROM {suppressions} AS s WHERE s.channel = {TABLE}.channel"
        f" AND s.address IN ({TABLE}.address, lower({TABLE}.address))"
    )
    those = f"id IN ({_marks(delivery_ids)}) AND state = 'claimed' AND handed_off_at IS NULL"
    now = _adapt(clock.now())
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET handed_off_at = %s WHERE {those} AND NOT EXISTS (SELECT 1 {opted_out})"
            " RETURNING id",
            [now, *delivery_ids],
        )
        marked = {row[0] for row in cursor.fetchall()}
        if len(marked) < len(delivery_ids):
            cursor.execute(
                f"UPDATE {TABLE} SET state = 'cancelled', finished_at = %s,"
                f" error_code = (SELECT min(s.reason) {opted_out}), error = 'opted out before the hand-off'"
                f" WHERE {those} AND EXISTS (SELECT 1 {opted_out})",
                [now, *delivery_ids],
            )
    return marked


def record_results(results: Iterable[Result]) -> None:
    """Write down what became of claimed rows. A row that is claimed no more keeps its state."""
    results = list(results)
    now = _adapt(clock.now())
    sent = [result.delivery_id for result in results if result.state == "sent"]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        if sent:
            cursor.execute(
                f"UPDATE {TABLE} SET state = 'sent', finished_at = %s, error_code = NULL, error = NULL"
                f" WHERE id IN ({_marks(sent)}) AND state = 'claimed' AND handed_off_at IS NOT NULL",
                [now, *sent],
            )
        for result in results:
            if result.state != "sent":
                _record_unsent(cursor, result, now)


def _record_unsent(cursor: Any, result: Result, now: Any) -> None:
    code, error = _cut(result.code, 20), _cut(result.error, 500)
    state, not_before, finished_at = result.state, None, now
    if state == "retry":
        state = "planned" if result.attempt_count < MAX_ATTEMPTS else "failed"
        not_before = _adapt(clock.now() + compute_retry_delay(result.attempt_count))
    if state == "planned":
        cursor.execute(
            f"UPDATE {TABLE} SET state = 'planned', handed_off_at = NULL, not_before = %s, error_code = %s,"
            " error = %s, attempt_count = %s WHERE id = %s AND state = 'claimed'",
            [not_before, code, error, result.attempt_count, result.delivery_id],
        )
    else:
        cursor.execute(
            f"UPDATE {TABLE} SET state = %s, finished_at = %s, error_code = %s, error = %s,"
            " attempt_count = %s WHERE id = %s AND state = 'claimed'",
            [state, finished_at, code, error, result.attempt_count, result.delivery_id],
        )


def compute_retry_delay(attempt_count: int) -> timedelta:
    """30 seconds after the first failed attempt, then twice as long each time, at most four hours."""
    return timedelta(seconds=min(FIRST_RETRY_SECONDS * 2 ** max(attempt_count - 1, 0), LONGEST_RETRY_SECONDS))


def recover_after_crash() -> tuple[int, int]:
    """What a dead process had claimed: not handed off is planned again, handed off is in doubt.

    Call it once, before a sender starts. Returns the two counts.
    """
    now = _adapt(clock.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET state = 'planned' WHERE state = 'claimed' AND handed_off_at IS NULL"
        )
        again = cursor.rowcount
        cursor.execute(
            f"UPDATE {TABLE} SET state = 'in_doubt', finished_at = %s, error_code = 'crashed',"
            " error = 'Tenure stopped between the hand-off and the answer; the mail may have arrived.'"
            " WHERE state = 'claimed' AND handed_off_at IS NOT NULL",
            [now],
        )
        doubtful = cursor.rowcount
    return again, doubtful


def release_claimed(delivery_ids: Sequence[int]) -> None:
    """Give back rows that were claimed and not handed off."""
    for start in range(0, len(delivery_ids), 500):
        part = delivery_ids[start : start + 500]
        Delivery.objects.filter(id__in=part, state="claimed", handed_off_at__isnull=True).update(
            state="planned"
        )


def find_delivery_address(delivery_id: int) -> str | None:
    """The address that a delivery went to, or goes to."""
    return Delivery.objects.filter(id=delivery_id).values_list("address", flat=True).first()


def count_states(campaign_id: int) -> dict[str, int]:
    """Rows of a campaign by state; every state is a key."""
    statement = f"SELECT state, count(*) FROM {TABLE} WHERE campaign_id = %s GROUP BY state"
    with connection.cursor() as cursor:
        cursor.execute(statement, [campaign_id])
        counts = Counter(dict(cursor.fetchall()))
    return {state.value: counts[state.value] for state in Delivery.State}


def count_errors(campaign_id: int, limit: int = 20) -> list[tuple[str, str, str, int]]:
    """Why rows failed, wait again or were cancelled: (state, code, message, count), most first."""
    statement = (
        f"SELECT state, error_code, min(error), count(*) FROM {TABLE} WHERE campaign_id = %s"
        " AND state <> 'sent' AND error_code IS NOT NULL GROUP BY state, error_code"
        " ORDER BY count(*) DESC, state, error_code LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [campaign_id, limit])
        return [(state, code, error or "", count) for state, code, error, count in cursor.fetchall()]


def count_outbox() -> dict[str, int]:
    """All rows by state, for `tenure doctor`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT state, count(*) FROM {TABLE} GROUP BY state")
        counts = dict(cursor.fetchall())
    return {state.value: counts.get(state.value, 0) for state in Delivery.State}


def list_in_doubt(campaign_id: int, limit: int = 1000) -> list[DoubtfulDelivery]:
    """Hand-offs whose outcome is unknown, oldest first."""
    rows = Delivery.objects.filter(campaign_id=campaign_id, state="in_doubt").order_by("id")[:limit]
    return [
        DoubtfulDelivery(
            row.pk,
            row.campaign_id,
            row.customer_id,
            row.channel,
            row.address,
            row.handed_off_at,
            row.error or "",
        )
        for row in rows
    ]


def resolve_in_doubt(delivery_id: int, sent: bool) -> None:
    """A person found out: `sent` counts it as sent; otherwise it is planned again and will be sent."""
    rows = Delivery.objects.filter(id=delivery_id, state="in_doubt")
    if sent:
        changed = rows.update(state="sent", error_code=None, error=None)
    else:
        changed = rows.update(
            state="planned",
            handed_off_at=None,
            finished_at=None,
            not_before=None,
            error_code=None,
            error=None,
        )
    if changed == 1:
        return
    if not Delivery.objects.filter(id=delivery_id).exists():
        raise NotFoundError("no_such_delivery", f"There is no delivery {delivery_id}.")
    raise ConflictError("not_in_doubt", f"Delivery {delivery_id} is not in doubt any more. Reload the page.")


def cancel(campaign_id: int, reason: str = "cancelled") -> int:
    """Cancel what has not been handed off yet. Returns how many rows that were."""
    total = 0
    while True:
        part = Delivery.objects.filter(
            campaign_id=campaign_id, state__in=("planned", "claimed"), handed_off_at__isnull=True
        ).values("id")[:ROWS_PER_TRANSACTION]
        changed = Delivery.objects.filter(
            id__in=part, state__in=("planned", "claimed"), handed_off_at__isnull=True
        ).update(state="cancelled", finished_at=clock.now(), error_code=_cut(reason, 20))
        total += changed
        if changed < ROWS_PER_TRANSACTION:
            return total


def _recall_suppressions(delivery_ids: Sequence[int]) -> None:
    """Addresses of people who were erased are known by their hash only, until they come back."""
    if customers.has_hashed_suppressions():
        rows = Delivery.objects.filter(id__in=list(delivery_ids)).values_list("channel", "address")
        by_channel: dict[str, list[str]] = {}
        for channel, address in rows:
            by_channel.setdefault(channel, []).append(address)
        for channel, addresses in by_channel.items():
            customers.recall_suppressions(channel, addresses)


def list_untold(limit: int = 500) -> list[SentDelivery]:
    """Sent rows of which no event has been recorded yet, oldest first."""
    rows = Delivery.objects.filter(
        id__in=_select_ids("state = 'sent' AND NOT is_event_recorded", limit)
    ).order_by("id")
    fields = ("id", "campaign_id", "occurrence", "customer_id", "channel", "address", "finished_at")
    return [SentDelivery(*row) for row in rows.values_list(*fields)]


def mark_told(delivery_ids: Sequence[int]) -> None:
    """The events of these sent rows are recorded."""
    for start in range(0, len(delivery_ids), 500):
        Delivery.objects.filter(id__in=delivery_ids[start : start + 500]).update(is_event_recorded=True)


def _select_ids(condition: str, limit: int, order_by: str = "id") -> list[int]:
    """Ids by a condition in literals: with parameters SQLite would not use its partial indexes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {TABLE} WHERE {condition} ORDER BY {order_by} LIMIT {limit:d}")
        return [row[0] for row in cursor.fetchall()]


def _adapt(moment: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment) if moment else None


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _cut(text: str | None, length: int) -> str | None:
    return text[:length] if text else None
