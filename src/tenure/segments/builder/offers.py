"""What the builder offers while somebody types: names and values seen in the data, and what was defined."""

from collections.abc import Iterable, Mapping
from typing import Any

from tenure.lake.api import Lake
from tenure.segments.definitions import seen
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules.attribute import PROFILE

MOST_SHOWN = 200


class Offers:
    """For one answer. Nothing here may fail because the data is empty."""

    def __init__(self, lake: Lake, around: LedgerSurroundings, own_name: str = "") -> None:
        self._lake, self._around, self._own_name = lake, around, own_name

    def list_shared(self) -> dict[str, tuple[str, ...]]:
        """The lists that every rule may refer to, by id."""
        return {
            "seen-event": tuple(seen.list_events(self._lake))[:MOST_SHOWN],
            "seen-attribute": (*seen.list_attributes(self._lake)[:MOST_SHOWN], *PROFILE),
            "seen-purpose": self.list_property_values("consent", "category"),
            "seen-campaign": self.list_property_values("Email Sent", "campaign_name"),
            "seen-reason": tuple(seen.list_reasons(self._lake)),
            "seen-company-trait": (),
        }

    def list_options(self, what: str) -> tuple[tuple[str, str], ...]:
        """What a select offers, as (value, text)."""
        match what:
            case "segment":
                found = [(one.name, one.title or one.name) for one in self._around.segments.values()]
                return tuple(
                    one for one in sorted(found, key=lambda pair: pair[1].lower()) if one[0] != self._own_name
                )
            case "list":
                return self._name("list", sorted(self._around.lists))
            case "model":
                return self._name("model", self._around.models)
        return ()

    def _name(self, what: str, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._around.titles.get((what, name)) or name) for name in names)

    def list_stages(self, model: str) -> tuple[str, ...]:
        return tuple(self._around.models.get(model, {}))

    def list_properties(self, event: str) -> tuple[str, ...]:
        return tuple(seen.list_properties(self._lake, event))[:MOST_SHOWN] if event else ()

    def list_property_values(self, event: str, name: str) -> tuple[str, ...]:
        return tuple(seen.list_property_values(self._lake, event, name)) if event and name else ()

    def list_values(self, what: str, data: Mapping[str, Any]) -> tuple[str, ...]:
        """Values of what the rule compares, the most frequent first."""
        if what == "attribute" and data.get("name"):
            return tuple(seen.list_attribute_values(self._lake, str(data["name"]), PROFILE))
        if what == "product" and data.get("of"):
            return tuple(seen.list_products(self._lake, str(data["of"])))
        return ()
