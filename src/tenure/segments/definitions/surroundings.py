"""What definitions refer to by name, as it stands in the ledger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tenure.config.environment import read_environment
from tenure.segments.definitions.definition import Segment, read_stored_segment
from tenure.segments.definitions.unreadable import read_stored_rules
from tenure.segments.models import SegmentDefinition, StageModelDefinition, StaticList
from tenure.segments.rfm.moves import MODEL, rank_stages
from tenure.segments.rules.base import Node

FindCampaign = Callable[[str], int | None]
_find_campaign: FindCampaign = lambda name: None  # noqa: E731


def set_campaign_finder(find: FindCampaign) -> None:
    """For the wiring: campaigns lie in a room further down, and rules name them."""
    global _find_campaign
    _find_campaign = find


@dataclass(frozen=True)
class LedgerSurroundings:
    """A look at the ledger, taken once: everything in it is as of that moment."""

    zone: str
    segments: Mapping[str, Segment]
    lists: Mapping[str, int]
    models: Mapping[str, dict[str, int]]
    stage_rules: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    """The rules of the stage models; the built-in one has none."""
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """What people call lists and stage models, by ("list" or "model", name)."""
    _campaigns: dict[str, int | None] = field(default_factory=dict)

    def find_segment(self, name: str) -> Node | None:
        found = self.segments.get(name)
        return None if found is None else found.node

    def find_list_id(self, name: str) -> int | None:
        return self.lists.get(name)

    def find_campaign_id(self, name: str) -> int | None:
        if name not in self._campaigns:
            self._campaigns[name] = _find_campaign(name)
        return self._campaigns[name]

    def find_stages(self, model: str) -> dict[str, int] | None:
        return self.models.get(model)


def look_around() -> LedgerSurroundings:
    """The surroundings now."""
    segments = {
        row.name: read_stored_segment(row.name, row.definition)[0] for row in SegmentDefinition.objects.all()
    }
    listed = list(StaticList.objects.all())
    lists = {row.name: int(row.pk) for row in listed}
    titles = {("list", row.name): row.title for row in listed} | {("model", MODEL): "Customer lifecycle"}
    models, rules = {MODEL: rank_stages()}, {}
    for row in StageModelDefinition.objects.exclude(name=MODEL):
        stages = row.definition["stages"]
        titles["model", row.name] = row.definition.get("title") or row.name
        models[row.name] = {stage["name"]: stage.get("rank") or n for n, stage in enumerate(stages, start=1)}
        rules[row.name] = tuple(read_stored_rules(stage["rule"]) for stage in stages if stage.get("rule"))
    return LedgerSurroundings(read_environment().timezone, segments, lists, models, rules, titles)
