"""`tenure customer`: all that is known of one customer, and what is done to one."""

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson
from tenure.cli.misuse import MisuseError

WhoHelp = "Any identifier: user id, anonymous id or e-mail."
Who = Annotated[str, typer.Argument(metavar="ID", help=WhoHelp)]


class CustomerGroup(typer.core.TyperGroup):
    """`tenure customer ID` is `tenure customer show ID`, unless ID is the name of a command."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["show", *args]
        return super().parse_args(ctx, args)


group = typer.Typer(
    cls=CustomerGroup,
    help="All that is known of one customer: tenure customer ID. Merging, exporting and erasing customers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="customer")


@group.command("show")
def show(
    identifier: Who,
    events: Annotated[int, typer.Option(min=0, max=10_000, help="How many of the latest events.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The single customer view. `tenure customer ID` is short for it."""
    dispatch.require_data()
    result = dispatch.run("customer", {"identifier": identifier, "events": events})
    output.show(result, as_json, _show)


@group.command("merge")
def merge(
    identifier: Who,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who is the same person; any identifier.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only show what the merge would make.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make two customers one, because you know that they are one person. It can be undone."""
    dispatch.require_data()
    arguments = {"identifier": identifier, "other": other, "is_preview": preview}
    output.show(dispatch.run("customer-merge", arguments), as_json, _show_merge)


@group.command("unmerge")
def unmerge(
    merge_id: Annotated[
        int, typer.Argument(metavar="MERGE", help="The number of the merge; tenure customer ID lists them.")
    ],
    as_json: AsJson = False,
) -> None:
    """Undo a merge: both customers get their own history back, and no event merges them again."""
    dispatch.require_data()
    result = dispatch.run("customer-unmerge", {"merge": merge_id})
    output.show(result, as_json, _show_unmerge)


@group.command("export")
def export(
    identifier: Who,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to. Default: standard output.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that is known of one customer, as one JSON document."""
    dispatch.require_data()
    if out is not None:
        if not out.absolute().parent.is_dir():
            raise MisuseError("no_such_folder", f"The folder {out.absolute().parent} does not exist.", "out")
        result = dispatch.run("customer-export", {"identifier": identifier, "out": str(out.absolute())})
        output.show(
            result, as_json, lambda told: output.say(f"Wrote {told['bytes']:,} bytes to {told['out']}.")
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customer.json"
        dispatch.run("customer-export", {"identifier": identifier, "out": str(path)})
        sys.stdout.flush()
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


@group.command("erase")
def erase(
    identifier: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. What is erased cannot be had back.")] = False,
    as_json: AsJson = False,
) -> int:
    """Erase one customer from every store, and search for what is left: then the exit code is 1."""
    dispatch.require_data()
    if not yes:
        raise MisuseError("not_confirmed", "Erasing cannot be undone. Say --yes to do it.", "yes")
    with output.progress(as_json, "Erasing") as progress:
        result = dispatch.run("customer-erase", {"identifier": identifier}, progress)
    output.show(result, as_json, _show_receipt)
    return 1 if result["left"] else 0


def _show_receipt(result: dict[str, Any]) -> None:
    output.say(
        f"Receipt {result['receipt']}: erased by {result['by']} at {_moment(result['finished_at'])} UTC."
    )
    output.print_table(
        ["Where", ">Removed"], [[where, f"{n:,}"] for where, n in sorted(result["removed"].items())]
    )
    if result["left"]:
        output.say()
        output.print_table(
            ["Still there", "What", ">Places"],
            [[row["where"], row["kind"], row["count"]] for row in result["left"]],
        )
        output.say("See docs/how-to/erase-and-export.md for what to do about each.")
    else:
        output.say("Both stores and every file of the data folder were searched: nothing is left.")


def _show_merge(result: dict[str, Any]) -> None:
    sides = [result["surviving"], result["absorbed"], result["merged"]]
    facts = [
        ["Customer", *[side["customer_id"] for side in sides]],
        ["Orders", *[f"{side['orders']:,}" for side in sides]],
        ["Revenue", *[f"{side['revenue']:,.2f}" for side in sides]],
        ["Segment", *[side["segment"] for side in sides]],
        ["Unsubscribed", *[_moment(side["email_opted_out_at"]) for side in sides]],
    ]
    facts += [[t["name"], t["surviving"], t["absorbed"], t["merged"]] for t in result["traits"]]
    output.print_table(["", "Lives on", "Is merged", "Merged"], facts)
    if result["is_merged"]:
        output.say(f"Merged. To undo it: tenure customer unmerge {result['merge_id']}")
    else:
        output.say("Nothing was changed. Leave --preview out to merge them.")


def _show_unmerge(result: dict[str, Any]) -> None:
    output.say(f"{result['apart'][0]} and {result['apart'][1]} are two customers again.")
    output.say("No event merges them from now on; you still can, with tenure customer merge.")


def _show(result: dict[str, Any]) -> None:
    scores = result["rfm"]
    code = "".join(str(scores[letter]) for letter in "rfm") if scores["r"] else "none"
    traits = result["traits"]
    facts = [
        ["Customer", result["customer_id"]],
        ["Known as", ", ".join(value for values in result["identifiers"].values() for value in values)],
        [
            "Name",
            traits.get("name") or " ".join(filter(None, [traits.get("firstName"), traits.get("lastName")])),
        ],
        ["E-mail", traits.get("email")],
        ["Segment", f"{result['segment']} ({result['phase']})" if result["segment"] else None],
        ["RFM", code],
        ["Orders", f"{result['orders']:,}"],
        ["Revenue", f"{result['revenue']:,.2f}"],
        ["First order", _moment(result["first_order_at"])],
        ["Last order", _moment(result["last_order_at"])],
    ]
    facts += [
        [
            f"Merge {merge['id']}",
            f"{', '.join(merge['identifiers'][:3])}, {_moment(merge['merged_at'])}, {merge['reason']}",
        ]
        for merge in result["merges"]
    ]
    output.print_table(["", ""], [[name, value or None] for name, value in facts])
    if result["events"]:
        rows = [
            [_moment(event["timestamp"]), event["event"] or event["type"], _brief(event)]
            for event in result["events"]
        ]
        output.say()
        output.print_table(["When", "Event", "What"], rows)


def _moment(value: datetime | str | None) -> str | None:
    """To the second, in UTC: 2026-11-30 08:15:00."""
    if not value:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value.replace("Z", "+00:00"))
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _brief(event: dict[str, Any]) -> str:
    shown = {k: v for k, v in (event["properties"] or {}).items() if not isinstance(v, (dict, list))}
    return ", ".join(f"{name} {value}" for name, value in list(shown.items())[:4])
