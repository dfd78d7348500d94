"""The `tenure` command."""

import os
import sys
from typing import NoReturn

import typer

from tenure.base.errors import TenureError
from tenure.cli import output
from tenure.cli.commands import COMMAND_GROUPS
from tenure.cli.misuse import MisuseError

app = typer.Typer(
    name="tenure",
    help="Customer lifecycle management that starts with one command.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for register in COMMAND_GROUPS:
    register(app)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 fine, 1 failed, 2 misused."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    try:
        code = app(args=spread_map_values(given), prog_name="tenure", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except TenureError as error:
        output.show_error(error, as_json)
        sys.exit(getattr(error, "exit_code", 1))
    except typer.TyperException as error:
        if as_json:
            output.show_error(MisuseError("misused", error.format_message()), as_json)
        else:
            _show_misuse(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("TENURE_DEBUG") == "1":
            raise
        message = f"Unexpected error: {error or type(error).__name__}. Set TENURE_DEBUG=1 to see where."
        output.show_error(TenureError("internal", message), as_json)
        sys.exit(1)


def spread_map_values(arguments: list[str]) -> list[str]:
    """Give every `field=column` after one `--map` a `--map` of its own."""
    spread: list[str] = []
    in_map = False
    for argument in arguments:
        is_pair = "=" in argument and not argument.startswith("-")
        if in_map and is_pair and spread[-1] != "--map":
            spread.append("--map")
        elif not is_pair:
            in_map = argument == "--map" or argument.startswith("--map=")
        spread.append(argument)
    return spread


def _show_misuse(error: typer.TyperException) -> None:
    show = getattr(error, "show", None)
    if show is not None:
        show()
    else:
        sys.stderr.write(f"Error: {error.format_message()}\n")


if __name__ == "__main__":
    main()
