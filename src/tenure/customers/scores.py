"""Scores and segments written into the customers table, and the table kept quick."""

import ibis

from tenure.customers.sessions import close_when_many
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction

_COLUMNS = ", ".join([*lakes.table("customers").columns, "is_removed"])
_MOST_SHARE = 0.1
_LARGE_DELTA = 20_000
_NAMES = ", ".join(lakes.table("customers").columns)


def select_by_key(tx: Transaction, ids: str) -> str:
    """The statement for the customers in the table `ids` (customer_id), part by part, so that neither part is
    read in full for a few."""
    settled = f"SELECT customer_id FROM {ids} AS asked ANTI JOIN customers_delta USING (customer_id)"
    return (
        f"SELECT {_NAMES} FROM customers_delta SEMI JOIN {ids} USING (customer_id) WHERE NOT is_removed "
        f"UNION ALL SELECT {_NAMES} FROM customers_main WHERE {lakes.build_key_test(tx, settled)}"
    )


def write_scores(tx: Transaction, scored: ibis.Table, since_at: str) -> int:
    """Set r, f, m, segment and phase where they differ from `scored` (customer_id, r, f, m, segment, phase).

    `since_at` is naive ISO text: when a changed segment began. Gives how many customers changed.
    """
    tx.execute(f"CREATE OR REPLACE TEMP TABLE scored AS {lakes.compile_sql(scored)}")
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE rescored AS SELECT c.* REPLACE (s.r AS r, s.f AS f, s.m AS m, "
        "s.segment AS segment, s.phase AS phase, "
        "CASE WHEN c.segment IS DISTINCT FROM s.segment THEN ?::TIMESTAMP ELSE c.segment_since_at END "
        f"AS segment_since_at), false AS is_removed FROM ({select_by_key(tx, 'scored')}) AS c JOIN scored AS s USING (customer_id) "
        "WHERE (c.r, c.f, c.m, c.segment, c.phase) IS DISTINCT FROM (s.r, s.f, s.m, s.segment, s.phase)",
        [since_at],
    )
    row = tx.execute("SELECT count(*) FROM rescored").fetchone()
    changed = int(row[0]) if row else 0
    if changed > _LARGE_DELTA and changed > _MOST_SHARE * _count(tx, "customers_main"):
        _rewrite(
            tx,
            f"SELECT {_COLUMNS} FROM rescored UNION ALL BY NAME "
            "SELECT *, false AS is_removed FROM customers ANTI JOIN rescored USING (customer_id)",
        )
    elif changed:
        tx.execute("DELETE FROM customers_delta WHERE customer_id IN (SELECT customer_id FROM rescored)")
        tx.execute(f"INSERT INTO customers_delta ({_COLUMNS}) SELECT {_COLUMNS} FROM rescored")
    return changed


def compact(tx: Transaction) -> None:
    """Fold the delta of the customers table into its main part."""
    delta = _count(tx, "customers_delta")
    if not delta:
        return
    if delta > _MOST_SHARE * _count(tx, "customers_main"):
        _rewrite(tx, "SELECT *, false AS is_removed FROM customers")
    else:
        tx.execute(
            "DELETE FROM customers_main WHERE customer_id IN (SELECT customer_id FROM customers_delta)"
        )
        tx.execute(
            f"INSERT INTO customers_main ({_COLUMNS}) SELECT {_COLUMNS} FROM customers_delta WHERE NOT is_removed"
        )
        tx.execute("TRUNCATE customers_delta")


def _rewrite(tx: Transaction, customers: str) -> None:
    """Write the main part anew from a statement for all customers; nothing is left in the delta."""
    tx.execute(f"CREATE OR REPLACE TEMP TABLE merged_customers AS {customers}")
    tx.execute("TRUNCATE customers_main")
    tx.execute("TRUNCATE customers_delta")
    tx.execute(
        f"INSERT INTO customers_main ({_COLUMNS}) SELECT {_COLUMNS} FROM merged_customers ORDER BY customer_id"
    )
    tx.execute("DROP TABLE merged_customers")


def compact_when_large(lake: Lake, at_least: int = _LARGE_DELTA) -> bool:
    """For the ticker: fold the delta in, and close sessions, once it is worth it. Gives whether the delta was."""
    close_when_many(lake, at_least)
    delta = lake.read_value(lakes.table("customers_delta").count().as_table())
    if int(delta) < at_least:
        return False
    with lake.heavy():
        lake.write(compact)
    return True


def _count(tx: Transaction, table: str) -> int:
    row = tx.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
