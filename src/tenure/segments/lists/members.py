"""Who is on static lists, in the lake. Rows keep the customer they were written for; merges say who that is now."""

from collections.abc import Collection

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.compiling.moments import write_moment

_CURRENT = "coalesce(m.into_customer_id, l.customer_id)"
_ROWS = "list_members AS l LEFT JOIN merges AS m ON m.from_customer_id = l.customer_id"


def build_list_members(list_id: int) -> ibis.Table:
    """(customer_id, added_at): each customer on the list once, since she was first put there."""
    rows, merges = lakes.table("list_members"), lakes.table("merges")
    mine = rows.filter(rows.list_id == list_id)
    joined = mine.left_join(merges, mine.customer_id == merges.from_customer_id)
    current = joined.select(
        customer_id=ibis.coalesce(joined.into_customer_id, joined.customer_id), added_at=joined.added_at
    )
    return current.group_by("customer_id").agg(added_at=current.added_at.min())


def count_members(list_ids: Collection[int]) -> dict[int, int]:
    """By list, the customers on it."""
    if not list_ids:
        return {}
    listed = ", ".join(str(int(one)) for one in list_ids)
    with lakes.current().reading() as reader:
        rows = reader.execute(
            f"SELECT l.list_id, count(DISTINCT {_CURRENT}) FROM {_ROWS} WHERE l.list_id IN ({listed}) GROUP BY l.list_id"
        ).fetchall()
    return {int(list_id): int(count) for list_id, count in rows}


def copy_members(list_id: int, members: ibis.Table) -> int:
    """Put everybody of an expression (customer_id) on an empty list, in one statement; gives how many."""
    added_at = ibis.literal(write_moment(clock.now())).cast("timestamp(6)")
    rows = members.select("customer_id").mutate(list_id=ibis.literal(list_id, "int64"), added_at=added_at)
    return lakes.current().write(lambda transaction: transaction.append("list_members", rows))


def add_members(list_id: int, customer_ids: pa.Array) -> int:
    """Those who were not on the list."""
    table = pa.table({"customer_id": pc.unique(customer_ids).drop_null()})

    def work(transaction: Transaction) -> int:
        before = _count(transaction, list_id)
        with transaction.with_rows("_listed", table):
            transaction.execute(
                f"INSERT INTO list_members (list_id, customer_id, added_at) "
                f"SELECT {list_id}, g.customer_id, {_now()} FROM _listed AS g WHERE NOT EXISTS "
                f"(SELECT 1 FROM {_ROWS} WHERE l.list_id = {list_id} AND {_CURRENT} = g.customer_id)"
            )
        return _count(transaction, list_id) - before

    return lakes.current().write(work)


def remove_members(list_id: int, customer_ids: pa.Array) -> int:
    """Those who were on the list, also by a profile that was merged into theirs."""
    table = pa.table({"customer_id": pc.unique(customer_ids).drop_null()})

    def work(transaction: Transaction) -> int:
        before = _count(transaction, list_id)
        with transaction.with_rows("_listed", table):
            transaction.execute(
                f"DELETE FROM list_members WHERE list_id = {list_id} AND (customer_id IN (SELECT customer_id FROM _listed) "
                "OR customer_id IN (SELECT m.from_customer_id FROM merges AS m "
                "JOIN _listed AS g ON g.customer_id = m.into_customer_id))"
            )
        return before - _count(transaction, list_id)

    return lakes.current().write(work)


def clear_members(list_id: int) -> None:
    lakes.current().write(
        lambda transaction: transaction.execute(f"DELETE FROM list_members WHERE list_id = {list_id}")
    )


def _count(transaction: Transaction, list_id: int) -> int:
    row = transaction.execute(
        f"SELECT count(DISTINCT {_CURRENT}) FROM {_ROWS} WHERE l.list_id = {list_id}"
    ).fetchone()
    return int(row[0]) if row else 0


def _now() -> str:
    return f"CAST('{write_moment(clock.now())}' AS TIMESTAMP)"
