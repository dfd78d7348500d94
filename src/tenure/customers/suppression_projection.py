"""The lake's copy of the suppressed addresses, so that segments and audiences are one query."""

import pyarrow as pa

from tenure.customers.models import Suppression
from tenure.lake.api import Transaction

_CHECKPOINT = "suppressions"


def bring_suppressions(tx: Transaction) -> list[int]:
    """Copy what the ledger has and the lake has not. Gives the customers whose addresses these are."""
    row = tx.execute(f"SELECT max(value) FROM checkpoints WHERE name = '{_CHECKPOINT}'").fetchone()
    seen = int(row[0] or 0) if row else 0
    new = list(Suppression.objects.filter(id__gt=seen).order_by("id").values_list("id", "channel", "address"))
    if not new:
        return []
    rows = pa.table(
        {
            "channel": pa.array([channel for _, channel, _ in new], pa.string()),
            "address": pa.array([address for _, _, address in new], pa.string()),
        }
    )
    tx.append("suppressed_addresses", rows)
    tx.execute(f"DELETE FROM checkpoints WHERE name = '{_CHECKPOINT}'")
    tx.execute(f"INSERT INTO checkpoints VALUES ('{_CHECKPOINT}', {new[-1][0]})")
    with tx.with_rows("newly_suppressed", rows):
        found = tx.execute(
            "SELECT customer_id FROM customers WHERE lower(trim(email)) IN (SELECT address FROM newly_suppressed) "
            "OR lower(trim(phone)) IN (SELECT address FROM newly_suppressed)"
        ).fetchall()
    return [one[0] for one in found]
