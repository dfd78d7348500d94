"""A person's rows out of the lake: overwritten first, then deleted, so that nothing stays in freed space."""

from collections.abc import Sequence

import pyarrow as pa

from tenure.base import clock
from tenure.customers.privacy import Subject
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction

NOTHING_PERSONAL = (
    "changed_pasts",
    "checkpoints",
    "companies",
    "company_traits",
    "derived_state",
    "erased_customers",
    "event_properties",
    "event_tables",
    "rfm_scorings",
    "zone_offsets",
)
"""Tables that hold nothing of a person: names and numbers of Tenure's own."""

BY_OTHER_COLUMNS = ("merges", "suppressed_addresses")
"""Tables that say whom they are about by another column than customer_id."""

_OBJECTS = ("properties", "context", "traits")


def list_personal_tables() -> list[str]:
    """Every table with a customer_id that is about that customer."""
    return [name for name in lakes.list_tables_with("customer_id") if name not in NOTHING_PERSONAL]


def blank_in_lake(subject: Subject, times: int = 1) -> None:
    """Overwrite every text of her rows. From now on no event that names her by number comes in.

    Every column is set, because an engine may keep a block for one column that still holds the old text of another.
    """

    lake = lakes.current()
    derived = lakes.list_derived_tables(lake)

    def work(tx: Transaction) -> None:
        with tx.with_rows("_erased", _list_ids(subject)), tx.with_rows("_called", _list_words(subject)):
            now = clock.now().replace(tzinfo=None).isoformat(sep=" ")
            tx.execute(
                "INSERT INTO erased_customers SELECT customer_id, ?::TIMESTAMP FROM _erased "
                "WHERE customer_id NOT IN (SELECT erased_id FROM erased_customers)",
                [now],
            )
            for table in list_personal_tables():
                values = ", ".join(
                    f"{name} = '{_blank(name, times)}'" if kind == "VARCHAR" else f"{name} = {name}"
                    for name, kind in lakes.list_column_types(table).items()
                )
                tx.execute(
                    f"UPDATE {table} SET {values} WHERE customer_id IN (SELECT customer_id FROM _erased)"
                )
            for table, texts in derived.items():
                same = [f"{name} = {name}" for name in ("seq", "customer_id", "occurred_at")]
                values = ", ".join([*same, *(f"{name} = '{' ' * times}'" for name in texts)])
                tx.execute(
                    f"UPDATE {table} SET {values} WHERE customer_id IN (SELECT customer_id FROM _erased)"
                )
            _forget_in_merges(tx, lake)
            tx.execute(
                "UPDATE events SET anonymous_id = NULL WHERE anonymous_id IN (SELECT word FROM _called) "
                "AND customer_id NOT IN (SELECT customer_id FROM _erased)"
            )
            tx.execute(
                f"UPDATE suppressed_addresses SET address = '{' ' * times}' "
                "WHERE address IN (SELECT word FROM _called) OR trim(address) = ''"
            )

    lake.write(work)


def _forget_in_merges(tx: Transaction, lake: Lake) -> None:
    """The events that tell others that they were merged with her, or taken apart, name her no more."""
    theirs = (
        "event IN ('Customer Merged', 'Customer Unmerged') AND (properties ->> '$.other') IN (SELECT word FROM _called) "
        "AND customer_id NOT IN (SELECT customer_id FROM _erased)"
    )
    others = tx.execute(f"SELECT DISTINCT customer_id FROM events WHERE {theirs}").fetchall()
    if others:
        tx.execute(
            """UPDATE events SET properties = json_merge_patch(properties, '{"other": "erased customer"}')::VARCHAR """
            f"WHERE {theirs}"
        )
        lakes.record_changed_pasts(lake, tx, [row[0] for row in others])


def delete_from_lake(subject: Subject) -> dict[str, int]:
    """Delete every row of hers. Gives how many of each table."""
    lake = lakes.current()

    def work(tx: Transaction) -> dict[str, int]:
        counts = {}
        with tx.with_rows("_erased", _list_ids(subject)):
            ids = "(SELECT customer_id FROM _erased)"
            for table in list_personal_tables():
                counts[table] = _delete(tx, table, f"customer_id IN {ids}")
            counts["merges"] = _delete(
                tx, "merges", f"from_customer_id IN {ids} OR into_customer_id IN {ids}"
            )
            counts["suppressed_addresses"] = _delete(tx, "suppressed_addresses", "trim(address) = ''")
        if any(counts.values()):
            lakes.record_changed_pasts(lake, tx, subject.customer_ids)
        return {f"lake: {table}": count for table, count in counts.items() if count}

    counts = lake.write(work)
    lakes.settle_changed_pasts(lake)
    return counts


def _delete(tx: Transaction, table: str, condition: str) -> int:
    row = tx.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
    count = int(row[0]) if row else 0
    if count:
        tx.execute(f"DELETE FROM {table} WHERE {condition}")
    return count


def _blank(name: str, times: int) -> str:
    return "{" + " " * times + "}" if name in _OBJECTS else " " * times


def _list_ids(subject: Subject) -> pa.Table:
    return pa.table({"customer_id": pa.array(subject.customer_ids, pa.int64())})


def _list_words(subject: Subject) -> pa.Table:
    words: Sequence[str] = (*subject.identifiers, *subject.addresses)
    return pa.table({"word": pa.array(words, pa.string())})
