"""Exit codes, errors and the forms of `--map`."""

import json
import time

import pytest

from tenure.cli.commands.options import parse_mapping
from tenure.cli.main import spread_map_values
from tenure.cli.misuse import MisuseError
from tenure.cli.tests.conftest import Tenure

MISUSES = [
    ("rfm", "--bogus"),
    ("import", "orders"),
    ("import", "planets", "x.csv"),
    ("import", "orders", "missing.csv"),
    ("import", "orders", "orders.csv", "--map", "customer_id"),
    ("rfm", "--as-of", "yesterday"),
    ("rfm", "--preset", "missing.yaml"),
    ("rfm", "--customer", "who"),
    ("rfm", "--date-format", "DMY"),
    ("rfm", "orders.csv", "--date-format", "european"),
    ("rfm", "--out", "no/such/folder/out.csv"),
    ("user", "create", "a@example.com"),
    ("campaign", "send", "missing.yaml"),
    ("backup", "no/such/folder/b.tar"),
    ("restore", "missing.tar"),
    ("serve", "--port", "99999"),
]


@pytest.mark.parametrize("arguments", MISUSES, ids=" ".join)
def test_a_misuse_is_exit_code_2_and_a_json_error(
    tenure: Tenure, order_file: object, arguments: tuple[str, ...]
) -> None:
    outcome = tenure(*arguments, "--json")
    assert outcome.code == 2
    error = outcome.document["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["code"] and error["message"]


def test_an_error_for_people_goes_to_standard_error(tenure: Tenure) -> None:
    outcome = tenure("restore", "missing.tar")
    assert outcome.code == 2
    assert outcome.out == ""
    assert "missing.tar does not exist" in outcome.err


def test_a_failure_is_exit_code_1(tenure: Tenure) -> None:
    outcome = tenure("customer", "nobody", "--json")
    assert outcome.code == 1
    assert outcome.document["error"]["message"]


def test_help_is_quick_and_loads_no_framework(tenure: Tenure) -> None:
    began = time.monotonic()
    outcome = tenure("--help")
    assert outcome.code == 0
    assert "campaign" in outcome.out
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "given",
    [
        ["--map", "a=1", "b=2", "c=3"],
        ["--map", "a=1", "--map", "b=2", "--map", "c=3"],
        ["--map=a=1", "b=2", "--map", "c=3"],
    ],
)
def test_every_form_of_map_says_the_same(given: list[str]) -> None:
    spread = spread_map_values(["import", "orders", "FILE", *given, "--source", "x", "--json"])
    pairs = [text.removeprefix("--map=") for text in spread if "=" in text]
    assert parse_mapping(pairs) == {"a": "1", "b": "2", "c": "3"}
    assert sum(text.startswith("--map") for text in spread) == 3
    assert spread[-3:] == ["--source", "x", "--json"]


def test_a_value_after_another_option_is_left_alone() -> None:
    given = ["rfm", "FILE", "--amount", "a=b", "--map", "c=1", "file.csv", "d=2"]
    assert spread_map_values(given) == given


def test_a_field_mapped_twice_is_a_misuse() -> None:
    with pytest.raises(MisuseError, match="twice"):
        parse_mapping(["a=1", "a=2"])


def test_every_command_takes_json() -> None:
    import typer.main

    from tenure.cli.main import app

    def walk(group: object) -> list[object]:
        found = []
        for command in group.commands.values():  # type: ignore[attr-defined]
            found += walk(command) if hasattr(command, "commands") else [command]
        return found

    commands = walk(typer.main.get_command(app))
    assert len(commands) >= 14
    for command in commands:
        assert any("--json" in parameter.opts for parameter in command.params), command.name  # type: ignore[attr-defined]


def test_json_holds_amounts_and_moments() -> None:
    from datetime import UTC, date, datetime
    from decimal import Decimal

    from tenure.cli.output import encode

    values = [Decimal("4.10"), Decimal("4.00"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), date(2026, 1, 2)]
    assert json.loads(json.dumps(values, default=encode)) == [4.1, 4, "2026-01-02T03:04:05Z", "2026-01-02"]
