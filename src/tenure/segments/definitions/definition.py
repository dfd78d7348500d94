"""A segment as data: what users write in the builder, in files and in the API."""

import re
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tenure.base.errors import TenureError
from tenure.base.yaml_file import BadYamlError, parse_yaml
from tenure.segments.definitions.unreadable import UnreadableRule
from tenure.segments.rules.base import Node, describe_node, list_rules
from tenure.segments.rules.parsing import parse_rules

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
TAKEN = ("new", "build", "count", "lists", "personas", "why")
"""Names that the addresses of pages and of the API have."""


class Persona(BaseModel):
    """What is known of the people in a segment besides the rule, for its profile card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str = Field("", max_length=2_000)
    needs: str = Field("", max_length=2_000)
    traits: tuple[str, ...] = Field((), max_length=12)
    needs_trait: str = Field("", max_length=200)


class Segment(BaseModel):
    """A group of customers by its rules. `rule` is a tree of `all`, `any`, `not` and rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = Field("", max_length=120)
    description: str = Field("", max_length=2_000)
    owner: str = Field("", max_length=254)
    rule: dict[str, Any]
    persona: Persona | None = None

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("use small letters, figures and hyphens (at most 60), as in big-spenders")
        if name in TAKEN:
            raise ValueError(f"{name} is the address of a page; choose another name")
        return name

    @cached_property
    def node(self) -> Node:
        """The tree of rules."""
        return parse_rules(self.rule)

    @property
    def sentence(self) -> str:
        return f"Customers for whom: {describe_node(self.node)}."

    def as_data(self) -> dict[str, Any]:
        data = self.model_dump(mode="json", exclude_defaults=True)
        return {**data, "rule": self.node.as_data()}


def read_stored_segment(name: str, data: dict[str, Any]) -> tuple[Segment, str]:
    """A stored definition, and why it cannot be read, where a later version reads it no more: that stops no other."""
    try:
        segment = parse_segment(data)
    except TenureError as error:
        segment = Segment.model_construct(name=name, title=str(data.get("title", "")), rule=data.get("rule"))
        segment.__dict__["node"] = UnreadableRule(stored=data.get("rule") or {}, why=error.message)
        return segment, f"It cannot be read: {error.message}"
    return segment, ""


def parse_segment(data: Any) -> Segment:
    """Read a segment from data. Errors: `bad_segment`, `bad_rule`; each names the place."""
    if not isinstance(data, dict):
        raise TenureError("bad_segment", "A segment is a mapping with name, title and rule.", "segment")
    try:
        segment = Segment.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])[:100] or "segment"
        message = first["msg"].removeprefix("Value error, ")
        raise TenureError("bad_segment", f"{place}: {message}.", place) from error
    if segment.node is None:
        raise TenureError("bad_segment", "rule: is missing.", "rule")
    return segment


def parse_segments(text: str, default_name: str = "") -> list[Segment]:
    """Segments from YAML (or JSON) text: one mapping, a list of them, or `segments: [...]`.

    `default_name` is for those that are not to be saved and so need none.
    """
    try:
        data = parse_yaml(text)
    except BadYamlError as error:
        raise TenureError("bad_segment", f"The file is not YAML: {error}.", "file") from error
    if isinstance(data, dict) and set(data) == {"segments"}:
        data = data["segments"]
    listed = data if isinstance(data, list) else [data]
    if default_name:
        listed = [{"name": default_name, **one} if isinstance(one, dict) else one for one in listed]
    return [parse_segment(one) for one in listed]


def order_segments(segments: list[Segment]) -> list[Segment]:
    """Those that others of them refer to first, so that each finds what it names. Errors: a name twice."""
    by_name = {segment.name: segment for segment in segments}
    if len(by_name) < len(segments):
        twice = next(one.name for one in segments if [other.name for other in segments].count(one.name) > 1)
        raise TenureError("name_twice", f"The file describes {twice} twice.", "name")
    ordered: dict[str, Segment] = {}

    def put(segment: Segment, path: tuple[str, ...]) -> None:
        if segment.name in ordered or segment.name in path:
            return
        for what, name in (named for rule in list_rules(segment.node) for named in rule.list_names()):
            if what == "segment" and name in by_name:
                put(by_name[name], (*path, segment.name))
        ordered[segment.name] = segment

    for segment in segments:
        put(segment, ())
    return list(ordered.values())
