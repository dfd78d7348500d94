"""`tenure customer`: all that is known of one customer."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson


def register(app: typer.Typer) -> None:
    app.command("customer")(customer)


def customer(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="Any identifier: user id, anonymous id or e-mail.")
    ],
    events: Annotated[int, typer.Option(min=0, max=10_000, help="How many of the latest events.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The single customer view."""
    dispatch.require_data()
    result = dispatch.run("customer", {"identifier": identifier, "events": events})
    output.show(result, as_json, _show)


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
