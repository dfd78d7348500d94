"""Moves between the segments of the default preset, told as `Stage Changed` events of the model `lifecycle`."""

from functools import cache

from tenure.events import api as events_api
from tenure.lake.api import Transaction
from tenure.segments.rfm import library

MODEL = "lifecycle"
RANKS = {"Acquisition": 0, "Reactivation": 1, "Retention": 2, "Increased value": 3, "Veneration": 4}
"""Which phase is higher: somebody lost who buys again moves up."""


def rank_stages() -> dict[str, int]:
    """The segments of the default preset, each with the rank of its phase."""
    return {segment.name: RANKS.get(segment.phase, 0) for segment in library.get_preset().segments}


def tell_moves(tx: Transaction, moves: str, since_at: str) -> int:
    """`moves` is a SELECT of customer_id, from_stage and to_stage; a first stage is no move. Gives how many were told."""
    return events_api.append_own(
        tx,
        f"SELECT customer_id, 'Stage Changed' AS event, TIMESTAMP '{since_at}' AS occurred_at, "
        f"json_object('model', '{MODEL}', 'from', from_stage, 'to', to_stage, 'direction', "
        f"CASE WHEN {_rank('to_stage')} > {_rank('from_stage')} THEN 'up' "
        f"WHEN {_rank('to_stage')} < {_rank('from_stage')} THEN 'down' ELSE 'same' END)::VARCHAR AS properties "
        f"FROM ({moves}) AS moves WHERE from_stage IS NOT NULL AND to_stage IS NOT NULL AND from_stage <> to_stage",
    )


@cache
def _rank(column: str) -> str:
    branches = " ".join(
        f"WHEN '{name.replace(chr(39), chr(39) * 2)}' THEN {rank}" for name, rank in rank_stages().items()
    )
    return f"CASE {column} {branches} END"
