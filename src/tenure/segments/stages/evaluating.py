"""Which stage everybody is in: rules compiled to the position of the first that holds, and what changed written."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
import pyarrow as pa
from ibis.expr.types import IntegerValue, TimestampValue

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction
from tenure.segments.compiling.moments import build_earliest, put_now
from tenure.segments.compiling.needs import Facts, Need
from tenure.segments.compiling.query import Query
from tenure.segments.compiling.reading import Everyone, Reading
from tenure.segments.definitions.counting import list_needs
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.models import StageModelDefinition
from tenure.segments.rules.base import Node, build_node, list_rules
from tenure.segments.stages.applying import apply_stages
from tenure.segments.stages.library import SavedModel, list_models
from tenure.segments.stages.model import StageModel

BuildPosition = Callable[[Facts], IntegerValue]


@dataclass(frozen=True)
class StagesRebuilt:
    """A full evaluation: the models, and how many stages changed in them."""

    names: tuple[str, ...]
    changed_count: int


def compile_stages(model: StageModel, around: LedgerSurroundings) -> tuple[list[Need], BuildPosition]:
    """What has to be known of each customer, and the position of her stage in `model.stages` (int8, never NULL)."""
    names = [stage.name for stage in model.stages]
    rest = ibis.literal(names.index(model.otherwise), "int8")

    def build_position(facts: Facts) -> IntegerValue:
        branches = [
            (build_node(stage.node, facts, around), ibis.literal(position, "int8"))
            for position, stage in enumerate(model.stages)
            if stage.node is not None
        ]
        return ibis.cases(*branches, else_=rest) if branches else rest

    return list_needs(list_nodes(model), around), build_position


def build_next_change(model: StageModel, facts: Facts, around: LedgerSurroundings) -> TimestampValue:
    """The earliest moment at which a customer's stage may change with nothing happening; far away where none."""
    moments = [
        rule.build_next_change(facts, around) for node in list_nodes(model) for rule in list_rules(node)
    ]
    return build_earliest(list(dict.fromkeys(moment for moment in moments if moment is not None)))


def list_nodes(model: StageModel) -> list[Node]:
    return [stage.node for stage in model.stages if stage.node is not None]


def rebuild_stages(names: Collection[str] | None = None, cause: str = "definition") -> StagesRebuilt:
    """Find everybody's stage in the models in use (default: all) and write what differs.

    A model whose rules ask for the stages of another comes after it. One that cannot be evaluated stops no other: its
    trouble is kept with it.
    """
    around, changed, built = look_around(), 0, []
    for level in _sort(list_models()):
        chosen = [saved for saved in level if names is None or saved.model.name in names]
        done, count = _rebuild_level(chosen, around, cause)
        built += done
        changed += count
    return StagesRebuilt(tuple(built), changed)


def _rebuild_level(saved: list[SavedModel], around: LedgerSurroundings, cause: str) -> tuple[list[str], int]:
    """All at once; one by one where that fails."""
    if not saved:
        return [], 0
    try:
        count = _evaluate([one.model for one in saved], around, cause)
    except TenureError as error:
        if len(saved) > 1:
            parts = [_rebuild_level([one], around, cause) for one in saved]
            return [name for names, _ in parts for name in names], sum(count for _, count in parts)
        _mark(saved[0], trouble=error.message)
        return [], 0
    for one in saved:
        _mark(one, trouble="")
    return [one.model.name for one in saved], count


def _mark(saved: SavedModel, trouble: str) -> None:
    kept = {"trouble": trouble} if trouble else {"trouble": "", "built_version": saved.version}
    StageModelDefinition.objects.filter(name=saved.model.name, version=saved.version).update(**kept)


def _evaluate(models: Sequence[StageModel], around: LedgerSurroundings, cause: str) -> int:
    lake, now = lakes.current(), clock.now()
    fresh = _read_everybody(lake, models, around, now)
    return lake.write(lambda tx: apply_stages(tx, models, fresh, None, now, cause))


def _read_everybody(
    lake: Lake, models: Sequence[StageModel], around: LedgerSurroundings, now: datetime
) -> pa.Table:
    """customer_id and, for each model, `m0`, `m1`, ...: the position of the stage."""
    compiled = [compile_stages(model, around) for model in models]
    needs = [need for asked, _ in compiled for need in asked]
    with lake.heavy(), lake.reading() as reader:
        query = Query(Reading(lake.dialect, Everyone(_has_merges(reader)), around.zone), needs)
        sql = query.compile(
            lambda facts: {f"m{number}": build(facts) for number, (_, build) in enumerate(compiled)}
        )
        return reader.execute(put_now(sql, now)).to_arrow_table()


def _has_merges(reader: Transaction) -> bool:
    row = reader.execute("SELECT count(*) FROM merges").fetchone()
    return bool(row and row[0])


def _sort(saved: list[SavedModel]) -> list[list[SavedModel]]:
    """Models with rules in levels: each asks only for stages of models in levels before it, or of the built-in one."""
    left = {one.model.name: one for one in saved if not one.is_built_in}
    asked = {name: _list_asked(one.model) & set(left) for name, one in left.items()}
    levels: list[list[SavedModel]] = []
    while left:
        ready = [name for name in left if not asked[name] & set(left)] or list(left)
        levels.append([left.pop(name) for name in ready])
    return levels


def _list_asked(model: StageModel) -> set[str]:
    """The models that the rules ask for, over segments too."""
    around = look_around()
    found: set[str] = set()
    nodes, seen = list_nodes(model), set()
    while nodes:
        for rule in list_rules(nodes.pop()):
            for what, name in rule.list_names():
                if what == "model":
                    found.add(name)
                elif what == "segment" and name not in seen:
                    seen.add(name)
                    node = around.find_segment(name)
                    nodes += [] if node is None else [node]
    return found
