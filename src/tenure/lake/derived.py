"""What is derived from the events table follows when events are deleted or given to another customer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenure.lake.column_catalog import load_catalog
from tenure.lake.columns import CHANGES

if TYPE_CHECKING:
    from tenure.lake.engine import Lake, Transaction


def record_changed_pasts(lake: "Lake", transaction: "Transaction", customer_ids: Iterable[int]) -> None:
    """Say, after the change and in its transaction, that events of these customers were deleted or moved.

    When events move, both customers are named. From then on nothing old is read; call
    `settle_changed_pasts` after the commit so that nothing old is left on disk either.
    """
    ids = sorted(set(customer_ids))
    if not ids:
        return
    if lake.history is None and lake.columns is None:
        return
    change_id = _count_change(transaction)
    if lake.history is not None:
        lake.history.record_changed(ids, change_id, transaction)
    if lake.columns is not None:
        lake.columns.record_changed(ids, transaction)


def settle_changed_pasts(lake: "Lake") -> None:
    """Bring what lies outside the lake's own file up to date. Not inside a write."""
    if lake.history is not None:
        lake.history.settle()


def list_derived_tables(lake: "Lake") -> dict[str, tuple[str, ...]]:
    """Tables inside the lake that repeat texts of events, with their text columns beside seq, customer_id and
    occurred_at. `record_changed_pasts` deletes rows from them."""
    if lake.columns is None:
        return {}
    with lake.reading() as reader:
        tables = load_catalog(reader).tables.values()
    return {table.table_name: tuple(table.columns.values()) for table in tables}


def _count_change(transaction: "Transaction") -> int:
    row = transaction.execute("SELECT max(value) FROM derived_state WHERE name = ?", [CHANGES]).fetchone()
    change_id = int(row[0] or 0) + 1 if row else 1
    transaction.execute("DELETE FROM derived_state WHERE name = ?", [CHANGES])
    transaction.execute("INSERT INTO derived_state VALUES (?, ?)", [CHANGES, change_id])
    return change_id
