"""Segments described in files, counted, listed, explained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenure.base.errors import TenureError
from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"


def apply(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: file (absolute path), dry_run. Result: dry_run, segments: [{name, state, sentence, members, warnings}].

    The file is checked as a whole before anything is saved. State is new, changed or unchanged; members (how many) is
    None in a dry run.
    """
    from tenure.segments import api as segments

    definitions = segments.parse_segments(Path(arguments["file"]).read_text(encoding="utf-8"))
    dry_run = arguments.get("dry_run", False)
    applied = segments.apply_segments(definitions, ACTOR, dry_run)
    sizes: Mapping[str, int] = {}
    if not dry_run:
        progress(None, "Looking at everybody")
        segments.current_engine().catch_up()
        sizes = segments.list_segment_sizes()
    rows = [
        {
            "name": one.segment.name,
            "state": one.state,
            "sentence": one.segment.sentence,
            "members": sizes.get(one.segment.name),
            "warnings": [warning.as_dict() for warning in one.warnings],
        }
        for one in applied
    ]
    return {"dry_run": dry_run, "segments": rows}


def list_all(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Result: segments: [{name, title, members, sentence, state}]."""
    from tenure.segments import api as segments

    sizes = segments.list_segment_sizes()
    return {
        "segments": [
            segments.describe_segment(saved, sizes.get(saved.segment.name, 0))
            for saved in segments.list_segments()
        ]
    }


def show(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Result: as in the list, and definition, used_by, warnings, version, updated_at."""
    from tenure.segments import api as segments

    return segments.describe_segment_whole(arguments["name"])


def count(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, or file with one segment. Exact, as of now.

    Result: name, count, customers, steps: [{sentence, own, left}], warnings: [{place, message}].
    """
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    if arguments["file"]:
        found = segments.parse_segments(
            Path(arguments["file"]).read_text(encoding="utf-8"), default_name="unsaved"
        )
        if len(found) != 1:
            raise TenureError(
                "several_segments",
                f"The file describes {len(found)} segments; count takes one. Apply it, then count by name.",
                "name",
            )
        chosen = found[0]
    else:
        chosen = segments.get_segment(arguments["name"]).segment
    return segments.describe_count(chosen)


def list_members(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, limit, out (absolute path of a .csv or .parquet, or None).

    Result: name, members (how many), customers: [id, ...] up to the limit; with out: out, rows.
    """
    from tenure.base.audit import record_audit
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    name = arguments["name"]
    if arguments["out"]:
        total = segments.count_segment_members(name)
        record_audit(ACTOR, "customers.exported", f"segment {name}")
        rows = segments.write_members(name, Path(arguments["out"]))
        return {"name": name, "members": total, "out": arguments["out"], "rows": rows}
    return segments.describe_members(name, arguments["limit"])[0]


def explain(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, customer (any identifier). Result: why the customer is in the segment or not, rule by rule."""
    from tenure.customers import api as customers
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    customer = customers.get_customer_by_identifier(arguments["customer"], events=0)
    return segments.explain_segment(arguments["name"], customer.id).as_dict()


def write_sql(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, engine or None for this lake's own. Result: name, engine, sql: who is in it, as of now."""
    from tenure.segments import api as segments

    saved, engine = segments.get_segment(arguments["name"]), arguments.get("engine")
    sql = segments.compile_for_engine(saved.segment.node, segments.look_around(), engine or "")
    return {"name": saved.segment.name, "engine": engine, "sql": sql}


def export(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name or None for all. Result: yaml: a file that `apply` takes."""
    from tenure.segments import api as segments

    return {"yaml": segments.write_yaml([arguments["name"]] if arguments["name"] else [])}


def delete(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Errors: not there; in use."""
    from tenure.segments import api as segments

    segments.delete_segment(arguments["name"], ACTOR)
    return {"name": arguments["name"]}


OPERATIONS = (
    Operation("segment.apply", apply),
    Operation("segment.list", list_all),
    Operation("segment.show", show),
    Operation("segment.count", count),
    Operation("segment.members", list_members),
    Operation("segment.explain", explain),
    Operation("segment.sql", write_sql),
    Operation("segment.export", export),
    Operation("segment.delete", delete),
)
