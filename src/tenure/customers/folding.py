"""The profile is a fold over events: each batch moves the profiles it touches, in sets.

Runs inside the batch's transaction on the temporary table that `events.appending` names. Late identify calls
and merges are folded again from the whole history of those customers.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from tenure.customers.identity import IdentityClaim, RecentIdentities, Resolution, resolve_identities
from tenure.customers.models import Merge
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
_OUR_EVENTS = "'Email Sent', 'Email Delivered', 'Email Bounced', 'Email Skipped', 'Email Failed'"
"""What we did to a customer does not mean that the customer was seen."""
_MERGES = "new_merges"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
Claim = tuple[str | None, str | None, str | None, str]
_COLUMNS = ", ".join([*lakes.table("customers").columns, "is_removed"])


class BatchIdentities:
    """Resolves batches of one lake; made once for it."""

    def __init__(self) -> None:
        self._recent = RecentIdentities()

    def __call__(self, tx: Transaction, claims: Sequence[Claim]) -> Resolution:
        """Identities from the ledger; the lake's merge map is brought up to the ledger's in the same step."""
        resolution = resolve_identities([IdentityClaim(*claim) for claim in claims], self._recent)
        _bring_merges(tx)
        return resolution


def _bring_merges(tx: Transaction) -> None:
    last = tx.execute("SELECT coalesce(max(value), 0) FROM checkpoints WHERE name = 'merges'").fetchone()
    seen = int(last[0]) if last else 0
    rows = list(Merge.objects.filter(id__gt=seen).order_by("id").values())
    tx.execute(f"CREATE TEMP TABLE IF NOT EXISTS {_MERGES} AS SELECT * FROM merges WHERE false")
    tx.execute(f"TRUNCATE {_MERGES}")
    if rows:
        _copy_merges(tx, rows)


def _copy_merges(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    new = pa.table(
        {
            "merge_id": pa.array([row["id"] for row in rows], pa.int64()),
            "from_customer_id": pa.array([row["from_customer_id"] for row in rows], pa.int64()),
            "into_customer_id": pa.array([row["into_customer_id"] for row in rows], pa.int64()),
            "merged_at": pa.array(
                [row["merged_at"].replace(tzinfo=None) for row in rows], pa.timestamp("us")
            ),
        }
    )
    tx.append(_MERGES, new)
    tx.execute(
        f"UPDATE merges SET into_customer_id = later.into_customer_id FROM {_MERGES} AS later "
        "WHERE merges.into_customer_id = later.from_customer_id"
    )
    tx.execute(f"INSERT INTO merges BY NAME SELECT * FROM {_MERGES}")
    tx.execute("DELETE FROM checkpoints WHERE name = 'merges'")
    tx.execute("INSERT INTO checkpoints VALUES ('merges', ?)", [rows[-1]["id"]])


@dataclass(frozen=True)
class BatchContents:
    """What a batch brings; a small one mostly needs none of these, and each costs statements."""

    has_orders: bool
    has_traits: bool
    has_merges: bool


def fold_batch(tx: Transaction) -> None:
    """Bring the profiles that the batch touches up to date."""
    contents = _look_into(tx)
    merged = f" UNION ALL SELECT into_customer_id FROM {_MERGES}" if contents.has_merges else ""
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT customer_id FROM "
        f"(SELECT customer_id FROM {RESOLVED}{merged}) WHERE customer_id IS NOT NULL"
    )
    tx.execute(f"CREATE OR REPLACE TEMP TABLE existing AS {select_by_key('touched')}")
    _gather_facts(tx)
    if contents.has_merges:
        _gather_absorbed(tx)
    if contents.has_orders:
        _promote_orders(tx)
        promote_order_lines(tx)
    if contents.has_orders or contents.has_merges:
        _gather_orders(tx)
    if contents.has_traits or contents.has_merges:
        _gather_traits(tx)
    _write_profiles(tx, contents)


def _look_into(tx: Transaction) -> BatchContents:
    row = tx.execute(
        f"SELECT coalesce(bool_or(type = 'track' AND event IN ({_ORDER_EVENTS})), false), "
        "coalesce(bool_or(type = 'identify'), false), "
        f"EXISTS (SELECT 1 FROM {_MERGES}) FROM {RESOLVED}"
    ).fetchone()
    return BatchContents(*row) if row else BatchContents(False, False, False)


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


def _gather_absorbed(tx: Transaction) -> None:
    """What was known of the profiles that were merged into touched ones."""
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE absorbed AS SELECT m.into_customer_id AS customer_id, "
        "min(c.first_seen_at) AS first_seen_at, max(c.last_seen_at) AS last_seen_at, "
        "sum(c.event_count)::BIGINT AS event_count, min(c.contact_known_at) AS contact_known_at, "
        "max(c.email_opted_out_at) AS email_opted_out_at "
        f"FROM {_MERGES} AS m JOIN customers AS c ON c.customer_id = m.from_customer_id GROUP BY 1"
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


def _gather_traits(tx: Transaction) -> None:
    """The traits that the batch sets: the latest value of each key wins, whatever the order of arrival."""
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE refolded AS SELECT DISTINCT customer_id FROM ("
        f"SELECT r.customer_id FROM {RESOLVED} AS r JOIN existing USING (customer_id) "
        "WHERE r.type = 'identify' AND r.occurred_at < existing.traits_set_at "
        f"UNION ALL SELECT into_customer_id FROM {_MERGES})"
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
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE patches AS SELECT customer_id, "
        "json_group_object(key, value) AS patch, max(set_at) AS traits_set_at, "
        "min(first_set_at) FILTER (key IN ('email', 'phone')) AS contact_known_at FROM ("
        "SELECT customer_id, j.key, arg_max(j.value, (occurred_at, seq)) AS value, "
        "max(occurred_at) AS set_at, min(occurred_at) AS first_set_at "
        "FROM identifies, json_each(identifies.properties) AS j GROUP BY 1, 2) GROUP BY 1"
    )


def _gather_orders(tx: Transaction) -> None:
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE reordered AS SELECT DISTINCT customer_id FROM ("
        f"SELECT customer_id FROM {RESOLVED} WHERE type = 'track' AND event IN "
        f"({_ORDER_EVENTS}) AND customer_id IS NOT NULL "
        f"UNION ALL SELECT into_customer_id FROM {_MERGES})"
    )
    tx.execute(_order_totals_sql())


@functools.cache
def _order_totals_sql() -> str:
    """Compiled once: the totals of the customers in `reordered`."""
    reordered = ibis.table({"customer_id": "int64"}, name="reordered")
    events = current_order_events()
    events = events.filter(events.customer_id.isin(reordered.customer_id))
    totals = build_order_totals(build_orders(order_events=events))
    return f"CREATE OR REPLACE TEMP TABLE order_totals AS {lakes.compile_sql(totals)}"


def _write_profiles(tx: Transaction, contents: BatchContents) -> None:
    tx.execute("DELETE FROM customers_delta WHERE customer_id IN (SELECT customer_id FROM touched)")
    tx.execute(f"INSERT INTO customers_delta BY NAME {_build_profiles_sql(contents)}")
    if contents.has_merges:
        gone = f"(SELECT from_customer_id FROM {_MERGES})"
        tx.execute(f"DELETE FROM customers_delta WHERE customer_id IN {gone}")
        tx.execute(
            f"INSERT INTO customers_delta (customer_id, is_removed) SELECT from_customer_id, true FROM {_MERGES}"
        )


@functools.cache
def _build_profiles_sql(contents: BatchContents) -> str:
    """The profiles' statement; what the batch does not bring stands as a table without rows."""
    has_patches = contents.has_traits or contents.has_merges
    has_totals = contents.has_orders or contents.has_merges
    return _PROFILES_SQL.format(
        absorbed="absorbed" if contents.has_merges else _NO_ABSORBED,
        patches="patches" if has_patches else _NO_PATCHES,
        refolded="refolded" if has_patches else "(SELECT NULL::BIGINT AS customer_id WHERE false)",
        order_totals="order_totals" if has_totals else _NO_TOTALS,
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
_NO_ABSORBED = (
    "(SELECT NULL::BIGINT AS customer_id, NULL::TIMESTAMP AS first_seen_at, NULL::TIMESTAMP AS last_seen_at, "
    "NULL::BIGINT AS event_count, NULL::TIMESTAMP AS contact_known_at, NULL::TIMESTAMP AS email_opted_out_at "
    "WHERE false)"
)
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
        least(e.contact_known_at, a.contact_known_at, p.contact_known_at) AS contact_seen_at,
        CASE WHEN f.consent_at IS NULL THEN coalesce(e.email_opted_out_at, a.email_opted_out_at)
             WHEN f.consent_event = 'Unsubscribed' THEN f.consent_at END AS email_opted_out_at,
        least(e.first_seen_at, a.first_seen_at, f.first_seen_at) AS first_seen_at,
        coalesce(greatest(e.last_seen_at, a.last_seen_at, f.last_seen_at), f.first_seen_at) AS last_seen_at,
        coalesce(e.event_count, 0) + coalesce(a.event_count, 0) + coalesce(f.event_count, 0) AS event_count,
        CASE WHEN o.customer_id IS NULL THEN coalesce(e.order_count, 0) ELSE o.order_count END AS order_count,
        CASE WHEN o.customer_id IS NULL THEN coalesce(e.revenue, 0) ELSE o.revenue END AS revenue,
        CASE WHEN o.customer_id IS NULL THEN e.first_order_at ELSE o.first_order_at END AS first_order_at,
        CASE WHEN o.customer_id IS NULL THEN e.last_order_at ELSE o.last_order_at END AS last_order_at,
        p.patch IS NOT NULL AS is_changed, e.email, e.phone, e.name, e.country, e.timezone,
        e.r, e.f, e.m, e.segment, e.phase, e.segment_since_at
    FROM touched AS t
    LEFT JOIN existing AS e USING (customer_id)
    LEFT JOIN {absorbed} AS a USING (customer_id)
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
