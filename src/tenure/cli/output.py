"""What a command shows: one JSON document, or short text and tables for people."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tenure.base.errors import TenureError
from tenure.base.json_text import encode
from tenure.cli.operations.operation import Progress, be_quiet


def print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, default=encode, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def show(result: dict[str, Any], as_json: bool, human: Callable[[dict[str, Any]], None]) -> None:
    """Show a result: as one JSON document, or by `human`."""
    if as_json:
        print_json(result)
    else:
        human(result)


def show_error(error: TenureError, as_json: bool) -> None:
    """An error goes to standard output as JSON, or to standard error for people."""
    if as_json:
        print_json({"error": error.as_dict()})
        return
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True).print(Text.assemble(("Error: ", "bold red"), error.message))


def say(text: str = "") -> None:
    """A line for people, without markup."""
    from rich.console import Console
    from rich.text import Text

    Console(soft_wrap=True).print(Text(text))


def write(text: str) -> None:
    """Text as it is, for files and pipes."""
    sys.stdout.write(text)
    sys.stdout.flush()


def print_table(columns: list[str], rows: list[list[Any]], title: str | None = None) -> None:
    """A table for people; numbers are right aligned. A column named with a leading `>` is right aligned."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title,
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
        show_header=any(columns),
    )
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    for row in rows:
        table.add_row(*[Text("–" if cell is None else str(cell)) for cell in row])
    Console().print(table)


@contextmanager
def progress(as_json: bool, start: str) -> Iterator[Progress]:
    """A progress bar on standard error while people watch; nothing where a program reads."""
    if as_json or not sys.stderr.isatty():
        yield be_quiet
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()]
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(start, total=None)

        def report(share: float | None, message: str) -> None:
            bars.update(
                task,
                description=message or start,
                total=None if share is None else 1.0,
                completed=share or 0.0,
            )

        yield report
