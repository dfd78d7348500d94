"""Segments described in files, counted, listed, explained."""

from pathlib import Path
from typing import Any

from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"


def apply(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: file (absolute path). Result: segments: [{name, state, members, warnings}].

    The file is checked as a whole before anything is saved. State is new, changed or unchanged.
    """
    from tenure.segments import api as segments

    definitions = segments.parse_segments(Path(arguments["file"]).read_text(encoding="utf-8"))
    known = {saved.segment.name for saved in segments.list_segments()}
    results = []
    for definition in segments.order_segments(definitions):
        result = segments.save_segment(definition, ACTOR)
        state = "unchanged" if not result.is_changed else "changed" if definition.name in known else "new"
        warnings = [warning.as_dict() for warning in result.warnings]
        results.append({"name": definition.name, "state": state, "warnings": warnings})
    progress(None, "Looking at everybody")
    segments.current_engine().catch_up()
    return {"segments": [{**row, "members": segments.count_segment_members(row["name"])} for row in results]}


def list_all(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Result: segments: [{name, title, members, sentence, state}]."""
    from tenure.segments import api as segments

    sizes = segments.list_segment_sizes()
    return {
        "segments": [
            {
                "name": saved.segment.name,
                "title": saved.segment.title,
                "members": sizes[saved.segment.name],
                "sentence": saved.segment.sentence,
                "state": saved.trouble or ("built" if saved.is_built else "being computed"),
            }
            for saved in segments.list_segments()
        ]
    }


def count(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, or file with one segment. Result: count, customers, steps: [{sentence, own, left}]. Exact, as of now."""
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    if arguments["file"]:
        definitions = segments.parse_segments(Path(arguments["file"]).read_text(encoding="utf-8"))
        chosen = definitions[0]
    else:
        chosen = segments.get_segment(arguments["name"]).segment
    around = segments.look_around()
    found = segments.count_node(chosen.node, around)
    steps = [
        {"sentence": step.sentence, "own": step.own_count, "left": step.left_count} for step in found.steps
    ]
    return {"name": chosen.name, "count": found.count, "customers": found.total_count, "steps": steps}


def list_members(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, limit, out (absolute path of a .csv or .parquet, or None).

    Result: name, members (how many), customers: [id, ...] up to the limit; with out: out, rows.
    """
    from tenure.base.audit import record_audit
    from tenure.customers import api as customers
    from tenure.events import api as events
    from tenure.lake import api as lakes
    from tenure.segments import api as segments

    events.wait_until_folded()
    name, total = arguments["name"], segments.count_segment_members(arguments["name"])
    if arguments["out"]:
        record_audit(ACTOR, "customers.exported", f"segment {name}")
        rows = segments.write_members(name, Path(arguments["out"]))
        return {"name": name, "members": total, "out": arguments["out"], "rows": rows}
    people = customers.build_customers().semi_join(segments.build_segment_members(name), "customer_id")
    shown = lakes.current().read_rows(
        people.order_by("customer_id").limit(arguments["limit"]).select("external_id")
    )
    return {"name": name, "members": total, "customers": [row["external_id"] for row in shown]}


def explain(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, customer (any identifier). Result: why the customer is in the segment or not, rule by rule."""
    from tenure.customers import api as customers
    from tenure.events import api as events
    from tenure.segments import api as segments

    events.wait_until_folded()
    customer = customers.get_customer_by_identifier(arguments["customer"], events=0)
    return segments.explain_segment(arguments["name"], customer.id).as_dict()


def write_sql(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Result: name, sql: the statement that finds the members as of now."""
    from tenure.segments import api as segments

    saved = segments.get_segment(arguments["name"])
    return {
        "name": saved.segment.name,
        "sql": segments.compile_members(saved.segment.node, segments.look_around()),
    }


def delete(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Errors: not there; in use."""
    from tenure.segments import api as segments

    segments.delete_segment(arguments["name"], ACTOR)
    return {"name": arguments["name"]}


OPERATIONS = (
    Operation("segment.apply", apply),
    Operation("segment.list", list_all),
    Operation("segment.count", count),
    Operation("segment.members", list_members),
    Operation("segment.explain", explain),
    Operation("segment.sql", write_sql),
    Operation("segment.delete", delete),
)
