"""Visits: runs of a customer's own page, screen and track events; 30 minutes of silence end one.

Events come late and out of order, so a session may begin, grow or join others at any time. Sessions that what
happens now may still touch lie in the small table `open_sessions`, all others in `sessions`: a batch of new events reads the
small one only. An event before the `horizon` (a checkpoint) also draws those sessions from `sessions` that it may touch.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import ibis

from tenure.events.api import RESOLVED
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction

GAP = timedelta(minutes=30)
NOT_VISITS = (
    *("Email Sent", "Email Delivered", "Email Bounced", "Email Skipped", "Email Failed"),
    *("Email Opened", "Email Link Clicked", "Email Marked as Spam", "Unsubscribed", "Subscribed"),
    *("Order Updated", "Order Refunded", "Order Cancelled"),
)
"""Track events that are no part of a visit: what was done to customers, and what they did in their mail program."""
_LISTED = ", ".join(f"'{event}'" for event in NOT_VISITS)
IS_VISIT = (
    "(type IN ('page', 'screen', 'track') AND source NOT IN ('tenure', 'import') AND message_id NOT LIKE 'import:%' "
    f"AND (type <> 'track' OR event NOT IN ({_LISTED})) AND customer_id IS NOT NULL)"
)
HORIZON = "sessions"
_STAYS_OPEN = timedelta(hours=2)
_FOLDED = "folded_sessions"
_COLUMNS = ", ".join(lakes.table("sessions").columns)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Visits:
    """What a batch brings: when its first and last event of a visit happened, and since when sessions are open (naive)."""

    first_at: datetime
    last_at: datetime
    horizon: datetime | None
    is_large: bool

    @property
    def are_late(self) -> bool:
        return self.horizon is not None and self.first_at < self.horizon

    @property
    def are_of_one_time(self) -> bool:
        """Whether all of them fit into the silence that a visit survives, so that each customer's are one piece."""
        return self.last_at - self.first_at <= GAP and not self.are_late


def read_horizon(value: int | None) -> datetime | None:
    """The moment (naive) that the checkpoint stands for."""
    return None if value is None else (_EPOCH + timedelta(microseconds=value)).replace(tzinfo=None)


def fold_sessions(tx: Transaction, visits: Visits) -> None:
    """Put the batch's events into the sessions of their customers."""
    hits = _select_hits(f"SELECT * FROM {RESOLVED} WHERE {IS_VISIT}")
    if visits.are_of_one_time and not visits.is_large:
        tx.execute(f"CREATE OR REPLACE TEMP TABLE {_FOLDED} AS {_TOUCHING.format(hits=hits)}")
    else:
        _fold_apart(tx, hits, visits)
    tx.execute(f"DELETE FROM open_sessions WHERE customer_id IN (SELECT customer_id FROM {_FOLDED})")
    _put_back(tx, visits.horizon if visits.are_late else None)
    if visits.is_large:
        close_sessions(tx)


def _fold_apart(tx: Transaction, hits: str, visits: Visits) -> None:
    """Sessions of a batch that tells of more than half an hour."""
    visitors = f"SELECT customer_id FROM {RESOLVED} WHERE {IS_VISIT}"
    pieces = f"{hits} UNION ALL SELECT {_COLUMNS} FROM open_sessions WHERE customer_id IN ({visitors})"
    if visits.are_late:
        _draw_closed(tx)
        pieces += f" UNION ALL SELECT {_COLUMNS} FROM drawn_sessions"
    tx.execute(f"CREATE OR REPLACE TEMP TABLE {_FOLDED} AS {_join_pieces(pieces)}")


def refold_sessions(tx: Transaction, ids: str) -> None:
    """Make the sessions of the customers in the table `ids` (customer_id, present ones) from all their events."""
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE session_owners AS SELECT customer_id AS stored_id, customer_id AS owner_id "
        f"FROM (SELECT DISTINCT customer_id FROM {ids}) AS present UNION ALL "
        "SELECT from_customer_id, into_customer_id FROM merges "
        f"WHERE into_customer_id IN (SELECT customer_id FROM {ids})"
    )
    for table in ("sessions", "open_sessions"):
        tx.execute(f"DELETE FROM {table} WHERE customer_id IN (SELECT stored_id FROM session_owners)")
    names = ("type", "event", "occurred_at", "seq", "properties", "context")
    hits = _select_hits(
        f"SELECT o.owner_id AS customer_id, {', '.join(f'e.{name}' for name in names)} "
        f"FROM (SELECT * FROM events WHERE {IS_VISIT} AND customer_id IN (SELECT stored_id FROM session_owners)) AS e "
        "JOIN session_owners AS o ON o.stored_id = e.customer_id"
    )
    tx.execute(f"CREATE OR REPLACE TEMP TABLE {_FOLDED} AS {_join_pieces(hits)}")
    _put_back(tx, _get_horizon(tx))


def close_sessions(tx: Transaction) -> None:
    """Move on what ended two hours before the latest event, which what happens now does not touch any more."""
    row = tx.execute("SELECT max(ended_at) FROM open_sessions").fetchone()
    before = _get_horizon(tx)
    if not row or row[0] is None or (before is not None and row[0] - _STAYS_OPEN <= before):
        return
    horizon = row[0] - _STAYS_OPEN
    edge = f"TIMESTAMP '{horizon - GAP}'"
    tx.execute(
        f"INSERT INTO sessions ({_COLUMNS}) SELECT {_COLUMNS} FROM open_sessions "
        f"WHERE ended_at < {edge} ORDER BY started_at"
    )
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FOLDED} AS SELECT {_COLUMNS} FROM open_sessions WHERE ended_at >= {edge}"
    )
    tx.execute("TRUNCATE open_sessions")
    tx.execute(f"INSERT INTO open_sessions ({_COLUMNS}) SELECT {_COLUMNS} FROM {_FOLDED}")
    micros = (horizon - _EPOCH.replace(tzinfo=None)) // timedelta(microseconds=1)
    tx.execute(f"DELETE FROM checkpoints WHERE name = '{HORIZON}'")
    tx.execute(f"INSERT INTO checkpoints VALUES ('{HORIZON}', ?)", [micros])


def close_when_many(lake: Lake, at_least: int) -> bool:
    """For the ticker: close sessions once it is worth it. Gives whether it was."""
    opened = lakes.table("open_sessions")
    latest = lake.read_value(opened.ended_at.max().as_table())
    if latest is None:
        return False
    edge = ibis.timestamp((latest - _STAYS_OPEN - GAP).replace(tzinfo=None).isoformat())
    if int(lake.read_value(opened.filter(opened.ended_at < edge).count().as_table())) < at_least:
        return False
    lake.write(close_sessions)
    return True


def build_sessions(only: ibis.Table | None = None) -> ibis.Table:
    """Every visit: customer_id (the present one), started_at, ended_at, duration_seconds, event_count, page_count, source, medium,
    campaign, landing_page.

    The source is that of the first event: its campaign's, else the host that it was referred from, else `direct`.
    `only` (a table with customer_id) narrows to some customers.
    """
    parts = [lakes.table(name) for name in ("sessions", "open_sessions")]
    if only is not None:
        parts = [part.semi_join(only.select("customer_id"), "customer_id") for part in parts]
    sessions = parts[0].union(parts[1])
    return sessions.select(
        *("customer_id", "started_at", "ended_at"),
        duration_seconds=(sessions.ended_at.epoch_seconds() - sessions.started_at.epoch_seconds()).cast(
            "int64"
        ),
        **{
            name: sessions[name]
            for name in ("event_count", "page_count", "source", "medium", "campaign", "landing_page")
        },
    )


def _get_horizon(tx: Transaction) -> datetime | None:
    row = tx.execute(f"SELECT max(value) FROM checkpoints WHERE name = '{HORIZON}'").fetchone()
    return read_horizon(row[0]) if row else None


def _draw_closed(tx: Transaction) -> None:
    """Take the closed sessions that the batch may touch out of `sessions`."""
    minutes = f"INTERVAL {GAP.seconds // 60} MINUTE"
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE drawn_sessions AS SELECT s.* FROM sessions AS s JOIN ("
        f"SELECT customer_id, min(occurred_at) - {minutes} AS from_at, max(occurred_at) + {minutes} AS until_at "
        f"FROM {RESOLVED} WHERE {IS_VISIT} GROUP BY 1) AS v "
        "ON v.customer_id = s.customer_id AND s.ended_at >= v.from_at AND s.started_at <= v.until_at"
    )
    tx.execute(
        "DELETE FROM sessions WHERE (customer_id, started_at) IN (SELECT customer_id, started_at FROM drawn_sessions)"
    )


def _put_back(tx: Transaction, horizon: datetime | None) -> None:
    into = f"({_COLUMNS}) SELECT {_COLUMNS} FROM {_FOLDED}"
    if horizon is None:
        tx.execute(f"INSERT INTO open_sessions {into}")
        return
    edge = f"TIMESTAMP '{horizon - GAP}'"
    tx.execute(f"INSERT INTO open_sessions {into} WHERE ended_at >= {edge}")
    tx.execute(f"INSERT INTO sessions {into} WHERE ended_at < {edge} ORDER BY started_at")


def _select_hits(events: str) -> str:
    """Each event of a visit as a session of its own."""
    return _HITS.format(events=events)


def _join_pieces(pieces: str) -> str:
    """Sessions out of pieces of sessions: those at most half an hour apart are one."""
    return _JOINED.format(pieces=pieces, minutes=GAP.seconds // 60)


def _host(address: str) -> str:
    pattern = r"^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)"
    return f"regexp_extract(lower({address}), '{pattern}', 1)"


_HITS = f"""
SELECT customer_id, occurred_at AS started_at, occurred_at AS ended_at, 1::BIGINT AS event_count, is_page::BIGINT AS page_count,
    coalesce(tag_source, referrer_host, 'direct') AS source,
    CASE WHEN coalesce(tag_source, tag_medium, campaign) IS NOT NULL THEN tag_medium
         WHEN referrer_host IS NOT NULL THEN 'referral' END AS medium,
    campaign, landing_page, seq AS first_seq,
    CASE WHEN is_page THEN occurred_at END AS landed_at, CASE WHEN is_page THEN seq END AS landed_seq
FROM (
    SELECT *, CASE WHEN told_host <> '' AND told_host IS DISTINCT FROM own_host THEN told_host END AS referrer_host
    FROM (
        SELECT customer_id, occurred_at, seq, type IN ('page', 'screen') AS is_page,
            nullif(trim(context ->> '$.campaign.source'), '') AS tag_source,
            nullif(trim(context ->> '$.campaign.medium'), '') AS tag_medium,
            nullif(trim(context ->> '$.campaign.name'), '') AS campaign,
            {
    _host(
        "CASE WHEN type = 'track' THEN context ->> '$.page.referrer' "
        "ELSE coalesce(properties ->> '$.referrer', context ->> '$.page.referrer') END"
    )
} AS told_host,
            {
    _host(
        "CASE WHEN type = 'track' THEN context ->> '$.page.url' "
        "ELSE coalesce(properties ->> '$.url', context ->> '$.page.url') END"
    )
} AS own_host,
            CASE type WHEN 'page' THEN coalesce(properties ->> '$.path', context ->> '$.page.path', event, '')
                 WHEN 'screen' THEN coalesce(event, '') END AS landing_page
        FROM ({{events}}) AS visiting
    ) AS texts
) AS told
"""
_OF_OPEN = ", ".join(f"o.{name.strip()}" for name in _COLUMNS.split(","))
_FIRST = "arg_min(coalesce({0}, ''), (started_at, first_seq))"
_TOTALS = f"""SELECT customer_id, min(started_at) AS started_at, max(ended_at) AS ended_at,
    sum(event_count)::BIGINT AS event_count, sum(page_count)::BIGINT AS page_count,
    {_FIRST.format("source")} AS source, nullif({_FIRST.format("medium")}, '') AS medium,
    nullif({_FIRST.format("campaign")}, '') AS campaign,
    nullif(arg_min(coalesce(landing_page, ''), (landed_at, landed_seq)) FILTER (landed_at IS NOT NULL), '') AS landing_page,
    arg_min(first_seq, (started_at, first_seq)) AS first_seq,
    min(landed_at) AS landed_at,
    arg_min(landed_seq, (landed_at, landed_seq)) FILTER (landed_at IS NOT NULL) AS landed_seq"""
_JOINED = f"""
WITH pieces AS ({{pieces}}),
marked AS (
    SELECT *, CASE WHEN started_at <= max(ended_at) OVER (PARTITION BY customer_id ORDER BY started_at, first_seq
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + INTERVAL {{minutes}} MINUTE THEN 0 ELSE 1 END AS begins
    FROM pieces
),
numbered AS (
    SELECT *, sum(begins) OVER (PARTITION BY customer_id ORDER BY started_at, first_seq
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS number
    FROM marked
)
{_TOTALS}
FROM numbered GROUP BY customer_id, number
"""
_TOUCHING = f"""
WITH hits AS ({{hits}}),
visits AS (
    SELECT customer_id, min(started_at) - INTERVAL {GAP.seconds // 60} MINUTE AS from_at,
        max(ended_at) + INTERVAL {GAP.seconds // 60} MINUTE AS until_at FROM hits GROUP BY customer_id
),
pieces AS (
    SELECT *, NULL::TIMESTAMP AS apart FROM hits UNION ALL
    SELECT {_OF_OPEN}, CASE WHEN o.ended_at < v.from_at OR o.started_at > v.until_at THEN o.started_at END AS apart
    FROM open_sessions AS o JOIN visits AS v ON v.customer_id = o.customer_id
)
{_TOTALS}
FROM pieces GROUP BY customer_id, apart
"""
"""Without a window over each customer's pieces, which costs 20 ms however few there are."""
