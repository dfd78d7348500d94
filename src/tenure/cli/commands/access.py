"""`tenure user` and `tenure key`: who may sign in, who may send events, and which programs may use the API."""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from tenure.cli import dispatch, output
from tenure.cli.commands.options import AsJson
from tenure.cli.misuse import MisuseError


class Role(StrEnum):
    VIEWER = "viewer"
    MARKETER = "marketer"
    ADMIN = "admin"


def register(app: typer.Typer) -> None:
    users = typer.Typer(help="Who may sign in.", no_args_is_help=True)
    users.command("create")(create_user)
    keys = typer.Typer(help="Write keys for the tracking API, and API keys.", no_args_is_help=True)
    for command_name, command in (("create", create_key), ("list", list_keys), ("revoke", revoke_key)):
        keys.command(command_name)(command)
    app.add_typer(users, name="user")
    app.add_typer(keys, name="key")


def create_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address to sign in with.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    role: Annotated[
        Role | None,
        typer.Option(help="What they may do. Default: the first user is an admin, others are marketers."),
    ] = None,
    name: Annotated[str, typer.Option(help="Their name, as shown to the team.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a user."""
    arguments = {
        "email": email,
        "password": _read_password(password_stdin),
        "role": role.value if role else None,
        "name": name,
    }
    result = dispatch.run("user.create", arguments)
    output.show(result, as_json, lambda r: output.say(f"{r['email']} may sign in as {r['role']}."))


def create_key(
    name: Annotated[str, typer.Option(help="What the key is for; events keep it as their source.")] = "site",
    role: Annotated[
        Role | None,
        typer.Option(help="Make an API key that may do what this role may, instead of a write key."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a write key for the tracking API, or with --role an API key. It is shown this once."""
    result = dispatch.run("key.create", {"name": name, "role": role.value if role else None})
    output.show(result, as_json, lambda r: output.say(r["key"]))


def list_keys(as_json: AsJson = False) -> None:
    """The keys there are: how each starts, never the key itself."""
    dispatch.require_data()
    output.show(dispatch.run("key.list", {}), as_json, _show_keys)


def revoke_key(
    start: Annotated[str, typer.Argument(metavar="START", help="How the key starts, as the list shows it.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key: calls with it are refused from now on."""
    dispatch.require_data()
    result = dispatch.run("key.revoke", {"start": start})
    output.show(result, as_json, lambda r: output.say(f"Revoked {r['name']} ({r['start']}…)."))


def _show_keys(result: dict[str, Any]) -> None:
    if not result["keys"]:
        output.say("There are no keys yet. tenure key create makes one.")
        return
    rows = [
        [
            key["start"],
            key["name"],
            f"API, {key['role']}" if key["role"] else "write",
            "revoked" if key["revoked_at"] else "active",
        ]
        for key in result["keys"]
    ]
    output.print_table(["Starts with", "Name", "Kind", ""], rows)


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        raise MisuseError(
            "no_password", "Give the password on standard input with --password-stdin.", "password"
        )
    if not password:
        raise MisuseError(
            "no_password", "The password is empty. Send one line on standard input.", "password"
        )
    return password
