"""The lake follows the ledger: who is who, after merges and after people took profiles apart.

Each batch brings what the ledger has and the lake has not, in its own transaction, so that a crash between the
two is made good by the next batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tenure.customers.identity import IdentityClaim, RecentIdentities, Resolution, resolve_identities
from tenure.customers.models import Identifier, Merge, Separation
from tenure.lake import api as lakes
from tenure.lake.api import Transaction

TO_REFOLD = "to_refold"
"""The temporary table (customer_id) of those whose profile is to be folded again from the whole history."""

Claim = tuple[str | None, str | None, str | None, str]
_MERGES = "new_merges"
_MOST_PARAMETERS = 900


@dataclass(frozen=True)
class IdentityChanges:
    """What the ledger has and the lake has not."""

    merges: Sequence[dict[str, Any]]
    separations: Sequence[dict[str, Any]]

    def is_of(self, resolution: Resolution) -> bool:
        """Whether the batch itself caused all of them."""
        caused = {source for source, _ in resolution.merged}
        return not self.separations and all(row["from_customer_id"] in caused for row in self.merges)


class BatchIdentities:
    """Resolves batches of one lake; made once for it."""

    def __init__(self) -> None:
        self._recent = RecentIdentities()

    def __call__(self, tx: Transaction, claims: Sequence[Claim]) -> Resolution:
        """Identities from the ledger; the lake's map of merges is brought up to the ledger's in the same step."""
        wanted = [IdentityClaim(*claim) for claim in claims]
        resolution = resolve_identities(wanted, self._recent)
        changes = _read_changes(tx)
        while not changes.is_of(resolution):
            self._recent.clear()
            resolution = resolve_identities(wanted, self._recent)
            before, changes = changes, _read_changes(tx)
            if changes == before:
                break
        _bring(tx, changes)
        return resolution


def _read_changes(tx: Transaction) -> IdentityChanges:
    seen = dict(
        tx.execute("SELECT name, value FROM checkpoints WHERE name IN ('merges', 'separations')").fetchall()
    )
    merges = Merge.objects.filter(id__gt=seen.get("merges", 0)).order_by("id").values()
    separations = Separation.objects.filter(id__gt=seen.get("separations", 0)).order_by("id").values()
    return IdentityChanges(list(merges), list(separations))


def _bring(tx: Transaction, changes: IdentityChanges) -> None:
    tx.execute(f"CREATE OR REPLACE TEMP TABLE {TO_REFOLD} (customer_id BIGINT)")
    if changes.merges:
        _copy_merges(tx, changes.merges)
        _set_checkpoint(tx, "merges", changes.merges[-1]["id"])
    if changes.separations:
        ids = {row[name] for row in changes.separations for name in ("from_customer_id", "into_customer_id")}
        _copy_groups(tx, ids)
        _set_checkpoint(tx, "separations", changes.separations[-1]["id"])


def _copy_merges(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """Merges alone: those merged before follow, and the profiles that are no more leave the customers."""
    with tx.with_rows(_MERGES, _to_arrow(rows)):
        tx.execute(
            f"UPDATE merges SET into_customer_id = later.into_customer_id FROM {_MERGES} AS later "
            "WHERE merges.into_customer_id = later.from_customer_id"
        )
        tx.execute(f"DELETE FROM merges WHERE from_customer_id IN (SELECT from_customer_id FROM {_MERGES})")
        tx.execute(f"INSERT INTO merges BY NAME SELECT *, {_LAST_SEQ} AS at_seq FROM {_MERGES}")
        tx.execute(f"INSERT INTO {TO_REFOLD} SELECT DISTINCT into_customer_id FROM {_MERGES}")
        gone = f"SELECT from_customer_id FROM {_MERGES}"
        tx.execute(f"DELETE FROM {TO_REFOLD} WHERE customer_id IN ({gone})")
        tx.execute(f"DELETE FROM customers_delta WHERE customer_id IN ({gone})")
        tx.execute(
            f"INSERT INTO customers_delta (customer_id, is_removed) SELECT from_customer_id, true FROM {_MERGES}"
        )


def _copy_groups(tx: Transaction, ids: set[int]) -> None:
    """Everything about the groups of profiles that `ids` belong to now, as the ledger has it."""
    roots = _find_roots(ids)
    merges = list(_chunked(Merge.objects.order_by("id"), "into_customer_id", roots))
    members = roots | ids | {row["from_customer_id"] for row in merges}
    owners = list(_chunked(Identifier.objects, "customer_id", roots))
    member_ids = pa.table({"customer_id": pa.array(sorted(members), pa.int64())})
    with tx.with_rows("_members", member_ids), tx.with_rows(_MERGES, _to_arrow(merges)):
        tx.execute(
            "DELETE FROM merges WHERE from_customer_id IN (SELECT customer_id FROM _members) "
            f"AND from_customer_id NOT IN (SELECT from_customer_id FROM {_MERGES})"
        )
        tx.execute(
            f"UPDATE merges SET into_customer_id = now.into_customer_id FROM {_MERGES} AS now "
            "WHERE merges.from_customer_id = now.from_customer_id"
        )
        tx.execute(
            f"INSERT INTO merges BY NAME SELECT *, {_LAST_SEQ} AS at_seq FROM {_MERGES} "
            "WHERE from_customer_id NOT IN (SELECT from_customer_id FROM merges)"
        )
        _move_events(tx, owners)
        tx.execute(
            f"INSERT INTO {TO_REFOLD} SELECT customer_id FROM _members WHERE customer_id NOT IN "
            f"(SELECT from_customer_id FROM merges UNION ALL SELECT customer_id FROM {TO_REFOLD})"
        )
        gone = "SELECT customer_id FROM _members SEMI JOIN merges ON merges.from_customer_id = _members.customer_id"
        tx.execute(f"DELETE FROM {TO_REFOLD} WHERE customer_id IN ({gone})")
        tx.execute(f"DELETE FROM customers_delta WHERE customer_id IN ({gone})")
        tx.execute(
            f"INSERT INTO customers_delta (customer_id, is_removed) SELECT customer_id, true FROM ({gone})"
        )


def _move_events(tx: Transaction, owners: Sequence[dict[str, Any]]) -> None:
    """Events that came by an identifier go to whom it belongs now, with every row that was made from them."""
    by_kind = {
        kind: pa.table(
            {
                "value": pa.array([row["value"] for row in owners if row["kind"] == kind], pa.string()),
                "owner_id": pa.array(
                    [row["customer_id"] for row in owners if row["kind"] == kind], pa.int64()
                ),
            }
        )
        for kind in Identifier.Kind.values
    }
    with tx.with_rows("_users", by_kind["user_id"]), tx.with_rows("_anonymous", by_kind["anonymous_id"]):
        tx.execute(
            "CREATE OR REPLACE TEMP TABLE moved_events AS SELECT seq, stored_id, owner_id FROM ("
            "SELECT e.seq, e.customer_id AS stored_id, coalesce(m.into_customer_id, e.customer_id) AS present_id, "
            "CASE WHEN e.user_id IS NOT NULL THEN u.owner_id ELSE a.owner_id END AS owner_id "
            "FROM events AS e LEFT JOIN merges AS m ON m.from_customer_id = e.customer_id "
            "LEFT JOIN _users AS u ON u.value = e.user_id LEFT JOIN _anonymous AS a ON a.value = e.anonymous_id "
            "WHERE e.customer_id IN (SELECT customer_id FROM _members)) "
            "WHERE owner_id IS NOT NULL AND owner_id <> present_id"
        )
    changed = tx.execute(
        "SELECT stored_id FROM moved_events UNION SELECT owner_id FROM moved_events"
    ).fetchall()
    for table in lakes.list_tables_with("seq", "customer_id"):
        tx.execute(
            f"UPDATE {table} SET customer_id = moved.owner_id FROM moved_events AS moved "
            f"WHERE {table}.seq = moved.seq"
        )
    lakes.record_changed_pasts(lakes.current(), tx, [row[0] for row in changed])


_LAST_SEQ = "coalesce((SELECT max(seq) FROM incoming), 0)"


def _find_roots(ids: set[int]) -> set[int]:
    merged = {
        row["from_customer_id"]: row["into_customer_id"]
        for row in _chunked(Merge.objects, "from_customer_id", ids)
    }
    return {merged.get(customer_id, customer_id) for customer_id in ids}


def _chunked(rows: Any, field: str, values: Iterable[int]) -> Iterable[dict[str, Any]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _MOST_PARAMETERS):
        yield from rows.filter(**{f"{field}__in": ordered[start : start + _MOST_PARAMETERS]}).values()


def _to_arrow(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.table(
        {
            "merge_id": pa.array([row["id"] for row in rows], pa.int64()),
            "from_customer_id": pa.array([row["from_customer_id"] for row in rows], pa.int64()),
            "into_customer_id": pa.array([row["into_customer_id"] for row in rows], pa.int64()),
            "merged_at": pa.array(
                [row["merged_at"].replace(tzinfo=None) for row in rows], pa.timestamp("us")
            ),
        }
    )


def _set_checkpoint(tx: Transaction, name: str, value: int) -> None:
    tx.execute("DELETE FROM checkpoints WHERE name = ?", [name])
    tx.execute("INSERT INTO checkpoints VALUES (?, ?)", [name, value])
