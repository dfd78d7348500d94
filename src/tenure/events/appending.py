"""Events into the lake, exactly once: new ones only, each under its customer, with their folds.

One transaction of the lake writer holds the events, everything folded from them and the checkpoint, so a
crash at any point loses nothing and doubles nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import NoReturn, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from numpy.typing import NDArray

from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction

RESOLVED = "resolved"
"""The temporary table that handlers read: a batch's new events with `seq` and the current `customer_id`."""

_MOST_ROWS = 100_000
_MANY_ROWS = 25_000
_FEW_ROWS = 5_000
Keys = NDArray[np.uint64]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class AppendResult:
    written: int
    duplicates: int
    customer_ids: tuple[int, ...] = ()
    last_seq: int = 0


@dataclass(frozen=True)
class ResolvedIds:
    """Identifier to customer id, and the merges (from, into) that the batch caused."""

    user_ids: Mapping[str, int]
    anonymous_ids: Mapping[str, int]


class BatchHandler(Protocol):
    """What is done with each batch, inside its transaction, in the order of the list in `config.wiring`."""

    def __call__(self, transaction: Transaction) -> None: ...


ResolveIdentities = Callable[
    [Transaction, Sequence[tuple[str | None, str | None, str | None, str]]], ResolvedIds
]
"""Claims are (user_id, anonymous_id, previous_id, message_id)."""


class _Rehearsed(Exception):
    """Ends a rehearsal, so that nothing of it is kept."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer


class Appender:
    """Appends batches to the lake. Safe to call from any thread."""

    def __init__(self, lake: Lake, resolve: ResolveIdentities, handlers: Sequence[BatchHandler]) -> None:
        self._lake = lake
        self._resolve = resolve
        self._handlers = handlers

    def append(
        self,
        batch: pa.Table,
        checkpoints: Mapping[str, int] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> AppendResult:
        """Append any number of events; those whose message_id is known already change nothing.

        With `checkpoints` the batch is one transaction, which also moves them.
        """
        with self._lake.heavy() if batch.num_rows > _MANY_ROWS else nullcontext():
            return self._append(batch, checkpoints, progress)

    def rehearse(self, prepare: Callable[[], pa.Table], read: Callable[[Transaction], Answer]) -> Answer:
        """What `read` finds after a ledger change and the batch that tells of it; nothing of either is kept.

        `prepare` changes the ledger and gives the batch.
        """

        def work(tx: Transaction) -> NoReturn:
            with transaction.atomic():
                self._append_part(tx, prepare(), {})
                answer = read(tx)
                transaction.set_rollback(True)
            raise _Rehearsed(answer)

        try:
            self._lake.write(work)
        except _Rehearsed as rehearsed:
            return rehearsed.answer  # type: ignore[return-value]

    def _append(
        self, batch: pa.Table, checkpoints: Mapping[str, int] | None, progress: Callable[[int], None] | None
    ) -> AppendResult:
        written = duplicates = last_seq = 0
        touched: set[int] = set()
        size = max(1, batch.num_rows) if checkpoints is not None else _MOST_ROWS
        for start in range(0, max(1, batch.num_rows), size):
            part = batch.slice(start, size)
            result = self._lake.write(lambda tx, part=part: self._append_part(tx, part, checkpoints or {}))
            written += result.written
            duplicates += result.duplicates
            last_seq = max(last_seq, result.last_seq)
            touched.update(result.customer_ids)
            if progress:
                progress(start + part.num_rows)
        return AppendResult(written, duplicates, tuple(touched), last_seq)

    def _append_part(self, tx: Transaction, batch: pa.Table, checkpoints: Mapping[str, int]) -> AppendResult:
        new, keys = self._keep_new(tx, batch)
        touched: tuple[int, ...] = ()
        if new.num_rows:
            self._put_under_customers(tx, new)
            columns = ", ".join(lakes.table("events").columns)
            tx.execute(f"INSERT INTO events ({columns}) SELECT {columns} FROM {RESOLVED}")
            for handle in self._handlers:
                handle(tx)
            if new.num_rows <= _FEW_ROWS:
                rows = tx.execute(
                    f"SELECT DISTINCT customer_id FROM {RESOLVED} WHERE customer_id IS NOT NULL"
                )
                touched = tuple(row[0] for row in rows.fetchall())
        for name, value in checkpoints.items():
            tx.execute("DELETE FROM checkpoints WHERE name = ?", [name])
            tx.execute("INSERT INTO checkpoints VALUES (?, ?)", [name, value])
        if self._lake.known_messages.is_full:
            self._lake.refresh_known_messages()
        self._lake.known_messages.add(keys)
        if batch.num_rows > _MANY_ROWS:
            tx.drop_temporary()
        last_seq = self._lake.take_seqs(0, tx) - 1
        return AppendResult(new.num_rows, batch.num_rows - new.num_rows, touched, last_seq)

    def _keep_new(self, tx: Transaction, batch: pa.Table) -> tuple[pa.Table, Keys]:
        """The events of the batch that are not yet in the lake, each once, and their message keys."""
        keys = tx.compute_message_keys(batch)
        is_new = np.ones(keys.size, dtype=bool)
        if np.unique(keys).size < keys.size:
            codes = batch["message_id"].combine_chunks().dictionary_encode().indices.to_numpy()
            is_new[:] = False
            is_new[np.unique(codes, return_index=True)[1]] = True
        suspects = self._lake.known_messages.find_suspects(keys)
        if suspects.size:
            with tx.with_rows("_suspects", pa.table({"message_key": suspects})):
                known = tx.execute("SELECT message_id FROM events SEMI JOIN _suspects USING (message_key)")
                known_ids = known.to_arrow_table().column(0)
            is_new &= ~pc.is_in(batch["message_id"], value_set=known_ids).to_numpy()
        if not is_new.all():
            batch, keys = batch.filter(pa.array(is_new)), keys[is_new]
        return batch.append_column("message_key", pa.array(keys)), keys

    def _put_under_customers(self, tx: Transaction, new: pa.Table) -> None:
        """Make the temporary table of the new events with their customers."""
        first = self._lake.take_seqs(new.num_rows, tx)
        numbered = new.append_column("seq", pa.array(np.arange(first, first + new.num_rows, dtype=np.int64)))
        with tx.with_rows("incoming", numbered):
            claims = tx.execute(
                "SELECT user_id, anonymous_id, CASE WHEN type = 'alias' THEN previous_id END AS previous_id, "
                "arg_min(message_id, seq) FROM incoming WHERE customer_id IS NULL "
                "AND (user_id IS NOT NULL OR anonymous_id IS NOT NULL) GROUP BY 1, 2, 3 ORDER BY min(seq)"
            ).fetchall()
            ids = self._resolve(tx, claims)
            if new["customer_id"].null_count == new.num_rows:
                _put_named(tx, numbered, ids)
                return
            with (
                tx.with_rows("_users", _mapping(ids.user_ids)),
                tx.with_rows("_anonymous", _mapping(ids.anonymous_ids)),
            ):
                tx.execute(
                    f"CREATE OR REPLACE TEMP TABLE {RESOLVED} AS SELECT "
                    "incoming.* EXCLUDE (customer_id), "
                    "coalesce(merges.into_customer_id, incoming.customer_id, _users.customer_id, "
                    "_anonymous.customer_id) AS customer_id "
                    "FROM incoming LEFT JOIN merges ON merges.from_customer_id = incoming.customer_id "
                    "LEFT JOIN _users ON _users.value = incoming.user_id "
                    "LEFT JOIN _anonymous ON _anonymous.value = incoming.anonymous_id "
                    "WHERE incoming.customer_id IS NULL "
                    "OR incoming.customer_id NOT IN (SELECT erased_id FROM erased_customers)"
                )


def append_own(tx: Transaction, rows: str) -> int:
    """Append events of Tenure's own about customers, within the transaction that found them out. Gives how many.

    `rows` is a SELECT of customer_id, event, occurred_at (naive UTC) and properties (JSON text). They are told like any
    other event, and do not count as something that the customer did.
    """
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE own_events AS SELECT *, row_number() OVER () AS number FROM ({rows}) AS told"
    )
    counted = tx.execute("SELECT count(*) FROM own_events").fetchone()
    count = int(counted[0]) if counted else 0
    if count:
        first = lakes.current().take_seqs(count, tx)
        tx.execute(
            "INSERT INTO events (seq, message_id, message_key, customer_id, type, event, occurred_at, received_at, "
            f"properties, source) SELECT {first} - 1 + number, 'tenure-own-' || ({first} - 1 + number), "
            f"md5_number_lower('tenure-own-' || ({first} - 1 + number)), customer_id, 'track', event, occurred_at, "
            "occurred_at, properties, 'tenure' FROM own_events ORDER BY number"
        )
    return count


def _put_named(tx: Transaction, numbered: pa.Table, ids: ResolvedIds) -> None:
    """Events from outside name their customers by identifiers only, which were just resolved: nothing is joined."""
    found = [
        _look_up(numbered[column], known)
        for column, known in (("user_id", ids.user_ids), ("anonymous_id", ids.anonymous_ids))
    ]
    columns = numbered.drop_columns(["customer_id"]).append_column("customer_id", pc.coalesce(*found))
    with tx.with_rows("named_events", columns):
        tx.execute(f"CREATE OR REPLACE TEMP TABLE {RESOLVED} AS SELECT * FROM named_events")


def _look_up(values: pa.ChunkedArray, known: Mapping[str, int]) -> pa.ChunkedArray:
    mapping = _mapping(known)
    return mapping["customer_id"].take(pc.index_in(values, value_set=mapping["value"].combine_chunks()))


def _mapping(ids: Mapping[str, int]) -> pa.Table:
    return pa.table(
        {"value": pa.array(list(ids), pa.string()), "customer_id": pa.array(list(ids.values()), pa.int64())}
    )
