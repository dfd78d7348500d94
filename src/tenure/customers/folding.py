"""The profile is a fold over events: each batch moves the profiles it touches, in sets.

Runs inside the batch's transaction on the temporary table that `events.appending` names. Customers who were
merged or taken apart, and those whose consent comes late, are folded again from their whole history (`refold`).
"""

import functools
from dataclasses import dataclass

import ibis

from tenure.customers.identity_changes import TO_REFOLD
from tenure.customers.order_lines import promote_order_lines
from tenure.customers.orders import build_order_totals, build_orders, current_order_events
from tenure.customers.scores import select_by_key
from tenure.events.api import RESOLVED
from tenure.lake import api as lakes
from tenure.lake.api import Transaction

ORDER_KINDS = {
    "Order Completed": "completed",
    "Order Updated": "updated",
    "Order Refunded": "refunded",
    "Order Cancelled": "cancelled",
}
_ORDER_EVENTS = ", ".join(f"'{event}'" for event in ORDER_KINDS)
_OUR_EVENTS = (
    "'Email Sent', 'Email Delivered', 'Email Bounced', 'Email Skipped', 'Email Failed', "
    "'Customer Merged', 'Customer Unmerged'"
)
"""What we did to a customer does not mean that the customer was seen."""
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
TOUCHED = "touched"
"""The temporary table (customer_id) of those whose profile a batch changes, for the handlers after `fold_batch`."""
_HISTORY = "refold_history"
_KEPT = ("customer_id", "r", "f", "m", "segment", "phase", "segment_since_at")
_ONLY_SCORES = ", ".join(
    name if name in _KEPT else f"NULL::{kind} AS {name}"
    for name, kind in lakes.list_column_types("customers").items()
)


@dataclass(frozen=True)
class BatchContents:
    """What a batch brings; a small one mostly needs none of these, and each costs statements."""

    has_orders: bool
    has_traits: bool
    has_refolds: bool = False


def fold_batch(tx: Transaction) -> None:
    """Bring the profiles that the batch touches up to date."""
    contents = _look_into(tx)
    if contents.has_orders:
        _promote_orders(tx)
        promote_order_lines(tx)
    if contents.has_refolds:
        tx.execute(
            f"CREATE OR REPLACE TEMP TABLE {TOUCHED} AS SELECT DISTINCT customer_id FROM {RESOLVED} "
            f"WHERE customer_id IS NOT NULL AND customer_id NOT IN (SELECT customer_id FROM {TO_REFOLD})"
        )
    else:
        tx.execute(
            f"CREATE OR REPLACE TEMP TABLE {TOUCHED} AS SELECT DISTINCT customer_id FROM {RESOLVED} "
            "WHERE customer_id IS NOT NULL"
        )
    tx.execute(f"CREATE OR REPLACE TEMP TABLE existing AS {select_by_key(tx, TOUCHED)}")
    _gather_facts(tx)
    if contents.has_orders:
        _gather_orders(
            tx,
            f"SELECT DISTINCT customer_id FROM {RESOLVED} WHERE type = 'track' AND event IN ({_ORDER_EVENTS}) "
            "AND customer_id IS NOT NULL",
        )
    if contents.has_traits:
        _gather_traits(tx)
    _write_profiles(tx, contents)
    if contents.has_refolds:
        refold(tx, TO_REFOLD)
        tx.execute(f"INSERT INTO {TOUCHED} SELECT customer_id FROM {TO_REFOLD}")


def refold(tx: Transaction, ids: str) -> None:
    """Fold the profiles of the customers in the table `ids` (customer_id, present ones) from their whole history.

    Scores and segment stay as they are until they are scored again. A customer without events has no profile.
    """
    _gather_history(tx, ids)
    tx.execute(f"CREATE OR REPLACE TEMP TABLE {TOUCHED}_again AS SELECT DISTINCT customer_id FROM {_HISTORY}")
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE existing AS SELECT {_ONLY_SCORES} FROM ({select_by_key(tx, ids)})"
    )
    _gather_history_facts(tx)
    _gather_orders(tx, f"SELECT customer_id FROM {TOUCHED}_again")
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE identifies AS SELECT customer_id, occurred_at, seq, properties "
        f"FROM {_HISTORY} WHERE type = 'identify'"
    )
    tx.execute("CREATE OR REPLACE TEMP TABLE refolded AS SELECT NULL::BIGINT AS customer_id WHERE false")
    _gather_patches(tx)
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE gone AS SELECT customer_id FROM {ids} ANTI JOIN {TOUCHED}_again USING (customer_id)"
    )
    _remove_profiles(tx, "gone")
    _write_profiles(tx, BatchContents(True, True), f"{TOUCHED}_again")


def _remove_profiles(tx: Transaction, ids: str) -> None:
    tx.execute(f"DELETE FROM customers_delta WHERE customer_id IN (SELECT customer_id FROM {ids})")
    tx.execute(f"INSERT INTO customers_delta (customer_id, is_removed) SELECT customer_id, true FROM {ids}")


def _look_into(tx: Transaction) -> BatchContents:
    row = tx.execute(
        f"SELECT coalesce(bool_or(type = 'track' AND event IN ({_ORDER_EVENTS})), false), "
        "coalesce(bool_or(type = 'identify'), false), "
        "coalesce(bool_or(event IN ('Unsubscribed', 'Subscribed')), false), "
        f"EXISTS (SELECT 1 FROM {TO_REFOLD}) FROM {RESOLVED}"
    ).fetchone()
    has_orders, has_traits, has_consents, has_refolds = row or (False,) * 4
    if has_consents and _refold_late_consents(tx):
        has_refolds = True
    return BatchContents(has_orders, has_traits, has_refolds)


def _refold_late_consents(tx: Transaction) -> bool:
    """Whether somebody's consent comes after what happened later; those are folded again."""
    asked = f"(SELECT DISTINCT customer_id FROM {RESOLVED} WHERE event IN ('Unsubscribed', 'Subscribed'))"
    row = tx.execute(
        f"INSERT INTO {TO_REFOLD} SELECT DISTINCT r.customer_id FROM {RESOLVED} AS r "
        f"JOIN ({select_by_key(tx, asked)}) AS c USING (customer_id) "
        "WHERE r.event IN ('Unsubscribed', 'Subscribed') AND r.occurred_at <= c.last_seen_at "
        f"AND r.customer_id NOT IN (SELECT customer_id FROM {TO_REFOLD})"
    ).fetchone()
    return bool(row and row[0])


def _promote_orders(tx: Transaction) -> None:
    """Copy what an order needs out of the commerce events' properties."""
    kinds = " ".join(f"WHEN '{event}' THEN '{kind}'" for event, kind in ORDER_KINDS.items())
    lines = (
        "list_sum(list_transform(from_json(json_extract(properties, '$.products'), "
        """'[{"price": "DOUBLE", "quantity": "DOUBLE"}]'), """
        "lambda line: line.price * coalesce(line.quantity, 1)))"
    )
    tx.execute(
        "INSERT INTO order_events (seq, customer_id, order_id, kind, occurred_at, amount, currency) "
        "SELECT seq, customer_id, "
        "coalesce(nullif(trim(properties ->> '$.order_id'), ''), nullif(trim(properties ->> '$.orderId'), ''), "
        "message_id), "
        f"CASE event {kinds} END AS kind, occurred_at, "
        "CASE WHEN event = 'Order Refunded' THEN abs(amount) WHEN event = 'Order Cancelled' THEN NULL "
        "ELSE amount END, "
        "CASE WHEN regexp_full_match(properties ->> '$.currency', '[A-Za-z]{3}') "
        "THEN upper(properties ->> '$.currency') END "
        "FROM (SELECT *, coalesce(TRY_CAST(properties ->> '$.total' AS DECIMAL(16, 4)), "
        "TRY_CAST(properties ->> '$.revenue' AS DECIMAL(16, 4)), "
        f"TRY_CAST({lines} AS DECIMAL(16, 4))) AS amount FROM {RESOLVED} "
        f"WHERE type = 'track' AND event IN ({_ORDER_EVENTS})) ORDER BY seq"
    )


def _gather_facts(tx: Transaction) -> None:
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE facts AS SELECT customer_id, min(occurred_at) AS first_seen_at, "
        f"max(occurred_at) FILTER (event IS NULL OR event NOT IN ({_OUR_EVENTS})) AS last_seen_at, "
        "count(*) AS event_count, "
        "arg_min(user_id, seq) FILTER (user_id IS NOT NULL) AS user_id, "
        "arg_min(anonymous_id, seq) FILTER (anonymous_id IS NOT NULL) AS anonymous_id, "
        "arg_max(event, (occurred_at, seq)) FILTER (event IN ('Unsubscribed', 'Subscribed')) AS consent_event, "
        "max(occurred_at) FILTER (event IN ('Unsubscribed', 'Subscribed')) AS consent_at "
        f"FROM {RESOLVED} WHERE customer_id IS NOT NULL GROUP BY 1"
    )


def _gather_history(tx: Transaction, ids: str) -> None:
    """Every event of the customers in `ids`, with the profile that it is stored under."""
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE stored AS SELECT customer_id AS stored_id, customer_id, NULL::BIGINT AS at_seq FROM {ids} "
        "UNION ALL SELECT from_customer_id, into_customer_id, coalesce(at_seq, 0) FROM merges "
        f"WHERE into_customer_id IN (SELECT customer_id FROM {ids})"
    )
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE {_HISTORY} AS SELECT s.customer_id, s.stored_id, s.at_seq, e.seq, e.type, e.event, "
        "e.user_id, e.anonymous_id, e.occurred_at, "
        "CASE WHEN e.type = 'identify' THEN e.properties END AS properties "
        "FROM events AS e JOIN stored AS s ON s.stored_id = e.customer_id "
        "WHERE e.rowid IN (SELECT rowid FROM events WHERE customer_id IN (SELECT stored_id FROM stored)) "
        "AND e.message_id NOT LIKE 'tenure-own-%'"
    )


def _gather_history_facts(tx: Transaction) -> None:
    """As `_gather_facts`. An opt-out of a merged profile holds until a consent that came after the merge."""
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE consents AS WITH latest AS ("
        "SELECT customer_id, stored_id, at_seq, arg_max(event, (occurred_at, seq)) AS event, "
        f"max(occurred_at) AS given_at, arg_max(seq, (occurred_at, seq)) AS seq FROM {_HISTORY} "
        "WHERE event IN ('Unsubscribed', 'Subscribed') GROUP BY 1, 2, 3), "
        "own AS (SELECT * FROM latest WHERE at_seq IS NULL) "
        "SELECT customer_id, max(given_at) AS consent_at FROM ("
        "SELECT customer_id, given_at FROM own WHERE event = 'Unsubscribed' UNION ALL "
        "SELECT l.customer_id, l.given_at FROM latest AS l LEFT JOIN own AS o USING (customer_id) "
        "WHERE l.at_seq IS NOT NULL AND l.event = 'Unsubscribed' AND NOT coalesce("
        "o.event = 'Subscribed' AND o.seq > l.at_seq AND o.given_at >= l.given_at, false)) GROUP BY 1"
    )
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE facts AS SELECT h.*, "
        "CASE WHEN c.customer_id IS NOT NULL THEN 'Unsubscribed' END AS consent_event, c.consent_at FROM ("
        "SELECT customer_id, min(occurred_at) AS first_seen_at, "
        f"max(occurred_at) FILTER (event IS NULL OR event NOT IN ({_OUR_EVENTS})) AS last_seen_at, "
        "count(*) AS event_count, "
        "arg_min(user_id, (stored_id <> customer_id, seq)) FILTER (user_id IS NOT NULL) AS user_id, "
        "arg_min(anonymous_id, (stored_id <> customer_id, seq)) FILTER (anonymous_id IS NOT NULL) AS anonymous_id "
        f"FROM {_HISTORY} GROUP BY 1) AS h LEFT JOIN consents AS c USING (customer_id)"
    )


def _gather_traits(tx: Transaction) -> None:
    """The traits that the batch sets: the latest value of each key wins, whatever the order of arrival."""
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE refolded AS SELECT DISTINCT r.customer_id "
        f"FROM {RESOLVED} AS r JOIN existing USING (customer_id) "
        "WHERE r.type = 'identify' AND r.occurred_at < existing.traits_set_at"
    )
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE identifies AS SELECT customer_id, occurred_at, seq, properties "
        f"FROM {RESOLVED} ANTI JOIN refolded USING (customer_id) "
        "WHERE type = 'identify' AND customer_id IS NOT NULL"
    )
    row = tx.execute("SELECT count(*) FROM refolded").fetchone()
    if row and row[0]:
        tx.execute(
            "INSERT INTO identifies SELECT coalesce(m.into_customer_id, e.customer_id), occurred_at, seq, properties "
            "FROM events AS e LEFT JOIN merges AS m ON m.from_customer_id = e.customer_id "
            "WHERE type = 'identify' AND coalesce(m.into_customer_id, e.customer_id) IN (SELECT customer_id FROM refolded)"
        )
    _gather_patches(tx)


def _gather_patches(tx: Transaction) -> None:
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE patches AS SELECT customer_id, "
        "json_group_object(key, value) AS patch, max(set_at) AS traits_set_at, "
        "min(first_set_at) FILTER (key IN ('email', 'phone')) AS contact_known_at FROM ("
        "SELECT customer_id, j.key, arg_max(j.value, (occurred_at, seq)) AS value, "
        "max(occurred_at) AS set_at, min(occurred_at) AS first_set_at "
        "FROM identifies, json_each(identifies.properties) AS j GROUP BY 1, 2) GROUP BY 1"
    )


def _gather_orders(tx: Transaction, ids: str) -> None:
    tx.execute(f"CREATE OR REPLACE TEMP TABLE reordered AS {ids}")
    tx.execute(_order_totals_sql())


@functools.cache
def _order_totals_sql() -> str:
    """Compiled once: the totals of the customers in `reordered`."""
    reordered = ibis.table({"customer_id": "int64"}, name="reordered")
    events = current_order_events()
    events = events.filter(events.customer_id.isin(reordered.customer_id))
    totals = build_order_totals(build_orders(order_events=events))
    return f"CREATE OR REPLACE TEMP TABLE order_totals AS {lakes.compile_sql(totals)}"


def _write_profiles(tx: Transaction, contents: BatchContents, ids: str = "") -> None:
    """Write the profiles of the customers in `ids` (those of the batch) from what was gathered of them."""
    ids = ids or TOUCHED
    tx.execute(f"DELETE FROM customers_delta WHERE customer_id IN (SELECT customer_id FROM {ids})")
    tx.execute(f"INSERT INTO customers_delta BY NAME {_build_profiles_sql(contents, ids)}")


@functools.cache
def _build_profiles_sql(contents: BatchContents, ids: str) -> str:
    """The profiles' statement; what the batch does not bring stands as a table without rows."""
    has_patches = contents.has_traits
    return _PROFILES_SQL.format(
        folding=ids,
        patches="patches" if has_patches else _NO_PATCHES,
        refolded="refolded" if has_patches else "(SELECT NULL::BIGINT AS customer_id WHERE false)",
        order_totals="order_totals" if contents.has_orders else _NO_TOTALS,
        traits=_FOLDED_TRAITS if has_patches else "coalesce(e.traits, '{}')",
        named=_READ_FROM_TRAITS if has_patches else "SELECT *, email AS given_email FROM merged",
        email=_EMAIL,
    )


_FOLDED_TRAITS = (
    "CASE WHEN p.patch IS NULL THEN coalesce(e.traits, '{}') "
    "WHEN r.customer_id IS NOT NULL THEN json_merge_patch('{}', p.patch)::VARCHAR "
    "ELSE json_merge_patch(coalesce(e.traits, '{}'), p.patch)::VARCHAR END"
)
_READ_FROM_TRAITS = """
    SELECT * EXCLUDE (phone, name, country, timezone),
        CASE WHEN is_changed THEN nullif(trim(lower(replace(traits ->> '$.email', chr(160), ' '))), '')
             ELSE email END AS given_email,
        CASE WHEN is_changed THEN nullif(trim(traits ->> '$.phone'), '') ELSE phone END AS phone,
        CASE WHEN is_changed THEN coalesce(
            nullif(trim(traits ->> '$.name'), ''),
            nullif(trim(concat_ws(' ',
                coalesce(traits ->> '$.firstName', traits ->> '$.first_name'),
                coalesce(traits ->> '$.lastName', traits ->> '$.last_name'))), '')) ELSE name END AS name,
        CASE WHEN is_changed THEN coalesce(traits ->> '$.address.country', traits ->> '$.country')
             ELSE country END AS country,
        CASE WHEN is_changed THEN traits ->> '$.timezone' ELSE timezone END AS timezone
    FROM merged"""
_NO_PATCHES = (
    "(SELECT NULL::BIGINT AS customer_id, NULL::JSON AS patch, NULL::TIMESTAMP AS traits_set_at, "
    "NULL::TIMESTAMP AS contact_known_at WHERE false)"
)
_NO_TOTALS = (
    "(SELECT NULL::BIGINT AS customer_id, NULL::BIGINT AS order_count, NULL::DECIMAL(18, 4) AS revenue, "
    "NULL::TIMESTAMP AS first_order_at, NULL::TIMESTAMP AS last_order_at WHERE false)"
)
_PROFILES_SQL = """
WITH merged AS (
    SELECT
        t.customer_id,
        coalesce(CASE WHEN e.is_known THEN e.external_id END, f.user_id, e.external_id, f.anonymous_id) AS external_id,
        coalesce(e.is_known, false) OR f.user_id IS NOT NULL AS is_known,
        {traits} AS traits,
        greatest(e.traits_set_at, p.traits_set_at) AS traits_set_at,
        least(e.contact_known_at, p.contact_known_at) AS contact_seen_at,
        CASE WHEN f.consent_at IS NULL THEN e.email_opted_out_at
             WHEN f.consent_event = 'Unsubscribed' THEN f.consent_at END AS email_opted_out_at,
        least(e.first_seen_at, f.first_seen_at) AS first_seen_at,
        coalesce(greatest(e.last_seen_at, f.last_seen_at), f.first_seen_at) AS last_seen_at,
        coalesce(e.event_count, 0) + coalesce(f.event_count, 0) AS event_count,
        CASE WHEN o.customer_id IS NULL THEN coalesce(e.order_count, 0) ELSE o.order_count END AS order_count,
        CASE WHEN o.customer_id IS NULL THEN coalesce(e.revenue, 0) ELSE o.revenue END AS revenue,
        CASE WHEN o.customer_id IS NULL THEN e.first_order_at ELSE o.first_order_at END AS first_order_at,
        CASE WHEN o.customer_id IS NULL THEN e.last_order_at ELSE o.last_order_at END AS last_order_at,
        p.patch IS NOT NULL AS is_changed, e.email, e.phone, e.name, e.country, e.timezone,
        e.r, e.f, e.m, e.segment, e.phase, e.segment_since_at
    FROM {folding} AS t
    LEFT JOIN existing AS e USING (customer_id)
    LEFT JOIN facts AS f USING (customer_id)
    LEFT JOIN {patches} AS p USING (customer_id)
    LEFT JOIN {refolded} AS r USING (customer_id)
    LEFT JOIN {order_totals} AS o USING (customer_id)
), named AS (
    {named}
)
SELECT * EXCLUDE (email, given_email, contact_seen_at, is_changed),
    CASE WHEN NOT is_changed OR regexp_matches(given_email, '{email}') THEN given_email END AS email,
    CASE WHEN CASE WHEN is_changed THEN regexp_matches(given_email, '{email}') ELSE given_email IS NOT NULL END
        OR phone IS NOT NULL THEN contact_seen_at END AS contact_known_at,
    false AS is_removed
FROM named
"""
