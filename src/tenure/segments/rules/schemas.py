"""The kinds of rules as JSON Schema, for descriptions of the API."""

from dataclasses import dataclass
from typing import Any

from pydantic.json_schema import models_json_schema

from tenure.segments.rules import BY_NAME


@dataclass(frozen=True)
class RuleSchemas:
    """`schemas` by name, with the pieces that kinds share; `names` are those of the kinds."""

    names: tuple[str, ...]
    schemas: dict[str, Any]


def build_rule_schemas(reference: str) -> RuleSchemas:
    """`reference` is put before the name of a schema where one refers to another."""
    kinds = list(BY_NAME.values())
    found, definitions = models_json_schema(
        [(kind, "validation") for kind in kinds], ref_template=reference + "{model}"
    )
    names = tuple(found[(kind, "validation")]["$ref"].removeprefix(reference) for kind in kinds)
    return RuleSchemas(names, definitions["$defs"])
