"""How a rule's form looks, as plain values: each kind lists its fields, the builder draws and reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Widget = Literal["text", "number", "select", "comparison", "filters", "bound", "span", "stages", "step"]
Suggest = Literal[
    "", "event", "property", "attribute", "company trait", "segment", "list", "campaign", "model", "product", "purpose", "reason"
]  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One input. `name` is its key in the rule's data; without one, the widget's keys are the rule's own.

    `suggest` says whose names or values are offered, `types` fixes the type of known names, `when` shows the field only
    while another one has one of some values. `shapes` says that other fields depend on it.
    """

    name: str
    label: str
    widget: Widget = "text"
    is_required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    default: Any = None
    suggest: Suggest = ""
    types: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    hint: str = ""
    when: tuple[str, tuple[str, ...]] | None = None
    shapes: bool = False


TIMES = Input("times", "How often", "bound", default={"at_least": "1"}, unit="times")
WHEN = Input("window", "When", "span", default={})
EVENT = Input("event", "Event", is_required=True, suggest="event")
WHERE = Input("where", "Only where", "filters", default=[], suggest="property")
