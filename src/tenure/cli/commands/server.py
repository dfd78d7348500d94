"""`tenure serve` and `tenure demo`."""

import os
from typing import Annotated, Any

import typer

from tenure.cli import output
from tenure.cli.commands.options import AsJson

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]
DEFAULT_PORT = 8000


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
    app.command("serve")(serve)


def serve(host: Host = "127.0.0.1", port: Port = DEFAULT_PORT, as_json: AsJson = False) -> None:
    """Start Tenure. The first start creates the data folder and prints a sign-in."""
    from tenure.config.server import serve as run_server

    run_server(host, port, lambda note: output.show(note, as_json, _show_address))


def demo(
    customers: Annotated[
        int, typer.Option(min=1, max=5_000_000, help="How many customers the shop has.")
    ] = 20_000,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days the shop has been open.")] = 365,
    seed: Annotated[int, typer.Option(help="The same seed makes the same shop.")] = 1,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Only make the shop.")] = False,
    port: Port = DEFAULT_PORT,
    as_json: AsJson = False,
) -> None:
    """Make a simulated shop in the data folder, then serve it. The second time it starts at once."""
    os.environ["TENURE_SMTP_URL"] = "catcher"
    from tenure.cli.demo import make_demo

    with output.progress(as_json, "Making a simulated shop") as progress:
        made = make_demo(customers, days, seed, progress)
    if no_serve:
        output.show(made, as_json, _show_demo)
        return
    from tenure.config.server import serve as run_server

    run_server("127.0.0.1", port, lambda note: output.show({**made, **note}, as_json, _show_demo))


def _show_address(note: dict[str, Any]) -> None:
    output.say(f"Tenure runs at {note['address']}")
    if note.get("password"):
        output.say(f"Sign in as {note['email']} with the password {note['password']} (shown this once).")
    output.say("Stop it with Ctrl+C.")


def _show_demo(note: dict[str, Any]) -> None:
    output.say(
        f"A simulated shop with {note['customers']:,} customers over {note['days']:,} days, seed {note['seed']}."
    )
    if note.get("address"):
        output.say(f"Tenure runs at {note['address']}")
    output.say(f"Sign in as {note['email']} with the password {note['password']}")
    if note.get("address"):
        output.say("Stop it with Ctrl+C.")
