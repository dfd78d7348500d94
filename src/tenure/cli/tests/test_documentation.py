"""The reference says what there is: settings, commands, operations, lake tables."""

import re
import runpy
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
REFERENCE = REPOSITORY / "docs" / "reference"

if not REFERENCE.is_dir():
    pytest.skip("the documentation is not beside this package", allow_module_level=True)


def test_every_setting_has_an_entry_and_every_entry_a_setting() -> None:
    source = (REPOSITORY / "src" / "tenure" / "config" / "environment.py").read_text()
    read = set(re.findall(r"TENURE_[A-Z_]+", source))
    described = set(
        re.findall(r"^\| `(TENURE_[A-Z_]+)`", (REFERENCE / "settings.md").read_text(), re.MULTILINE)
    )
    assert read == described


def test_the_generated_pages_are_current() -> None:
    script = runpy.run_path(str(REPOSITORY / "scripts" / "write_reference.py"))
    for path, text in script["build_pages"]().items():
        assert path.read_text() == text, f"{path.name}: run `make docs`"


def test_every_lake_table_and_column_is_described() -> None:
    from tenure.lake.schema import TABLES

    sections = (REFERENCE / "lake-tables.md").read_text().split("\n## ")[1:]
    described = {
        section.splitlines()[0]: set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
        for section in sections
    }
    assert set(described) == set(TABLES)
    same_as_main = {"customers_delta", "open_sessions"}
    for name in set(TABLES) - same_as_main:
        assert described[name] == set(TABLES[name]), name


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    reasons = (REFERENCE / "dependencies.md").read_text()
    for requirement in project["dependencies"]:
        name = re.split(r"[<>=;\[ ]", requirement)[0]
        assert re.search(rf"\b{re.escape(name)}\b", reasons), name


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    assert len(pages) > 20
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.endswith(".png"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_operations_are_named_once() -> None:
    from tenure.cli.operations import OPERATIONS

    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names) >= 12
    assert all(operation.run.__doc__ for operation in OPERATIONS)


def test_the_constraints_are_plain_pins() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[A-Za-z0-9.]+", pin) for pin in pins)
    assert {"duckdb==1.5.6", "sqlglot==30.10.0"} <= set(pins)
