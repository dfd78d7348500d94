"""`tenure list`: lists of customers that change only by hand."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.base.words import count_of
from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson, existing_file
from tenure.cli.commands.segments import read_target, show_members
from tenure.cli.misuse import MisuseError

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a list.")]
Column = Annotated[
    str | None,
    typer.Option(
        metavar="COL", help="The column with ids or addresses, by heading or position. Found by itself."
    ),
]
Title = Annotated[str, typer.Option(help="What the list is called on pages.")]


def register(app: typer.Typer) -> None:
    lists = typer.Typer(help="Lists of customers that change only by hand.", no_args_is_help=True)
    for name, command in (
        ("create", create), ("freeze", freeze), ("show", show), ("members", members), ("add", add), ("remove", remove),
        ("delete", delete),
    ):  # fmt: skip
        lists.command(name)(command)
    app.add_typer(lists, name="list")


def create(
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A delimited text file with user ids, anonymous ids or e-mails."),
    ],
    column: Column = None,
    title: Title = "",
    as_json: AsJson = False,
) -> None:
    """Make a list of the customers whom a file names."""
    arguments = {
        "name": name,
        "file": str(existing_file(file, "file")),
        "column": column,
        "title": title,
    }
    with output.progress(as_json, f"Reading {file.name}") as progress:
        result = dispatch.run("list.create", arguments, progress)
    output.show(result, as_json, _show_file)


def freeze(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="The segment whose members it keeps.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the new list.")],
    title: Title = "",
    as_json: AsJson = False,
) -> None:
    """Make a list of everybody who is in a segment now."""
    dispatch.require_data()
    result = dispatch.run("list.freeze", {"segment": segment, "name": name, "title": title})
    output.show(
        result, as_json, lambda made: output.say(f"{made['name']}: {count_of(made['members'], 'member')}.")
    )


def show(as_json: AsJson = False) -> None:
    """The lists there are."""
    dispatch.require_data()
    output.show(dispatch.run("list.show", {}), as_json, _show_lists)


def members(
    name: Name,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write all of them to a .csv or .parquet file."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Who is on a list."""
    dispatch.require_data()
    result = dispatch.run("list.members", {"name": name, "out": read_target(out), "limit": limit})
    output.show(result, as_json, show_members)


def add(
    name: Name,
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="User ids, anonymous ids or e-mails.")
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="A file that names them.")] = None,
    column: Column = None,
    as_json: AsJson = False,
) -> None:
    """Put customers on a list, one by one or from a file."""
    if bool(customers) == bool(file):
        raise MisuseError(
            "nobody_named", "Name customers, or give a --file with them; one of both.", "customers"
        )
    arguments = {
        "name": name,
        "customers": customers or [],
        "file": str(existing_file(file, "file")) if file else None,
        "column": column,
    }
    dispatch.require_data()
    result = dispatch.run("list.add", arguments)
    output.show(result, as_json, _show_file if file else _show_added)


def remove(
    name: Name,
    customers: Annotated[
        list[str], typer.Argument(metavar="ID...", help="User ids, anonymous ids or e-mails.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take customers off a list."""
    dispatch.require_data()
    result = dispatch.run("list.remove", {"name": name, "customers": customers})
    output.show(result, as_json, _show_added)


def delete(name: Name, as_json: AsJson = False) -> None:
    """Delete a list that no segment asks for."""
    dispatch.require_data()
    result = dispatch.run("list.delete", {"name": name})
    output.show(result, as_json, lambda answer: output.say(f"Deleted {answer['deleted']}."))


def _show_file(result: dict[str, Any]) -> None:
    output.say(
        f"{count_of(result['rows'], 'row')} read from the column “{result['column']}”: {result['added']:,} added, "
        f"{result['repeated']:,} on it already, {result['empty']:,} empty, {result['unknown']:,} of nobody."
    )
    for one in result["unknown_lines"]:
        output.say(f"  line {one['line']:,}: {one['value']}")
    if result["unknown"] > len(result["unknown_lines"]):
        output.say(f"  ... all of them: {result['unknown_file']}")


def _show_added(result: dict[str, Any]) -> None:
    verb = "added" if "added" in result else "removed"
    output.say(f"{result[verb]:,} {verb}.")
    for value in result["unknown_values"]:
        output.say(f"Nobody is known as {value}.")


def _show_lists(result: dict[str, Any]) -> None:
    if not result["lists"]:
        output.say("There are no lists yet. Make one: tenure list create NAME FILE")
        return
    rows = [
        [one["name"], f"{one['members']:,}", one["source"], ", ".join(one["used_by"]) or None]
        for one in result["lists"]
    ]
    output.print_table(["List", ">Members", "From", "Used by"], rows)
