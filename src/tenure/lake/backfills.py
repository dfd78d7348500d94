"""What was not kept before, made once from the events of an older lake. Never edited once released."""

_NO_VISITS = """('Email Sent', 'Email Delivered', 'Email Bounced', 'Email Skipped', 'Email Failed',
    'Email Opened', 'Email Link Clicked', 'Email Marked as Spam', 'Unsubscribed', 'Subscribed',
    'Order Updated', 'Order Refunded', 'Order Cancelled')"""

FILL_SESSIONS = [
    rf"""
CREATE TEMP TABLE filled_sessions AS
WITH pieces AS (
SELECT customer_id, occurred_at AS started_at, occurred_at AS ended_at, 1::BIGINT AS event_count, is_page::BIGINT AS page_count,
    CASE WHEN is_tagged THEN coalesce(tag_source, referrer_host, 'direct') ELSE coalesce(referrer_host, 'direct') END AS source,
    CASE WHEN is_tagged THEN tag_medium WHEN referrer_host IS NOT NULL THEN 'referral' END AS medium,
    tag_name AS campaign,
    CASE WHEN is_page THEN coalesce(path, event, '') END AS landing_page,
    seq AS first_seq,
    CASE WHEN is_page THEN occurred_at END AS landed_at, CASE WHEN is_page THEN seq END AS landed_seq
FROM (
    SELECT *, coalesce(tag_source, tag_medium, tag_name) IS NOT NULL AS is_tagged,
        CASE WHEN nullif(regexp_extract(lower(referrer), '^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)', 1), '') IS DISTINCT FROM nullif(regexp_extract(lower(url), '^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)', 1), '') THEN nullif(regexp_extract(lower(referrer), '^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)', 1), '') END AS referrer_host
    FROM (
        SELECT customer_id, occurred_at, seq, event, type IN ('page', 'screen') AS is_page,
            nullif(trim(context ->> '$.campaign.source'), '') AS tag_source,
            nullif(trim(context ->> '$.campaign.medium'), '') AS tag_medium,
            nullif(trim(context ->> '$.campaign.name'), '') AS tag_name,
            CASE WHEN type = 'track' THEN context ->> '$.page.referrer'
                 ELSE coalesce(properties ->> '$.referrer', context ->> '$.page.referrer') END AS referrer,
            CASE WHEN type = 'track' THEN context ->> '$.page.url'
                 ELSE coalesce(properties ->> '$.url', context ->> '$.page.url') END AS url,
            CASE WHEN type = 'page' THEN coalesce(properties ->> '$.path', context ->> '$.page.path') END AS path
        FROM (SELECT coalesce(m.into_customer_id, e.customer_id) AS customer_id, e.type, e.event, e.occurred_at, e.seq, e.properties, e.context
        FROM (SELECT * FROM events WHERE customer_id IS NOT NULL AND (type IN ('page', 'screen', 'track') AND source NOT IN ('tenure', 'import') AND message_id NOT LIKE 'import:%' AND (type <> 'track' OR event NOT IN {_NO_VISITS}))) AS e
        LEFT JOIN merges AS m ON m.from_customer_id = e.customer_id) AS visiting
    ) AS texts
) AS told
),
marked AS (
    SELECT *, CASE WHEN started_at <= max(ended_at) OVER (PARTITION BY customer_id ORDER BY started_at, first_seq
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + INTERVAL 30 MINUTE THEN 0 ELSE 1 END AS begins
    FROM pieces
),
numbered AS (
    SELECT *, sum(begins) OVER (PARTITION BY customer_id ORDER BY started_at, first_seq
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS number
    FROM marked
)
SELECT customer_id, min(started_at) AS started_at, max(ended_at) AS ended_at,
    sum(event_count)::BIGINT AS event_count, sum(page_count)::BIGINT AS page_count,
    arg_min(coalesce(source, ''), (started_at, first_seq)) AS source, nullif(arg_min(coalesce(medium, ''), (started_at, first_seq)), '') AS medium,
    nullif(arg_min(coalesce(campaign, ''), (started_at, first_seq)), '') AS campaign,
    nullif(arg_min(coalesce(landing_page, ''), (landed_at, landed_seq)) FILTER (landed_at IS NOT NULL), '') AS landing_page,
    arg_min(first_seq, (started_at, first_seq)) AS first_seq,
    min(landed_at) AS landed_at,
    arg_min(landed_seq, (landed_at, landed_seq)) FILTER (landed_at IS NOT NULL) AS landed_seq
FROM numbered GROUP BY customer_id, number
""",
    "INSERT INTO sessions SELECT * FROM filled_sessions WHERE ended_at < "
    "(SELECT max(ended_at) FROM filled_sessions) - INTERVAL 150 MINUTE ORDER BY started_at",
    "INSERT INTO open_sessions SELECT * FROM filled_sessions WHERE ended_at >= "
    "(SELECT max(ended_at) FROM filled_sessions) - INTERVAL 150 MINUTE",
    "INSERT INTO checkpoints SELECT 'sessions', epoch_us(max(ended_at) - INTERVAL 2 HOUR) FROM filled_sessions "
    "HAVING max(ended_at) IS NOT NULL",
    "DROP TABLE filled_sessions",
]
"""The sessions of all events, the latest ones left open."""
