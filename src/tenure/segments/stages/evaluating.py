"""Stage models evaluated for everybody, by the engine that keeps segments true."""

from collections.abc import Collection
from dataclasses import dataclass

from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.membership.engine import current_engine
from tenure.segments.rules.base import list_rules
from tenure.segments.stages.compiling import list_nodes
from tenure.segments.stages.library import SavedModel, list_models
from tenure.segments.stages.model import StageModel


@dataclass(frozen=True)
class StagesRebuilt:
    """The models that were evaluated for everybody."""

    names: tuple[str, ...]


def rebuild_stages(names: Collection[str] | None = None, cause: str = "definition") -> StagesRebuilt:
    """Find everybody's stage in the models in use (default: all), now, and write what differs.

    A model whose rules ask for the stages of another comes after it.
    """
    built: list[str] = []
    for level in _sort(list_models()):
        chosen = [saved.model.name for saved in level if names is None or saved.model.name in names]
        if chosen:
            current_engine().rebuild((), cause, models=chosen)
            built += chosen
    return StagesRebuilt(tuple(built))


def _sort(saved: list[SavedModel]) -> list[list[SavedModel]]:
    """Models with rules in levels: each asks only for stages of models in levels before it, or of the built-in one."""
    left = {one.model.name: one for one in saved if not one.is_built_in}
    around = look_around()
    asked = {name: _list_asked(one.model, around) & set(left) for name, one in left.items()}
    levels: list[list[SavedModel]] = []
    while left:
        ready = [name for name in left if not asked[name] & set(left)] or list(left)
        levels.append([left.pop(name) for name in ready])
    return levels


def _list_asked(model: StageModel, around: LedgerSurroundings) -> set[str]:
    """The models that the rules ask for, over segments too."""
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
