"""Stage models: the built-in one, presets to copy, and those in use, kept in the ledger."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import IntegrityError, transaction

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.definitions.checking import Warning, list_users
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.definitions.unreadable import find_why_unreadable
from tenure.segments.models import StageModelDefinition
from tenure.segments.rfm import library as rfm_presets
from tenure.segments.rfm.moves import RANKS
from tenure.segments.stages.checking import check_kept_stages, check_model, list_model_warnings
from tenure.segments.stages.compiling import list_nodes
from tenure.segments.stages.model import BUILT_IN, Stage, StageModel, parse_model_text

_FOLDER = Path(__file__).parent / "presets"
PRESETS = ("general", "subscription", "five-stages", "relationship", "care-provider", "visitors")
_RESERVED = ("new", "use")


@dataclass(frozen=True)
class SavedModel:
    """A model in use. `is_built` says whether everybody's stage is that of this version."""

    model: StageModel
    version: int
    is_built: bool
    trouble: str
    created_by: str
    updated_at: datetime | None

    @property
    def is_built_in(self) -> bool:
        return self.model.name == BUILT_IN


@dataclass(frozen=True)
class ModelSaveResult:
    saved: SavedModel
    warnings: tuple[Warning, ...]
    is_changed: bool


@cache
def list_model_presets() -> tuple[StageModel, ...]:
    """Models to copy."""
    return tuple(parse_model_text((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) for name in PRESETS)


def get_model_preset(name: str) -> StageModel:
    for preset in list_model_presets():
        if preset.name == name:
            return preset
    raise NotFoundError(
        "unknown_preset",
        f"There is no stage model preset {name[:60]!r}; there are {', '.join(PRESETS)}.",
        "preset",
    )


def list_models() -> list[SavedModel]:
    """The built-in model first, then those in use by name."""
    rows = {row.name: row for row in StageModelDefinition.objects.all()}
    built_in = _view_built_in(rows.pop(BUILT_IN, None))
    return [built_in, *(_view(row) for row in rows.values())]


def get_model(name: str) -> SavedModel:
    """A model in use. Errors: there is none of that name."""
    row = StageModelDefinition.objects.filter(name=name).first()
    if name == BUILT_IN:
        return _view_built_in(row)
    if row is None:
        known = ", ".join(
            [BUILT_IN, *StageModelDefinition.objects.exclude(name=BUILT_IN).values_list("name", flat=True)]
        )
        raise NotFoundError(
            "no_such_model", f"There is no stage model {name[:60]!r} in use. There are {known}.", "model"
        )
    return _view(row)


def apply_model_preset(preset: str, actor: str, name: str = "") -> ModelSaveResult:
    """Put a copy of a preset to use, under its own name or another one. Errors: the name is taken."""
    found = get_model_preset(preset)
    model = StageModel.model_validate({**found.as_data(), "name": name or found.name})
    return save_model(model, actor, replace=False)


def save_model(
    model: StageModel, actor: str, replace: bool = True, version: int | None = None
) -> ModelSaveResult:
    """Save a model under its name. Everybody's stage follows: see `evaluating`.

    `version` is the one that the change was made to. Errors: names that do not exist, a circle; the name is
    taken (with `replace=False`); somebody else changed it.
    """
    if (model.made_by == "rfm") != (model.name == BUILT_IN):
        raise TenureError(
            "bad_model", f"name: {BUILT_IN} is the built-in model, whose stages the scores decide.", "name"
        )
    if model.name in _RESERVED:
        raise TenureError("bad_model", f"name: {model.name} is taken by a page. Choose another name.", "name")
    around = look_around()
    check_model(model, around)
    check_kept_stages(model, around)
    warnings = tuple(list_model_warnings(model))
    data = model.as_data()
    old = StageModelDefinition.objects.filter(name=model.name).first()
    if old is not None and not replace:
        raise ConflictError(
            "name_taken", f"There is a stage model {model.name} already. Choose another name.", "name"
        )
    if old is not None and version is not None and old.version != version:
        raise _changed_meanwhile()
    if old is not None and old.definition == data:
        return ModelSaveResult(get_model(model.name), warnings, False)
    try:
        with transaction.atomic():
            _write(model, data, actor, old)
    except IntegrityError as error:
        raise _changed_meanwhile() from error
    record_audit(actor, "stages.saved", model.name)
    return ModelSaveResult(get_model(model.name), warnings, True)


def _changed_meanwhile() -> ConflictError:
    return ConflictError(
        "changed_meanwhile", "Somebody else changed this stage model. Look at it again.", "name"
    )


def _write(model: StageModel, data: dict[str, object], actor: str, old: StageModelDefinition | None) -> None:
    """A change that decides nobody's stage (an objective, a target) leaves the model built."""
    now = clock.now()
    if old is None:
        StageModelDefinition.objects.create(
            name=model.name, definition=data, built_version=1 if model.name == BUILT_IN else 0, created_by=actor,
            created_at=now, updated_at=now,
        )  # fmt: skip
        return
    version, built_version = old.version + 1, old.built_version
    if old.built_version == old.version and _decides(StageModel.model_validate(old.definition)) == _decides(
        model
    ):
        built_version = version
    count = StageModelDefinition.objects.filter(pk=old.pk, version=old.version).update(
        definition=data, version=version, built_version=built_version, trouble="", updated_at=now
    )
    if not count:
        raise _changed_meanwhile()


def _decides(model: StageModel) -> tuple[object, ...]:
    return (model.otherwise, [(stage.name, stage.node) for stage in model.stages])


def delete_model(name: str, actor: str) -> None:
    """Take a model out of use, with everybody's stage in it. Errors: it is built in, or something refers to it."""
    if name == BUILT_IN:
        raise ConflictError("built_in", f"{BUILT_IN} is built in and cannot be deleted.", "name")
    get_model(name)
    if users := list_users(name, look_around(), "model"):
        raise ConflictError(
            "model_in_use", f"{name} is used by {', '.join(users[:6])}. Change or delete those first.", "name"
        )
    StageModelDefinition.objects.filter(name=name).delete()

    def forget(tx: Transaction) -> None:
        tx.delete("stages_now", lambda rows: rows.model == name)
        tx.delete("stage_history", lambda rows: rows.model == name)

    lakes.current().write(forget)
    record_audit(actor, "stages.deleted", name)


def _view(row: StageModelDefinition) -> SavedModel:
    model = StageModel.model_validate(row.definition)
    why = next((found for node in list_nodes(model) if (found := find_why_unreadable(node))), "")
    trouble = f"It cannot be read: {why}" if why else row.trouble
    return SavedModel(
        model, row.version, row.version == row.built_version, trouble, row.created_by, row.updated_at
    )


def _view_built_in(row: StageModelDefinition | None) -> SavedModel:
    """The segments of the RFM preset as stages, with the settings that somebody saved for them."""
    settings = _read_built_in() if row is None else StageModel.model_validate(row.definition)
    model = _complete_built_in(settings)
    if row is None:
        return SavedModel(model, 1, True, "", "", None)
    return SavedModel(model, row.version, True, "", row.created_by, row.updated_at)


@cache
def _read_built_in() -> StageModel:
    return parse_model_text((_FOLDER / f"{BUILT_IN}.yaml").read_text(encoding="utf-8"))


def _complete_built_in(settings: StageModel) -> StageModel:
    preset = rfm_presets.get_preset()
    slots = {phase.name: phase.colour_slot for phase in preset.phases}
    given = {stage.name: stage for stage in settings.stages}
    stages = []
    for segment in preset.segments:
        kept = given.get(segment.name) or Stage(name=segment.name)
        stages.append(
            kept.model_copy(
                update={
                    "objective": kept.objective or segment.goal,
                    "phase": segment.phase,
                    "colour_slot": slots[segment.phase],
                    "rank": RANKS.get(segment.phase, 0) + 1,
                    "touchpoints": kept.touchpoints or segment.strategies,
                }
            )
        )
    return settings.model_copy(update={"stages": tuple(stages)})
