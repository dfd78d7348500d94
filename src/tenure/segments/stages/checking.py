"""What can be wrong with a stage model beyond its form: names that nothing has, circles, models in use."""

from tenure.base.errors import ConflictError
from tenure.segments.definitions.checking import (
    Warning,
    check_circle,
    check_name,
    list_name_warnings,
    list_places,
)
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules.base import Node, list_rules
from tenure.segments.stages.model import StageModel


def check_model(model: StageModel, around: LedgerSurroundings) -> None:
    """Errors: a segment, list, model, stage or campaign that does not exist; rules that lead back to the model."""
    for place, node in _list_nodes(model):
        for where, rule in list_places(node, place):
            for what, name in rule.list_names():
                if what != f"stage of {model.name}":
                    check_name(where, what, name, around, model=model.name)
    check_circle(("model", model.name), [node for _, node in _list_nodes(model)], around)


def check_kept_stages(model: StageModel, around: LedgerSurroundings) -> None:
    """Errors: a stage is gone or renamed that a segment or another model asks for."""
    names = {stage.name for stage in model.stages}
    nodes = [(other, segment.node) for other, segment in around.segments.items()]
    nodes += [
        (other, node) for other, found in around.stage_rules.items() if other != model.name for node in found
    ]
    for other, node in nodes:
        for rule in list_rules(node):
            for what, name in rule.list_names():
                if what == f"stage of {model.name}" and name not in names:
                    raise ConflictError(
                        "stage_in_use", f"{other} asks for the stage {name}. Change that first.", "stages"
                    )


def list_model_warnings(model: StageModel) -> list[Warning]:
    """Events, properties and attributes that the data does not have yet."""
    return [warning for place, node in _list_nodes(model) for warning in list_name_warnings(node, place)]


def _list_nodes(model: StageModel) -> list[tuple[str, Node]]:
    return [
        (f"stages[{number}].rule", stage.node)
        for number, stage in enumerate(model.stages)
        if stage.node is not None
    ]
