"""A lake of any size for the benches: customers, events and orders written in sets, without going through HTTP.

python -m bench.big_lake FOLDER --customers 1000000 --events 20000000
"""

import argparse
import os
import time
from pathlib import Path

ORDER_SHARE = 0.15


def build(home: Path, customers: int, events: int) -> None:
    """Fill the data folder `home`, which must be empty, with identities, events, orders and profiles."""
    os.environ["TENURE_HOME"] = str(home)
    from tenure.config import process

    with process.opened():
        from tenure.lake import api as lakes

        lake = lakes.current()
        with lake.heavy():
            lake.write(lambda tx: _fill_lake(tx, customers, events))
            lake.write(lambda tx: tx.drop_temporary())
        _fill_ledger(customers)
    with process.opened():
        pass


def _fill_lake(tx, customers: int, events: int) -> None:  # type: ignore[no-untyped-def]
    orders = int(events * ORDER_SHARE)
    tx.execute(
        f"""
        INSERT INTO events BY NAME
        SELECT i + 1 AS seq, 'bench-' || i AS message_id, md5_number_lower('bench-' || i) AS message_key,
            1 + (floor(pow((hash(i * 7 + 1) % 1000003) / 1000003.0, 1.7) * {customers}))::BIGINT AS customer_id,
            'track' AS type,
            CASE WHEN i % {events} < {orders} OR hash(i) % 1000 < 0 THEN 'Order Completed'
                 ELSE ['Product Viewed', 'Product Added', 'Cart Viewed', 'Product List Viewed'][1 + (hash(i) % 4)::INT]
            END AS event,
            'u' || (1 + (floor(pow((hash(i * 7 + 1) % 1000003) / 1000003.0, 1.7) * {customers}))::BIGINT) AS user_id,
            NULL AS anonymous_id,
            TIMESTAMP '2025-01-01' + to_seconds((hash(i * 13) % 31536000)::BIGINT) AS occurred_at,
            TIMESTAMP '2026-01-01' AS received_at,
            CASE WHEN i < {orders} THEN '{{"order_id":"o' || i || '","total":' || (5 + hash(i * 3) % 20000 / 100.0) || '}}'
                 ELSE '{{"product_id":"p' || (hash(i) % 500) || '"}}' END AS properties,
            NULL AS context, 'bench' AS source
        FROM range({events}) AS r(i)
        """
    )
    tx.execute(
        "INSERT INTO order_events BY NAME SELECT seq, customer_id, properties ->> '$.order_id' AS order_id, "
        "'completed' AS kind, occurred_at, (properties ->> '$.total')::DECIMAL(18, 4) AS amount, 'EUR' AS currency "
        f"FROM events WHERE seq <= {orders}"
    )
    tx.execute(
        """
        INSERT INTO customers_main BY NAME
        SELECT c AS customer_id, 'u' || c AS external_id, true AS is_known,
            '{"email":"u' || c || '@example.com","firstName":"U' || c || '"}' AS traits,
            'u' || c || '@example.com' AS email, 'U' || c AS name, 'DE' AS country,
            TIMESTAMP '2025-01-01' AS contact_known_at, TIMESTAMP '2025-01-01' AS first_seen_at,
            TIMESTAMP '2025-12-31' AS last_seen_at, 20 AS event_count,
            coalesce(o.n, 0) AS order_count, coalesce(o.revenue, 0) AS revenue,
            o.first_at AS first_order_at, o.last_at AS last_order_at, false AS is_removed
        FROM range(1, """
        + str(customers + 1)
        + """) AS r(c) LEFT JOIN (
            SELECT customer_id, count(*) AS n, sum(amount) AS revenue, min(occurred_at) AS first_at,
                max(occurred_at) AS last_at FROM order_events GROUP BY 1) AS o ON o.customer_id = c
        """
    )


def _fill_ledger(customers: int) -> None:
    from django.db import connection, transaction

    from tenure.base import clock

    now = clock.now()
    for start in range(1, customers + 1, 20_000):
        ids = range(start, min(start + 20_000, customers + 1))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO customers_customer (id, created_at) VALUES (%s, %s)", [(n, now) for n in ids]
            )
            cursor.executemany(
                "INSERT INTO customers_identifier (kind, value, customer_id) VALUES ('user_id', %s, %s)",
                [(f"u{n}", n) for n in ids],
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    arguments = parser.parse_args()
    started = time.monotonic()
    build(arguments.folder, arguments.customers, arguments.events)
    print(f"{arguments.events:,} events in {time.monotonic() - started:.0f} s")
