"""`tenure segment`: described in files, counted, listed, explained."""

from pathlib import Path

import pytest

from tenure.cli.tests.conftest import Tenure

SEGMENTS = """
segments:
  - name: loyal-spenders
    rule:
      all:
        - {kind: segment, name: spenders}
        - {kind: attribute, name: order_count, type: number, operator: at_least, value: 3}
  - name: spenders
    title: Spenders
    rule: {kind: attribute, name: revenue, type: number, operator: at_least, value: 50}
"""


@pytest.fixture
def shop(tenure: Tenure, order_file: Path, tmp_path: Path) -> Tenure:
    (tmp_path / "segments.yaml").write_text(SEGMENTS)
    columns = ("customer_id=who", "order_id=number", "ordered_at=day", "amount=sum")
    outcome = tenure("import", "orders", str(order_file), "--map", *columns, "--json")
    assert outcome.code == 0, outcome.out + outcome.err
    return tenure


def test_a_file_of_segments_is_applied_counted_explained_and_deleted(shop: Tenure, tmp_path: Path) -> None:
    applied = shop("segment", "apply", "segments.yaml", "--json")
    assert applied.code == 0, applied.out + applied.err
    rows = {row["name"]: row for row in applied.document["segments"]}
    assert (rows["spenders"]["state"], rows["spenders"]["members"]) == ("new", 1)
    assert rows["loyal-spenders"]["members"] == 1
    again = shop("segment", "apply", "segments.yaml", "--json").document["segments"]
    assert {row["state"] for row in again} == {"unchanged"}
    listed = shop("segment", "list", "--json").document["segments"]
    assert [(row["name"], row["members"], row["state"]) for row in listed] == [
        ("loyal-spenders", 1, "built"),
        ("spenders", 1, "built"),
    ]
    rule = "rule: {kind: attribute, name: order_count, type: number, operator: at_least, value: 3}"
    (tmp_path / "unnamed.yaml").write_text(rule)
    unnamed = shop("segment", "count", str(tmp_path / "unnamed.yaml"), "--json").document
    counted = shop("segment", "count", "loyal-spenders", "--json").document
    assert unnamed["customers"] == counted["customers"]
    assert (counted["count"], counted["customers"]) == (1, 3)
    assert [step["left"] for step in counted["steps"]] == [1, 1]
    assert shop("segment", "members", "spenders", "--json").document["customers"] == ["alice"]
    for name in ("who.csv", "who.parquet"):
        assert shop("segment", "members", "spenders", "--out", name, "--json").document["rows"] == 1
        assert (tmp_path / name).stat().st_size > 0
    why = shop("segment", "explain", "loyal-spenders", "--customer", "bob", "--json").document
    assert why["is_member"] is False
    assert "SELECT" in shop("segment", "sql", "spenders", "--json").document["sql"]
    refused = shop("segment", "delete", "spenders", "--json")
    assert refused.code == 1
    assert refused.document["error"]["code"] == "segment_in_use"
    assert shop("segment", "delete", "loyal-spenders", "--json").code == 0


def test_segments_go_to_a_file_and_back(shop: Tenure, tmp_path: Path) -> None:
    tried = shop("segment", "apply", "segments.yaml", "--dry-run", "--json").document
    assert [(row["name"], row["state"], row["members"]) for row in tried["segments"]] == [
        ("spenders", "new", None),
        ("loyal-spenders", "new", None),
    ]
    assert shop("segment", "list", "--json").document["segments"] == []
    shop("segment", "apply", "segments.yaml")
    shown = shop("segment", "show", "spenders", "--json").document
    assert shown["definition"]["rule"]["value"] == 50
    assert shown["used_by"] == ["loyal-spenders"]
    (tmp_path / "all.yaml").write_text(shop("segment", "export").out)
    again = shop("segment", "apply", "all.yaml", "--json").document["segments"]
    assert {(row["name"], row["state"]) for row in again} == {
        ("spenders", "unchanged"),
        ("loyal-spenders", "unchanged"),
    }
    assert shop("segment", "export", "spenders").out.startswith("name: spenders")
    assert (
        "toDecimal" in shop("segment", "sql", "spenders", "--engine", "clickhouse", "--json").document["sql"]
    )
    assert shop("segment", "sql", "spenders", "--engine", "oracle", "--json").code == 2


def test_names_that_nothing_has_are_warned_of_and_references_checked(shop: Tenure, tmp_path: Path) -> None:
    odd = "name: odd\nrule: {kind: event, event: Order Complete}\n"
    (tmp_path / "odd.yaml").write_text(odd)
    assert "Did you mean Order Completed" in shop("segment", "count", "odd.yaml").out
    (tmp_path / "bad.yaml").write_text(SEGMENTS + "  - {name: lost, rule: {kind: segment, name: spender}}\n")
    refused = shop("segment", "apply", "bad.yaml", "--json")
    assert (
        "lost: rule: there is no segment 'spender'. Did you mean spenders"
        in refused.document["error"]["message"]
    )
    assert shop("segment", "list", "--json").document["segments"] == []


def test_what_people_see_reads_well(shop: Tenure) -> None:
    assert "spenders" in shop("segment", "apply", "segments.yaml").out
    assert "1 of 3 customers." in shop("segment", "count", "spenders").out
    told = shop("segment", "explain", "loyal-spenders", "--customer", "charlie").out
    assert told.startswith("Not in loyal-spenders.")
    assert "order_count" in told


def test_a_bad_file_is_refused_with_the_place_and_nothing_is_saved(tenure: Tenure, tmp_path: Path) -> None:
    bad = SEGMENTS + "  - {name: odd, rule: {kind: event, event: Order Completed, window: {days: 0}}}\n"
    (tmp_path / "bad.yaml").write_text(bad)
    outcome = tenure("segment", "apply", "bad.yaml", "--json")
    assert outcome.code == 1
    assert "rule.window.days" in outcome.document["error"]["message"]
    assert tenure("segment", "members", "spenders", "--json").document["error"]["code"] == "no_such_segment"
    assert tenure("segment", "members", "spenders", "--out", "x.txt", "--json").code == 2
