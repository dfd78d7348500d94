"""What a campaign is, as a marketer writes it: in a YAML file, or in the form on the page."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from tenure.base.errors import TenureError
from tenure.base.words import shorten
from tenure.base.yaml_file import BadYamlError, read_yaml
from tenure.campaigns.links import check_links
from tenure.content import api as content
from tenure.experiments import api as experiments
from tenure.segments import api as segments

EVERYONE = "everyone"
FILE_CHARACTERS = 600_000
ONE_LINE = re.compile(r"[\x00-\x1f\x7f]")
Line = Annotated[str, StringConstraints(strip_whitespace=True)]


class CampaignDefinition(BaseModel):
    """The fields of a campaign. `control_share` is the part held out to compare with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line = Field(min_length=1, max_length=120)
    segment: Line = Field(min_length=1, max_length=120)
    subject: Line = Field(min_length=1, max_length=400)
    body: str = Field(min_length=1, max_length=500_000)
    control_share: float = Field(
        experiments.DEFAULT_CONTROL_SHARE, ge=0, le=experiments.LARGEST_CONTROL_SHARE, allow_inf_nan=False
    )
    measure_days: int = Field(14, ge=1, le=90)
    from_name: Line | None = Field(None, max_length=100)

    @field_validator("name", "subject", "from_name")
    @classmethod
    def _stay_on_one_line(cls, value: str | None) -> str | None:
        if value and ONE_LINE.search(value):
            raise ValueError("must be on one line")
        return value

    def as_dict(self) -> dict[str, Any]:
        return self.model_dump()


@dataclass(frozen=True)
class AudienceChoice:
    """What a campaign can be for: a segment, a whole phase, or everyone."""

    name: str
    kind: str
    phase: str | None


def parse_definition(given: Mapping[str, Any]) -> CampaignDefinition:
    """Check a definition whole: fields, segment, templates.

    Errors: `unknown_field`, `required`, `bad_value`, `unknown_segment`, `template_error`, `bad_link`, each with its field.
    """
    try:
        definition = CampaignDefinition.model_validate(dict(given))
    except ValidationError as error:
        raise _explain(error) from error
    segment = find_audience(definition.segment)
    content.parse_email(definition.subject, definition.body)
    check_links(content.body_to_html(definition.body))
    return definition.model_copy(update={"segment": segment.name})


def read_definition(path: Path) -> CampaignDefinition:
    """Read a campaign from a YAML file. Errors: as `parse_definition`, and `unreadable_file`, `bad_yaml`."""
    try:
        given = read_yaml(path, FILE_CHARACTERS)
    except (OSError, UnicodeDecodeError) as error:
        raise TenureError(
            "unreadable_file", f"{path} cannot be read: {error}. Give a YAML file in UTF-8."
        ) from error
    except BadYamlError as error:
        raise TenureError("bad_yaml", f"{path} cannot be taken as YAML: {error}.") from error
    if not isinstance(given, dict):
        wanted = "name, segment, subject, body"
        raise TenureError("bad_yaml", f"{path} holds no campaign. Write one field a line: {wanted}.")
    return parse_definition({str(key): value for key, value in given.items()})


def list_audiences() -> list[AudienceChoice]:
    """Every segment of the default preset in the order of its phases, the phases, and everyone."""
    preset = segments.get_preset()
    place = {phase.name: number for number, phase in enumerate(preset.phases)}
    ordered = sorted(preset.segments, key=lambda segment: place[segment.phase])
    return [
        *(AudienceChoice(segment.name, "segment", segment.phase) for segment in ordered),
        *(AudienceChoice(phase.name, "phase", phase.name) for phase in preset.phases),
        AudienceChoice(EVERYONE, "everyone", None),
    ]


def find_audience(name: str) -> AudienceChoice:
    """The segment or phase of that name, however it is cased. Errors: `unknown_segment`, with the nearest name."""
    choices = {choice.name.casefold(): choice for choice in list_audiences()}
    found = choices.get(name.strip().casefold())
    if found is None:
        message = f"There is no segment {shorten(name)}.{_nearest(name[:120], [choice.name for choice in choices.values()])}"
        raise TenureError("unknown_segment", message, "segment")
    return found


def _explain(error: ValidationError) -> TenureError:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])[:100] or None
    kind, given = first["type"], first.get("input")
    names = list(CampaignDefinition.model_fields)
    if kind == "extra_forbidden":
        return TenureError(
            "unknown_field",
            f"A campaign has no field {shorten(field)}.{_nearest(str(field)[:120], names)}",
            field,
        )
    if kind == "missing" or (kind == "string_too_short" and not str(given or "").strip()):
        return TenureError(
            "required",
            f"The field {field!r} is missing. A campaign needs name, segment, subject and body.",
            field,
        )
    if field == "control_share":
        message = f"control_share is {shorten(given)}. Give a number from 0 to 0.5, for example 0.1 for 10 %."
    elif field == "measure_days":
        message = f"measure_days is {shorten(given)}. Give whole days from 1 to 90, for example 14."
    else:
        message = f"The field {field!r} is wrong: {first['msg'].removeprefix('Value error, ')}."
    return TenureError("bad_value", message, field)


def _nearest(name: str, known: list[str]) -> str:
    lowered = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), list(lowered), n=1, cutoff=0.5)
    if close:
        return f" Did you mean {lowered[close[0]]!r}?"
    return f" Known are {', '.join(known)}."
