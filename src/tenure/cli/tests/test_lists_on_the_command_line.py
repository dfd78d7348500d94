"""`tenure list`: made from files and segments, changed, deleted."""

from pathlib import Path

import pytest

from tenure.cli.tests.conftest import Tenure
from tenure.cli.tests.test_segments_on_the_command_line import SEGMENTS, shop

__all__ = ["shop"]
AT_FAIR = "name: at-fair\nrule: {kind: list, name: fair}\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("name;who\nA;alice\nX;nobody\nB;bob\n")
    return path


def test_a_list_is_made_changed_and_deleted(shop: Tenure, people: Path, tmp_path: Path) -> None:
    made = shop("list", "create", "fair", "people.csv", "--json").document
    assert (made["column"], made["rows"], made["added"], made["unknown"]) == ("who", 3, 2, 1)
    assert made["unknown_lines"] == [{"line": 3, "value": "nobody"}]
    assert Path(made["unknown_file"]).read_text().splitlines()[1] == "3,nobody"
    (tmp_path / "at-fair.yaml").write_text(AT_FAIR)
    assert shop("segment", "apply", "at-fair.yaml", "--json").document["segments"][0]["members"] == 2
    assert shop("list", "add", "fair", "charlie", "--json").document["added"] == 1
    assert shop("segment", "list", "--json").document["segments"][0]["members"] == 3
    removed = shop("list", "remove", "fair", "alice", "zed", "--json").document
    assert (removed["removed"], removed["unknown_values"]) == (1, ["zed"])
    assert shop("list", "members", "fair", "--json").document["customers"] == ["bob", "charlie"]
    assert shop("list", "members", "fair", "--out", "fair.csv", "--json").document["rows"] == 2
    refused = shop("list", "delete", "fair", "--json").document["error"]
    assert refused["code"] == "list_in_use"
    shop("segment", "delete", "at-fair")
    assert shop("list", "delete", "fair").out == "Deleted fair.\n"
    assert "There are no lists yet" in shop("list", "show").out


def test_a_segment_is_frozen(shop: Tenure, tmp_path: Path) -> None:
    (tmp_path / "segments.yaml").write_text(SEGMENTS)
    shop("segment", "apply", "segments.yaml")
    assert shop("list", "freeze", "spenders", "spring").out == "spring: 1 member.\n"
    assert shop("list", "show", "--json").document["lists"][0]["source"] == "The segment spenders, frozen"
    assert shop("list", "add", "spring", "--json").code == 2
