"""The tables of the lake, versioned. Timestamps are naive UTC; amounts have four decimals."""

from types import MappingProxyType

from tenure.lake.backfills import FILL_SESSIONS

AMOUNT = "decimal(18, 4)"

EVENTS = {
    "seq": "int64",
    "message_id": "string",
    "message_key": "uint64",
    "customer_id": "int64",
    "type": "string",
    "event": "string",
    "user_id": "string",
    "anonymous_id": "string",
    "occurred_at": "timestamp(6)",
    "received_at": "timestamp(6)",
    "properties": "string",
    "context": "string",
    "source": "string",
}

ORDER_EVENTS = {
    "seq": "int64",
    "customer_id": "int64",
    "order_id": "string",
    "kind": "string",
    "occurred_at": "timestamp(6)",
    "amount": AMOUNT,
    "currency": "string",
}

ORDER_LINES = {
    "seq": "int64",
    "customer_id": "int64",
    "order_id": "string",
    "line": "int32",
    "occurred_at": "timestamp(6)",
    "product_id": "string",
    "sku": "string",
    "name": "string",
    "category": "string",
    "brand": "string",
    "variant": "string",
    "quantity": "float64",
    "price": "float64",
}

SESSIONS = {
    "customer_id": "int64",
    "started_at": "timestamp(6)",
    "ended_at": "timestamp(6)",
    "event_count": "int64",
    "page_count": "int64",
    "source": "string",
    "medium": "string",
    "campaign": "string",
    "landing_page": "string",
    "first_seq": "int64",
    "landed_at": "timestamp(6)",
    "landed_seq": "int64",
}

CUSTOMERS = {
    "customer_id": "int64",
    "external_id": "string",
    "is_known": "boolean",
    "traits": "string",
    "traits_set_at": "timestamp(6)",
    "email": "string",
    "phone": "string",
    "name": "string",
    "country": "string",
    "timezone": "string",
    "contact_known_at": "timestamp(6)",
    "email_opted_out_at": "timestamp(6)",
    "first_seen_at": "timestamp(6)",
    "last_seen_at": "timestamp(6)",
    "event_count": "int64",
    "order_count": "int64",
    "revenue": AMOUNT,
    "first_order_at": "timestamp(6)",
    "last_order_at": "timestamp(6)",
    "r": "int8",
    "f": "int8",
    "m": "int8",
    "segment": "string",
    "phase": "string",
    "segment_since_at": "timestamp(6)",
}

MEMBERSHIP_WORDS = 16
SLOTS_PER_WORD = 60
MEMBERSHIPS = {
    "customer_id": "int64",
    "due_at": "timestamp(6)",
    **{f"w{number}": "int64" for number in range(MEMBERSHIP_WORDS)},
}
"""A customer's segments as bits, `SLOTS_PER_WORD` a word, and when her answer may next change by itself."""

TABLES = MappingProxyType(
    {
        "events": EVENTS,
        "order_events": ORDER_EVENTS,
        "merges": {
            "merge_id": "int64",
            "from_customer_id": "int64",
            "into_customer_id": "int64",
            "merged_at": "timestamp(6)",
            "at_seq": "int64",
        },
        "customers_main": {**CUSTOMERS, "is_removed": "boolean"},
        "customers_delta": {**CUSTOMERS, "is_removed": "boolean"},
        "rfm_scorings": {
            "preset": "string",
            "as_of_on": "date",
            "scored_at": "timestamp(6)",
            "cutpoints": "string",
            "customers": "int64",
        },
        "segment_history": {
            "customer_id": "int64",
            "segment": "string",
            "phase": "string",
            "r": "int8",
            "f": "int8",
            "m": "int8",
            "since_at": "timestamp(6)",
        },
        "decisions": {
            "campaign_id": "int64",
            "customer_id": "int64",
            "decided_at": "timestamp(6)",
            "outcome": "string",
            "reason": "string",
            "arm": "string",
        },
        "checkpoints": {"name": "string", "value": "int64"},
        "memberships_main": MEMBERSHIPS,
        "memberships_delta": MEMBERSHIPS,
        "membership_changes": {
            "segment_id": "int64",
            "customer_id": "int64",
            "is_entry": "boolean",
            "changed_at": "timestamp(6)",
            "cause": "string",
        },
        "stages_now": {
            "customer_id": "int64",
            "model": "string",
            "stage": "string",
            "since_at": "timestamp(6)",
        },
        "stage_history": {
            "customer_id": "int64",
            "model": "string",
            "from_stage": "string",
            "to_stage": "string",
            "since_at": "timestamp(6)",
        },
        "list_members": {"list_id": "int64", "customer_id": "int64", "added_at": "timestamp(6)"},
        "suppressed_addresses": {"channel": "string", "address": "string"},
        "zone_offsets": {
            "zone": "string",
            "from_at": "timestamp(6)",
            "until_at": "timestamp(6)",
            "offset_seconds": "int64",
        },
        "order_lines": ORDER_LINES,
        "derived_state": {"name": "string", "value": "int64"},
        "changed_pasts": {"change_id": "int64", "customer_id": "int64"},
        "event_tables": {"number": "int64", "event": "string"},
        "event_properties": {
            "number": "int64",
            "position": "int64",
            "property": "string",
            "column_name": "string",
            "kind": "string",
        },
        "erased_customers": {"erased_id": "int64", "erased_at": "timestamp(6)"},
        "sessions": SESSIONS,
        "open_sessions": SESSIONS,
        "companies": {"company_id": "string", "traits": "string"},
        "company_traits": {
            "company_id": "string",
            "trait": "string",
            "value": "string",
            "set_at": "timestamp(6)",
        },
        "customer_companies": {"customer_id": "int64", "company_id": "string", "since_at": "timestamp(6)"},
    }
)

VIEWS = MappingProxyType({"customers": CUSTOMERS, "memberships": MEMBERSHIPS})

COLUMN_TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int8": "TINYINT",
    "uint64": "UBIGINT",
    "string": "VARCHAR",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp(6)": "TIMESTAMP",
    AMOUNT: "DECIMAL(18, 4)",
}

_CUSTOMER_COLUMNS = ", ".join(CUSTOMERS)
_CUSTOMERS_VIEW = f"""
CREATE OR REPLACE VIEW customers AS
SELECT {_CUSTOMER_COLUMNS} FROM customers_delta WHERE NOT is_removed
UNION ALL
SELECT {_CUSTOMER_COLUMNS} FROM customers_main AS main
WHERE NOT EXISTS (SELECT 1 FROM customers_delta AS delta WHERE delta.customer_id = main.customer_id)
"""


_MEMBERSHIP_COLUMNS = ", ".join(MEMBERSHIPS)
_MEMBERSHIPS_VIEW = f"""
CREATE OR REPLACE VIEW memberships AS
SELECT {_MEMBERSHIP_COLUMNS} FROM memberships_delta
UNION ALL
SELECT {_MEMBERSHIP_COLUMNS} FROM memberships_main AS main
WHERE NOT EXISTS (SELECT 1 FROM memberships_delta AS delta WHERE delta.customer_id = main.customer_id)
"""
_SEGMENT_TABLES = (
    "memberships_main", "memberships_delta", "membership_changes", "stages_now", "stage_history", "list_members",
    "suppressed_addresses", "zone_offsets",
)  # fmt: skip


def _create_table(name: str) -> str:
    lines = ", ".join(f"{column} {COLUMN_TYPES[kind]}" for column, kind in TABLES[name].items())
    return f"CREATE TABLE IF NOT EXISTS {name} ({lines})"


def _create_tables() -> list[str]:
    return [*(_create_table(name) for name in TABLES), _CUSTOMERS_VIEW]


def _add_segments() -> list[str]:
    return [*(_create_table(name) for name in _SEGMENT_TABLES), _MEMBERSHIPS_VIEW]


_ORDER_LINES = [
    _create_table("order_lines"),
    """
INSERT INTO order_lines
SELECT seq, customer_id, order_id, line, occurred_at,
    coalesce(nullif(trim(product.product_id), ''), nullif(trim(product.productId), ''), nullif(trim(product.id), '')),
    nullif(trim(product.sku), ''), nullif(trim(product.name), ''), nullif(trim(product.category), ''),
    nullif(trim(product.brand), ''), nullif(trim(product.variant), ''),
    CASE WHEN isfinite(product.quantity) THEN product.quantity ELSE 1 END,
    CASE WHEN isfinite(product.price) THEN product.price END
FROM (
    SELECT seq, customer_id, order_id, occurred_at, generate_subscripts(products, 1) AS line, unnest(products) AS product
    FROM (
        SELECT e.seq, o.customer_id, o.order_id, e.occurred_at,
            from_json(json_extract(e.properties, '$.products'), '[{"product_id": "VARCHAR", "productId": "VARCHAR",
                "id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", "category": "VARCHAR", "brand": "VARCHAR",
                "variant": "VARCHAR", "quantity": "DOUBLE", "price": "DOUBLE"}]') AS products
        FROM events AS e JOIN order_events AS o ON o.seq = e.seq WHERE o.kind IN ('completed', 'updated')
    )
)
WHERE coalesce(product.product_id, product.productId, product.id, product.sku, product.name, product.category,
    product.brand, product.variant, product.quantity::VARCHAR, product.price::VARCHAR) IS NOT NULL
ORDER BY seq, line
""",
]
_SESSIONS = [_create_table("sessions"), _create_table("open_sessions"), *FILL_SESSIONS]


def _add_derived() -> list[str]:
    return [_create_table(name) for name in ("derived_state", "changed_pasts")]


def _add_erasures() -> list[str]:
    return [_create_table("erased_customers")]


_MERGES_KNOW_THEIR_PLACE = ["ALTER TABLE merges ADD COLUMN IF NOT EXISTS at_seq BIGINT"]


def _add_event_columns() -> list[str]:
    return [_create_table(name) for name in ("event_tables", "event_properties")]


_COMPANIES = [_create_table(name) for name in ("companies", "company_traits", "customer_companies")]
_KEYS = [
    f"CREATE INDEX IF NOT EXISTS {table}_by_customer_id ON {table} (customer_id)"
    for table in ("customers_main", "memberships_main")
]
"""Found by a list of ids only: no engine looks a join's keys up. See `keys.build_key_test`."""

MIGRATIONS: tuple[list[str], ...] = (
    _create_tables(),
    _add_segments(),
    _ORDER_LINES,
    _add_derived(),
    _MERGES_KNOW_THEIR_PLACE,
    _add_event_columns(),
    _add_erasures(),
    _SESSIONS,
    _COMPANIES,
    _KEYS,
)
"""One list of statements per schema version; a released list is never edited, only followed."""
