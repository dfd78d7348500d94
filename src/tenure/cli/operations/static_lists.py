"""Static lists: made from a file or a segment, changed, deleted."""

from pathlib import Path
from typing import Any

from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"


def create(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, file (absolute path), column or None, title. Result: what became of the rows."""
    from tenure.events import api as events
    from tenure.segments.lists import api as lists

    events.wait_until_folded()
    return lists.create_list_from_file(
        arguments["name"],
        Path(arguments["file"]),
        ACTOR,
        title=arguments["title"],
        column=arguments["column"],
        progress=progress,
    ).as_dict()


def add(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, file (absolute path) or customers (identifiers), column or None. Result: what became of them."""
    from tenure.events import api as events
    from tenure.segments.lists import api as lists

    events.wait_until_folded()
    name = arguments["name"]
    if arguments["file"]:
        path = Path(arguments["file"])
        result = lists.add_file_to_list(name, path, ACTOR, arguments["column"], progress).as_dict()
    else:
        count, unknown = lists.add_identifiers(name, arguments["customers"], ACTOR)
        result = {"list": name, "added": count, "unknown": len(unknown), "unknown_values": list(unknown)}
    _follow()
    return result


def remove(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, customers (identifiers). Result: list, removed, unknown, unknown_values."""
    from tenure.segments.lists import api as lists

    count, unknown = lists.remove_identifiers(arguments["name"], arguments["customers"], ACTOR)
    _follow()
    return {
        "list": arguments["name"],
        "removed": count,
        "unknown": len(unknown),
        "unknown_values": list(unknown),
    }


def freeze(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, segment, title. Result: the list."""
    from tenure.events import api as events
    from tenure.segments.lists import api as lists

    events.wait_until_folded()
    return lists.freeze_segment(arguments["segment"], arguments["name"], ACTOR, arguments["title"]).as_dict()


def show(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: none. Result: lists: [{name, title, source, members, used_by, created_by, created_at}]."""
    from tenure.segments.lists import api as lists

    return {"lists": [one.as_dict() for one in lists.list_lists()]}


def delete(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Result: deleted (the name)."""
    from tenure.segments.lists import api as lists

    lists.delete_list(arguments["name"], ACTOR)
    return {"deleted": arguments["name"]}


def list_members(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, limit, out (absolute path of a .csv or .parquet, or None).

    Result: name, members (how many), customers: [id, ...] up to the limit; with out: out, rows.
    """
    from tenure.base.audit import record_audit
    from tenure.segments import api as segments
    from tenure.segments.lists import api as lists

    found = lists.get_list(arguments["name"])
    members = lists.build_list_members(found.id)
    if arguments["out"]:
        record_audit(ACTOR, "customers.exported", f"list {found.name}")
        rows = segments.write_customers(members, Path(arguments["out"]))
        return {"name": found.name, "members": found.member_count, "out": arguments["out"], "rows": rows}
    shown, _ = segments.list_identifiers(members, arguments["limit"])
    return {"name": found.name, "members": found.member_count, "customers": shown}


def _follow() -> None:
    """The segments that ask for a list are true before the command is over."""
    from tenure.segments import api as segments

    segments.current_engine().catch_up()


OPERATIONS = (
    Operation("list.create", create),
    Operation("list.add", add),
    Operation("list.remove", remove),
    Operation("list.freeze", freeze),
    Operation("list.show", show),
    Operation("list.members", list_members),
    Operation("list.delete", delete),
)
