"""The shapes of bodies, for the API's description. Definitions are read by the segments themselves."""

from typing import Any

from tenure.segments.api import build_rule_schemas

_REFERENCE = "#/components/schemas/"


def takes(schema: str) -> dict[str, Any]:
    """For `openapi_extra`: the route takes this body."""
    content = {"application/json": {"schema": {"$ref": f"{_REFERENCE}{schema}"}}}
    return {"requestBody": {"required": True, "content": content}}


def build_schemas() -> dict[str, Any]:
    """The schemas that `takes` names, as components."""
    kinds = build_rule_schemas(_REFERENCE)
    node = {"$ref": f"{_REFERENCE}Node"}
    text, names = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    definition = {
        "title": {"type": "string", "maxLength": 120},
        "description": {"type": "string", "maxLength": 2_000},
        "owner": {"type": "string", "maxLength": 254},
        "rule": node,
        "persona": {"type": "object"},
    }
    name = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,59}$"}
    group = {"type": "array", "items": node, "minItems": 1}
    return {
        **kinds.schemas,
        "Node": {
            "description": "A rule, or a group of rules.",
            "anyOf": [
                _object({"all": group}, "all"),
                _object({"any": group}, "any"),
                _object({"not": node}, "not"),
                *[{"$ref": f"{_REFERENCE}{kind}"} for kind in kinds.names],
            ],
        },
        "NewSegment": _object({"name": name, **definition}, "name", "rule"),
        "ReplacedSegment": _object({"name": name, **definition}, "rule"),
        "UnsavedSegment": _object({"name": name, **definition}, "rule"),
        "NewList": _object({"name": name, "title": text, "customers": names, "segment": name}, "name"),
        "Customers": _object({"customers": names}, "customers"),
    }


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
