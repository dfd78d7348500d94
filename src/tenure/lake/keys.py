"""A few rows of a large table by their key."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenure.lake.engine import Transaction

_MOST_LISTED = 2_000


def build_key_test(tx: "Transaction", ids: str, key: str = "customer_id") -> str:
    """The condition that `key` is one of those that the statement `ids` gives: written out where they are few, because
    only listed keys are looked up in an index, where a join reads the whole column."""
    rows = tx.execute(f"SELECT DISTINCT {key} FROM ({ids}) AS ids LIMIT {_MOST_LISTED + 1}").fetchall()
    if len(rows) > _MOST_LISTED:
        return f"{key} IN (SELECT {key} FROM ({ids}) AS ids)"
    listed = ", ".join(str(int(row[0])) for row in rows if row[0] is not None)
    return f"{key} IN ({listed})" if listed else "false"
