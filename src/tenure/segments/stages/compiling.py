"""The rules of a stage model as one expression: the position of the first that holds."""

from collections.abc import Callable

import ibis
from ibis.expr.types import IntegerValue, TimestampValue

from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Facts, Need
from tenure.segments.definitions.counting import list_needs
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules.base import Node, build_node, list_rules
from tenure.segments.stages.model import StageModel

BuildPosition = Callable[[Facts], IntegerValue]


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
    moments = {}
    for node in list_nodes(model):
        for rule in list_rules(node):
            if (moment := rule.build_next_change(facts, around)) is not None:
                moments[moment.op()] = moment
    return build_earliest(list(moments.values()))


def list_nodes(model: StageModel) -> list[Node]:
    return [stage.node for stage in model.stages if stage.node is not None]
