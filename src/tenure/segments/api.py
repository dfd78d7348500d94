"""The door of the segments room: presets, scores, segments and where customers go between them."""

from tenure.segments.definitions.applying import AppliedSegment, apply_segments, write_yaml
from tenure.segments.definitions.checking import list_users, list_warnings
from tenure.segments.definitions.counting import (
    Count,
    Step,
    compile_members,
    count_node,
    count_segment,
    sample_node,
)
from tenure.segments.definitions.definition import order_segments, parse_segment, parse_segments
from tenure.segments.definitions.engines import ENGINES, compile_for_engine
from tenure.segments.definitions.explaining import Explanation, explain_segment
from tenure.segments.definitions.library import (
    SavedSegment,
    SaveResult,
    delete_segment,
    get_segment,
    list_segments,
)
from tenure.segments.definitions.surroundings import look_around, set_campaign_finder
from tenure.segments.documents import (
    describe_count,
    describe_history,
    describe_members,
    describe_segment,
    describe_segment_whole,
)
from tenure.segments.exporting import list_identifiers, stream_customers, write_customers, write_members
from tenure.segments.membership.due import DueWatcher
from tenure.segments.membership.engine import Rebuilt, current_engine, follow_batch, mark_stale
from tenure.segments.membership.members import (
    build_segment_members,
    count_segment_members,
    find_entered_at,
    list_segment_sizes,
    list_segments_of,
)
from tenure.segments.membership.saving import rebuild_segments, save_segment
from tenure.segments.membership.scoring import refresh
from tenure.segments.personas import PersonaCard, compute_persona, list_personas
from tenure.segments.rfm.cutpoints import Cutpoints
from tenure.segments.rfm.explain import explain_cutpoints, explain_plainly
from tenure.segments.rfm.files import FileRfm, compute_rfm_from_file
from tenure.segments.rfm.library import get_preset, list_presets, list_saved_presets, save_preset
from tenure.segments.rfm.live import age, rescore, rescore_batch
from tenure.segments.rfm.next_step import NextStep, WayUp, compute_way_up
from tenure.segments.rfm.preset import DEFAULT_PRESET, Phase, Preset, Segment, parse_preset
from tenure.segments.rfm.queries import NOT_LISTED, NOT_YET, build_scored
from tenure.segments.rfm.refresh import RefreshResult
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
from tenure.segments.rules.schemas import RuleSchemas, build_rule_schemas
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
    "ENGINES",
    "NOT_LISTED",
    "NOT_YET",
    "ROW_COLUMNS",
    "AppliedSegment",
    "Count",
    "CustomerStage",
    "Cutpoints",
    "DueWatcher",
    "Explanation",
    "FileRfm",
    "HeatCell",
    "MigrationRow",
    "Moves",
    "NextStep",
    "PersonaCard",
    "Phase",
    "Preset",
    "Rebuilt",
    "RefreshResult",
    "RfmResult",
    "RuleSchemas",
    "SaveResult",
    "SavedModel",
    "SavedSegment",
    "Segment",
    "SegmentRow",
    "Stage",
    "StageModel",
    "StagesRebuilt",
    "Step",
    "WayUp",
    "age",
    "apply_model_preset",
    "apply_segments",
    "build_members",
    "build_rfm",
    "build_rule_schemas",
    "build_scored",
    "build_segment_members",
    "build_stages",
    "compile_for_engine",
    "compile_members",
    "compute_flow",
    "compute_migration",
    "compute_moves",
    "compute_persona",
    "compute_rfm",
    "compute_rfm_from_file",
    "compute_way_up",
    "count_node",
    "count_segment",
    "count_segment_members",
    "count_stages",
    "current_engine",
    "delete_model",
    "delete_segment",
    "describe_count",
    "describe_history",
    "describe_members",
    "describe_segment",
    "describe_segment_whole",
    "explain_cutpoints",
    "explain_plainly",
    "explain_segment",
    "find_entered_at",
    "find_stored_cutpoints",
    "follow_batch",
    "get_cutpoints",
    "get_model",
    "get_preset",
    "get_segment",
    "list_identifiers",
    "list_model_presets",
    "list_models",
    "list_personas",
    "list_presets",
    "list_saved_presets",
    "list_segment_sizes",
    "list_segments",
    "list_segments_of",
    "list_stages_of",
    "list_users",
    "list_warnings",
    "look_around",
    "mark_stale",
    "order_segments",
    "parse_model",
    "parse_model_text",
    "parse_preset",
    "parse_segment",
    "parse_segments",
    "rebuild_segments",
    "rebuild_stages",
    "refresh",
    "rescore",
    "rescore_batch",
    "sample_node",
    "save_model",
    "save_preset",
    "save_segment",
    "set_campaign_finder",
    "stream_customers",
    "write_customers",
    "write_members",
    "write_rfm_csv",
    "write_yaml",
]
