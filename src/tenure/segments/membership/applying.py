"""Fresh answers against the stored ones: the bits that changed are written, logged and told as events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from tenure.events import api as events_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.compiling.moments import FAR_TEXT, write_moment
from tenure.segments.membership.compiled import Definitions
from tenure.segments.stages.applying import apply_stages, tell_stages

FRESH = "fresh_members"
_TOLD = {"event", "time", "scoring"}
"""Causes that happened to the customer. A new definition or an import of old history happened to nobody."""


@dataclass(frozen=True)
class Applied:
    """How many customers' answers changed, how many entries and exits that were, and when the next one is due."""

    changed_count: int
    entered_count: int
    exited_count: int
    due_at: datetime | None
    told_names: frozenset[str] = frozenset()
    has_new_stages: bool = False


def apply_fresh(
    tx: Transaction,
    definitions: Definitions,
    fresh: pa.Table,
    ids: pa.Table | None,
    now: datetime,
    cause: str,
    spared: Sequence[int] = (),
) -> Applied:
    """Write the answers of `fresh` (customer_id, due_at, words, stages' positions) for the customers `ids`, or for
    everybody but `spared`.

    Who is asked for and not there is no longer a customer and leaves every segment and stage.
    """
    with tx.with_rows("fresh_rows", fresh):
        if ids is None:
            with tx.with_rows("spared_ids", pa.table({"customer_id": pa.array(spared, pa.int64())})):
                old = "SELECT * FROM memberships ANTI JOIN spared_ids USING (customer_id)"
                _compare(tx, definitions, old, everybody=True)
        else:
            with tx.with_rows("asked_ids", ids):
                _compare(tx, definitions, _select_old(tx, definitions, "asked_ids"), everybody=False)
    applied = _write(tx, definitions, now, cause, is_large=ids is None)
    models = [saved.model for saved in definitions.models]
    if not apply_stages(tx, models, fresh, ids, now, cause, spared):
        return applied
    told = applied.told_names | (tell_stages(tx) if cause in _TOLD else frozenset())
    return replace(applied, told_names=told, has_new_stages=True)


def _list_columns(definitions: Definitions) -> str:
    """Words that no segment has a bit in stay as they are: nothing."""
    return ", ".join(["customer_id", "due_at", *(f"w{word}" for word in definitions.every_word)])


def _select_old(tx: Transaction, definitions: Definitions, ids: str) -> str:
    """By key, part by part, so that neither part is read in full for a few."""
    listed = _list_columns(definitions)
    settled = f"SELECT customer_id FROM {ids} ANTI JOIN memberships_delta USING (customer_id)"
    return (
        f"SELECT {listed} FROM memberships_delta SEMI JOIN {ids} USING (customer_id) UNION ALL "
        f"SELECT {listed} FROM memberships_main WHERE {lakes.build_key_test(tx, settled)}"
    )


def _compare(tx: Transaction, definitions: Definitions, old: str, everybody: bool) -> None:
    """The rows that differ from the stored ones, old words beside the new, in a temporary table."""
    names = [f"w{number}" for number in definitions.every_word]
    decided = {word: definitions.find_mask(word) for word in definitions.words}
    new = []
    for number, name in zip(definitions.every_word, names, strict=True):
        before = f"coalesce(o.{name}, 0)"
        mask = decided.get(number)
        value = before if mask is None else f"(({before} & ~{mask}::BIGINT) | coalesce(f.{name}, 0))"
        new.append(
            f"CASE WHEN f.customer_id IS NULL THEN 0 ELSE {value} END AS {name}, {before} AS old_{name}"
        )
    due = (
        f"nullif(f.due_at, TIMESTAMP '{FAR_TEXT}')"
        if definitions.is_complete
        else f"nullif(least(coalesce(o.due_at, TIMESTAMP '{FAR_TEXT}'), f.due_at), TIMESTAMP '{FAR_TEXT}')"
    )
    people = (
        "fresh_rows AS f FULL JOIN"
        if everybody
        else "asked_ids AS a LEFT JOIN fresh_rows AS f USING (customer_id) LEFT JOIN"
    )
    key = "coalesce(f.customer_id, o.customer_id)" if everybody else "a.customer_id"
    on = "f.customer_id = o.customer_id" if everybody else "a.customer_id = o.customer_id"
    differs = " OR ".join(f"{name} <> old_{name}" for name in names) or "false"
    tx.execute(
        f"CREATE OR REPLACE TEMP TABLE {FRESH} AS SELECT * FROM (SELECT {key} AS customer_id, "
        f"f.customer_id IS NULL AS is_gone, {', '.join([f'{due} AS due_at', 'o.due_at AS old_due_at', *new])} "
        f"FROM {people} ({old}) AS o ON {on}) AS compared "
        f"WHERE {differs} OR due_at IS DISTINCT FROM old_due_at"
    )


def _write(tx: Transaction, definitions: Definitions, now: datetime, cause: str, is_large: bool) -> Applied:
    row = tx.execute(f"SELECT count(*), min(due_at) FROM {FRESH}").fetchone()
    changed_count, due_at = (int(row[0]), row[1]) if row else (0, None)
    if not changed_count:
        return Applied(0, 0, 0, None)
    entered, exited = _log_changes(tx, definitions, now, cause)
    listed = _list_columns(definitions)
    if is_large and changed_count > 20_000:
        tx.execute(
            f"CREATE OR REPLACE TEMP TABLE all_memberships AS SELECT {listed} FROM {FRESH} WHERE NOT is_gone UNION ALL "
            f"SELECT {listed} FROM memberships ANTI JOIN {FRESH} USING (customer_id)"
        )
        tx.execute("TRUNCATE memberships_main")
        tx.execute("TRUNCATE memberships_delta")
        tx.execute(
            f"INSERT INTO memberships_main ({listed}) SELECT {listed} FROM all_memberships ORDER BY customer_id"
        )
        tx.execute("DROP TABLE all_memberships")
    else:
        tx.execute(f"DELETE FROM memberships_delta WHERE customer_id IN (SELECT customer_id FROM {FRESH})")
        tx.execute(f"INSERT INTO memberships_delta ({listed}) SELECT {listed} FROM {FRESH}")
    told = _tell(tx, now, cause) if cause in _TOLD and entered + exited else frozenset()
    return Applied(changed_count, entered, exited, due_at, told)


def _log_changes(tx: Transaction, definitions: Definitions, now: datetime, cause: str) -> tuple[int, int]:
    """One row per segment entered or left; a temporary table keeps them for `_tell`."""
    differs = " OR ".join(f"w{word} <> old_w{word}" for word in definitions.every_word) or "false"
    if not tx.execute(f"SELECT 1 FROM {FRESH} WHERE {differs} LIMIT 1").fetchall():
        return (0, 0)
    slots = pa.table(
        {
            "slot_word": pa.array(
                [saved.slot // lakes.SLOTS_PER_WORD for saved in definitions.every], pa.int32()
            ),
            "slot_bit": pa.array(
                [1 << (saved.slot % lakes.SLOTS_PER_WORD) for saved in definitions.every], pa.int64()
            ),
            "segment_id": pa.array([saved.id for saved in definitions.every], pa.int64()),
            "segment": pa.array([saved.segment.name for saved in definitions.every], pa.string()),
            "title": pa.array(
                [saved.segment.title or saved.segment.name for saved in definitions.every], pa.string()
            ),
        }
    )
    new = " ".join(f"WHEN {n} THEN w{n}" for n in definitions.every_word)
    old = " ".join(f"WHEN {n} THEN old_w{n}" for n in definitions.every_word)
    with tx.with_rows("slots_now", slots):
        tx.execute(
            "CREATE OR REPLACE TEMP TABLE changed_members AS SELECT * FROM ("
            f"SELECT f.customer_id, f.is_gone, s.segment_id, s.segment, s.title, "
            f"(CASE s.slot_word {new} END) & s.slot_bit <> 0 AS is_entry, "
            f"(CASE s.slot_word {old} END) & s.slot_bit <> 0 AS was_in "
            f"FROM {FRESH} AS f CROSS JOIN slots_now AS s) AS bits WHERE is_entry <> was_in"
        )
    row = tx.execute(
        "SELECT count(*) FILTER (is_entry), count(*) FILTER (NOT is_entry) FROM changed_members"
    ).fetchone()
    tx.execute(
        "INSERT INTO membership_changes (segment_id, customer_id, is_entry, changed_at, cause) "
        f"SELECT segment_id, customer_id, is_entry, TIMESTAMP '{write_moment(now)}', "
        f"CASE WHEN is_gone THEN 'gone' ELSE '{cause}' END FROM changed_members"
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _tell(tx: Transaction, now: datetime, cause: str) -> frozenset[str]:
    """`Segment Entered` and `Segment Exited` are events like any other. Gives the names told."""
    events_api.append_own(
        tx,
        "SELECT customer_id, CASE WHEN is_entry THEN 'Segment Entered' ELSE 'Segment Exited' END AS event, "
        f"TIMESTAMP '{write_moment(now)}' AS occurred_at, "
        f"json_object('segment', segment, 'title', title, 'segment_id', segment_id, 'cause', '{cause}')::VARCHAR "
        "AS properties FROM changed_members WHERE NOT is_gone",
    )
    rows = tx.execute("SELECT DISTINCT is_entry FROM changed_members WHERE NOT is_gone").fetchall()
    return frozenset("Segment Entered" if row[0] else "Segment Exited" for row in rows)
