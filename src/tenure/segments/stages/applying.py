"""Fresh stages against the stored ones: what differs is written and kept in the history."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from tenure.events import api as events_api
from tenure.lake.api import Transaction
from tenure.segments.compiling.moments import write_moment
from tenure.segments.stages.model import StageModel

CHANGED = "changed_stages"
"""The temporary table of the last `apply_stages`: customer_id, model, from_stage, to_stage, since_at, direction."""
MOVING_CAUSES = {"event", "time", "scoring"}
"""Causes that happened to the customer. A changed definition or an import of old history moved nobody."""


def apply_stages(
    tx: Transaction,
    models: Sequence[StageModel],
    fresh: pa.Table,
    ids: pa.Table | None,
    now: datetime,
    cause: str,
    spared: Sequence[int] = (),
) -> int:
    """Write the stages of `fresh` (customer_id, `m0`, `m1`, ... as positions in the models' stages) for the customers
    `ids` (customer_id), or for everybody but `spared`.

    Who is asked for and not in `fresh` is no longer a customer and is in no stage. Gives how many stages changed.
    """
    if not models:
        return 0
    asked = ids if ids is not None else pa.table({"customer_id": pa.array(spared, pa.int64())})
    with (
        tx.with_rows("fresh_stages", fresh),
        tx.with_rows("stage_names", _list_stages(models)),
        tx.with_rows("named_stage_ids", asked),
    ):
        _keep_old(tx, is_everybody=ids is None)
        _compare(tx, models, now, cause)
        _forget_gone(tx, models)
    row = tx.execute(f"SELECT count(*) FROM {CHANGED}").fetchone()
    count = int(row[0]) if row else 0
    if count:
        _write(tx)
    return count


def _list_stages(models: Sequence[StageModel]) -> pa.Table:
    rows = [
        (model.name, position, stage.name, model.ranks[stage.name])
        for model in models
        for position, stage in enumerate(model.stages)
    ]
    columns = list(zip(*rows, strict=True))
    return pa.table(
        {
            "model": pa.array(columns[0], pa.string()),
            "position": pa.array(columns[1], pa.int8()),
            "stage": pa.array(columns[2], pa.string()),
            "rank": pa.array(columns[3], pa.int32()),
        }
    )


def _compare(tx: Transaction, models: Sequence[StageModel], now: datetime, cause: str) -> None:
    before = "o.stage" if cause in MOVING_CAUSES else "CAST(NULL AS VARCHAR)"
    parts = [
        f"SELECT f.customer_id, n.model, {before} AS from_stage, n.stage AS to_stage, "
        f"greatest(TIMESTAMP '{write_moment(now)}', o.since_at + INTERVAL 1 MICROSECOND) AS since_at, "
        "CASE WHEN b.rank < n.rank THEN 'up' WHEN b.rank > n.rank THEN 'down' ELSE 'same' END AS direction "
        f"FROM fresh_stages AS f JOIN stage_names AS n ON n.position = f.m{number} AND n.model = {_quote(model.name)} "
        f"LEFT JOIN old_stages AS o ON o.customer_id = f.customer_id AND o.model = {_quote(model.name)} "
        "LEFT JOIN stage_names AS b ON b.model = n.model AND b.stage = o.stage "
        "WHERE o.stage IS DISTINCT FROM n.stage"
        for number, model in enumerate(models)
    ]
    tx.execute(f"CREATE OR REPLACE TEMP TABLE {CHANGED} AS {' UNION ALL '.join(parts)}")


def _keep_old(tx: Transaction, is_everybody: bool) -> None:
    """The stored stages of those who are looked at, once for all models."""
    word = "NOT IN" if is_everybody else "IN"
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE old_stages AS SELECT * FROM stages_now "
        f"WHERE customer_id {word} (SELECT customer_id FROM named_stage_ids)"
    )


def _forget_gone(tx: Transaction, models: Sequence[StageModel]) -> None:
    listed = ", ".join(_quote(model.name) for model in models)
    gone = (
        f"SELECT customer_id FROM old_stages WHERE model IN ({listed}) "
        "AND customer_id NOT IN (SELECT customer_id FROM fresh_stages)"
    )
    row = tx.execute(f"SELECT count(*) FROM ({gone}) AS gone").fetchone()
    if row and row[0]:
        tx.execute(f"DELETE FROM stages_now WHERE model IN ({listed}) AND customer_id IN ({gone})")


def tell_stages(tx: Transaction) -> frozenset[str]:
    """`Stage Changed` is an event like any other, for what the last `apply_stages` changed; a first stage is no change.
    Gives the names told."""
    count = events_api.append_own(
        tx,
        "SELECT customer_id, 'Stage Changed' AS event, since_at AS occurred_at, "
        "json_object('model', model, 'from', from_stage, 'to', to_stage, 'direction', direction)::VARCHAR AS properties "
        f"FROM {CHANGED} WHERE from_stage IS NOT NULL",
    )
    return frozenset({"Stage Changed"}) if count else frozenset()


def _write(tx: Transaction) -> None:
    tx.execute(
        f"DELETE FROM stages_now WHERE (customer_id, model) IN (SELECT customer_id, model FROM {CHANGED})"
    )
    tx.execute(
        "INSERT INTO stages_now (customer_id, model, stage, since_at) "
        f"SELECT customer_id, model, to_stage, since_at FROM {CHANGED}"
    )
    tx.execute(
        "INSERT INTO stage_history (customer_id, model, from_stage, to_stage, since_at) "
        f"SELECT customer_id, model, from_stage, to_stage, since_at FROM {CHANGED}"
    )


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
