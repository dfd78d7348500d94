"""Where presets come from: built in, saved by users, or a file."""

from functools import cache
from pathlib import Path

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.base.words import shorten
from tenure.segments.models import RfmPreset
from tenure.segments.rfm.preset import DEFAULT_PRESET, Preset, parse_preset

_FOLDER = Path(__file__).parent / "presets"
_BUILT_IN = (DEFAULT_PRESET, "industry")
MOST_CHARACTERS = 200_000


@cache
def _list_built_in() -> tuple[Preset, ...]:
    return tuple(parse_preset((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) for name in _BUILT_IN)


def list_presets() -> list[Preset]:
    """The built-in presets, the default first, then the saved ones by name."""
    return [*_list_built_in(), *list_saved_presets()]


def list_saved_presets() -> list[Preset]:
    return [Preset.model_validate(row.definition) for row in RfmPreset.objects.all()]


def get_preset(name_or_path: str = DEFAULT_PRESET) -> Preset:
    """A preset by name, or from a YAML file by its path."""
    for preset in _list_built_in():
        if preset.name == name_or_path:
            return preset
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml", ".json"}:
        return _read_preset(path)
    saved = RfmPreset.objects.filter(name=name_or_path).first()
    if saved is None:
        known = ", ".join(preset.name for preset in list_presets())
        raise NotFoundError(
            "unknown_preset",
            f"There is no preset {shorten(name_or_path)}. There are {known}; or give the path of a .yaml file.",
            field="preset",
        )
    return Preset.model_validate(saved.definition)


def save_preset(yaml_text: str, actor: str) -> Preset:
    """Save a preset under its own name, replacing one saved before. Built-in names are taken."""
    preset = parse_preset(yaml_text)
    if preset.name in _BUILT_IN:
        raise ConflictError(
            "preset_is_built_in", f"{preset.name} is built in: give yours another name.", "name"
        )
    now = clock.now()
    RfmPreset.objects.update_or_create(
        name=preset.name,
        defaults={"definition": preset.model_dump(mode="json"), "updated_at": now},
        create_defaults={"definition": preset.model_dump(mode="json"), "created_at": now, "updated_at": now},
    )
    record_audit(actor, "preset.saved", preset.name)
    return preset


def _read_preset(path: Path) -> Preset:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise TenureError(
            "unreadable_preset", f"The preset {path} cannot be read: {error}.", "preset"
        ) from error
    return parse_preset(text)
