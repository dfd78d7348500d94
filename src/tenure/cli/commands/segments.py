"""`tenure segment`: groups of customers, described in files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file
from tenure.cli.misuse import MisuseError

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a segment.")]


class Engine(StrEnum):
    DUCKDB = "duckdb"
    POSTGRESQL = "postgresql"
    CLICKHOUSE = "clickhouse"
    SPARK = "spark"


_FORMATS = (".csv", ".parquet")


def register(app: typer.Typer) -> None:
    segments = typer.Typer(help="Groups of customers by rules.", no_args_is_help=True)
    for name, command in (
        ("apply", apply), ("list", list_all), ("show", show), ("count", count), ("members", members),
        ("explain", explain), ("sql", sql), ("export", export), ("delete", delete),
    ):  # fmt: skip
        segments.command(name)(command)
    app.add_typer(segments, name="segment")


def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="One segment, or `segments:` with several.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and say what would change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Save the segments of a file, and find their members."""
    arguments = {"file": str(existing_file(file, "file")), "dry_run": dry_run}
    with output.progress(as_json, "Saving") as progress:
        result = dispatch.run("segment.apply", arguments, progress)
    output.show(result, as_json, _show_applied)


def list_all(as_json: AsJson = False) -> None:
    """The segments there are."""
    dispatch.require_data()
    output.show(dispatch.run("segment.list", {}), as_json, _show_list)


def show(name: Name, as_json: AsJson = False) -> None:
    """One segment: its rules, its members, what refers to it."""
    dispatch.require_data()
    output.show(dispatch.run("segment.show", {"name": name}), as_json, _show_one)


def count(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A segment, or a file that describes one.")
    ],
    as_json: AsJson = False,
) -> None:
    """How many customers a segment takes, and how many each of its conditions leaves."""
    dispatch.require_data()
    is_file = name.endswith((".yaml", ".yml", ".json"))
    arguments = {
        "name": None if is_file else name,
        "file": str(existing_file(Path(name), "name")) if is_file else None,
    }
    output.show(dispatch.run("segment.count", arguments), as_json, _show_count)


def members(
    name: Name,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write all of them to a .csv or .parquet file."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Who is in a segment now."""
    dispatch.require_data()
    result = dispatch.run("segment.members", {"name": name, "out": read_target(out), "limit": limit})
    output.show(result, as_json, show_members)


def read_target(out: Path | None) -> str | None:
    """The absolute path of a file to write members to. Errors: neither CSV nor Parquet; its folder is not there."""
    if out is None:
        return None
    if out.suffix not in _FORMATS:
        raise MisuseError("bad_format", f"{out.name}: write to a file that ends in .csv or .parquet.", "out")
    if not out.absolute().parent.is_dir():
        raise MisuseError("no_such_folder", f"{out.absolute().parent} does not exist.", "out")
    return str(out.absolute())


def explain(
    name: Name,
    customer: Annotated[
        str, typer.Option("--customer", metavar="ID", help="Any identifier of the customer.")
    ],
    as_json: AsJson = False,
) -> None:
    """Why a customer is in a segment, or not, rule by rule."""
    dispatch.require_data()
    result = dispatch.run("segment.explain", {"name": name, "customer": customer})
    output.show(result, as_json, _show_explained)


def sql(
    name: Name,
    engine: Annotated[
        Engine | None, typer.Option(help="For another engine than this lake's, over the documented tables.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The statement that finds the members of a segment."""
    dispatch.require_data()
    result = dispatch.run("segment.sql", {"name": name, "engine": engine.value if engine else None})
    output.show(result, as_json, lambda answer: output.say(answer["sql"]))


def export(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One segment. Default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Segments as a file that `tenure segment apply` takes."""
    dispatch.require_data()
    result = dispatch.run("segment.export", {"name": name})
    output.show(result, as_json, lambda answer: output.write(answer["yaml"]))


def delete(name: Name, as_json: AsJson = False) -> None:
    """Delete a segment that nothing refers to."""
    dispatch.require_data()
    result = dispatch.run("segment.delete", {"name": name})
    output.show(result, as_json, lambda answer: output.say(f"Deleted {answer['name']}."))


def _show_applied(result: dict[str, Any]) -> None:
    rows = [
        [row["name"], row["state"], None if row["members"] is None else f"{row['members']:,}"]
        for row in result["segments"]
    ]
    output.print_table(["Segment", "", ">Members"], rows)
    if result["dry_run"]:
        output.say("Nothing was saved.")
    for row in result["segments"]:
        _show_warnings(row["warnings"], f"{row['name']}, ")


def _show_warnings(warnings: list[dict[str, str]], before: str = "") -> None:
    for warning in warnings:
        output.say(f"{before}{warning['place']}: {warning['message']}")


def _show_one(result: dict[str, Any]) -> None:
    facts = [
        ["Segment", result["name"]],
        ["Title", result["title"] or None],
        ["Members", f"{result['members']:,}"],
        ["State", result["state"]],
        ["Version", f"{result['version']:,}"],
        ["Used by", ", ".join(result["used_by"]) or None],
    ]
    output.print_table(["", ""], facts)
    output.say(result["sentence"])
    _show_warnings(result["warnings"])


def _show_list(result: dict[str, Any]) -> None:
    if not result["segments"]:
        output.say("There are no segments yet. Describe some in a file: tenure segment apply FILE.yaml")
        return
    rows = [[row["name"], f"{row['members']:,}", row["state"], row["sentence"]] for row in result["segments"]]
    output.print_table(["Segment", ">Members", "", "Who"], rows)


def _show_count(result: dict[str, Any]) -> None:
    output.say(f"{result['count']:,} of {result['customers']:,} customers.")
    if len(result["steps"]) > 1:
        rows = [[step["sentence"], f"{step['own']:,}", f"{step['left']:,}"] for step in result["steps"]]
        output.print_table(["Condition", ">Meet it", ">Are left"], rows)
    _show_warnings(result["warnings"])


def show_members(result: dict[str, Any]) -> None:
    if "out" in result:
        output.say(f"{result['rows']:,} customers written to {result['out']}.")
        return
    for customer in result["customers"]:
        output.say(customer)
    if result["members"] > len(result["customers"]):
        output.say(f"... {result['members']:,} in all; --out FILE.csv writes everybody.")


def _show_explained(result: dict[str, Any]) -> None:
    output.say(f"{'In' if result['is_member'] else 'Not in'} {result['segment']}.")
    _show_reason(result["reason"], 0)


def _show_reason(reason: dict[str, Any], level: int) -> None:
    mark = "yes" if reason["holds"] else "no "
    found = [
        f"{one['label']} {'unknown' if one['value'] is None else one['value']}" for one in reason["findings"]
    ]
    value = f" ({', '.join(found)})" if found else ""
    output.say(f"{'  ' * level}{mark}  {reason['sentence']}{value}")
    for part in reason["parts"]:
        _show_reason(part, level + 1)
