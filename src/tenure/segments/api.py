"""The door of the segments room: presets, scores, segments and where customers go between them."""

from tenure.segments.definitions.explaining import Explanation, explain_segment
from tenure.segments.membership.members import (
    build_segment_members,
    count_segment_members,
    list_segment_sizes,
    list_segments_of,
)
from tenure.segments.personas import PersonaCard, compute_persona, list_personas
from tenure.segments.rfm.cutpoints import Cutpoints
from tenure.segments.rfm.explain import explain_cutpoints, explain_plainly
from tenure.segments.rfm.files import FileRfm, compute_rfm_from_file
from tenure.segments.rfm.library import get_preset, list_presets, list_saved_presets, save_preset
from tenure.segments.rfm.live import age, rescore, rescore_batch
from tenure.segments.rfm.next_step import NextStep, WayUp, compute_way_up
from tenure.segments.rfm.preset import DEFAULT_PRESET, Phase, Preset, Segment, parse_preset
from tenure.segments.rfm.queries import NOT_LISTED, NOT_YET, build_scored
from tenure.segments.rfm.refresh import RefreshResult, refresh
from tenure.segments.rfm.results import (
    ROW_COLUMNS,
    HeatCell,
    MigrationRow,
    RfmResult,
    SegmentRow,
    build_members,
    build_rfm,
    compute_migration,
    compute_rfm,
    write_rfm_csv,
)
from tenure.segments.rfm.runs import find_stored_cutpoints, get_cutpoints
from tenure.segments.stages.evaluating import StagesRebuilt, rebuild_stages
from tenure.segments.stages.history import (
    CustomerStage,
    Moves,
    build_stages,
    compute_flow,
    compute_moves,
    count_stages,
    list_stages_of,
)
from tenure.segments.stages.library import (
    SavedModel,
    apply_model_preset,
    delete_model,
    get_model,
    list_model_presets,
    list_models,
    save_model,
)
from tenure.segments.stages.model import Stage, StageModel, parse_model, parse_model_text

__all__ = [
    "DEFAULT_PRESET",
    "NOT_LISTED",
    "NOT_YET",
    "ROW_COLUMNS",
    "CustomerStage",
    "Cutpoints",
    "Explanation",
    "FileRfm",
    "HeatCell",
    "MigrationRow",
    "Moves",
    "NextStep",
    "PersonaCard",
    "Phase",
    "Preset",
    "RefreshResult",
    "RfmResult",
    "SavedModel",
    "Segment",
    "SegmentRow",
    "Stage",
    "StageModel",
    "StagesRebuilt",
    "WayUp",
    "age",
    "apply_model_preset",
    "build_members",
    "build_rfm",
    "build_scored",
    "build_segment_members",
    "build_stages",
    "compute_flow",
    "compute_migration",
    "compute_moves",
    "compute_persona",
    "compute_rfm",
    "compute_rfm_from_file",
    "compute_way_up",
    "count_segment_members",
    "count_stages",
    "delete_model",
    "explain_cutpoints",
    "explain_plainly",
    "explain_segment",
    "find_stored_cutpoints",
    "get_cutpoints",
    "get_model",
    "get_preset",
    "list_model_presets",
    "list_models",
    "list_personas",
    "list_presets",
    "list_saved_presets",
    "list_segment_sizes",
    "list_segments_of",
    "list_stages_of",
    "parse_model",
    "parse_model_text",
    "parse_preset",
    "rebuild_stages",
    "refresh",
    "rescore",
    "rescore_batch",
    "save_model",
    "save_preset",
    "write_rfm_csv",
]
