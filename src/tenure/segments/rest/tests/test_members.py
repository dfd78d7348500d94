"""Who is in a segment over HTTP: counted, paged, exported, explained, over time."""

import io

import pyarrow.parquet as pq
import pytest

from tenure.base.models import AuditEntry
from tenure.segments.rest.tests.conftest import BUYERS, GERMANS


@pytest.fixture
def buyers(marketer):
    marketer("POST", "/segments?wait=true", {"name": "buyers", "rule": BUYERS}, 201)
    return marketer


def test_a_rule_is_counted_unsaved_with_what_each_condition_leaves(viewer):
    counted = viewer(
        "POST", "/segments/count", {"rule": {"all": [GERMANS, {**BUYERS, "window": {"days": 5}}]}}
    )
    assert (counted["name"], counted["count"], counted["customers"]) == (None, 1, 3)
    assert [(step["own"], step["left"]) for step in counted["steps"]] == [(2, 2), (1, 1)]
    assert counted["warnings"] == []
    assert viewer("GET", "/segments")["segments"] == []
    error = viewer("POST", "/segments/count", {"rule": {"kind": "event"}}, 400)
    assert error["field"] == "rule.event"


def test_a_saved_segment_is_counted(buyers, viewer):
    counted = viewer("GET", "/segments/buyers/count")
    assert (counted["name"], counted["count"], len(counted["steps"])) == ("buyers", 2, 1)
    assert viewer("POST", "/segments/count", {"name": "buyers", "rule": BUYERS}) == counted


def test_members_come_page_by_page(buyers, viewer):
    first = viewer("GET", "/segments/buyers/members?limit=1")
    assert (first["customers"], first["members"]) == (["ada"], 2)
    second = viewer("GET", f"/segments/buyers/members?limit=1&cursor={first['next_cursor']}")
    assert (second["customers"], second["next_cursor"]) == (["cem"], None)
    for query, field in (
        ("cursor=abc", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("limit=10001", "limit"),
        ("format=xml", "format"),
    ):
        assert viewer("GET", f"/segments/buyers/members?{query}", status=400)["field"] == field


def test_everybody_is_exported_by_those_who_may_and_it_is_noted(buyers, viewer):
    lines = buyers("GET", "/segments/buyers/members?format=csv").decode().splitlines()
    assert buyers.last["Content-Disposition"].endswith('.csv"')
    assert [line.split(",")[0] for line in lines] == ["customer_id", "ada", "cem"]
    table = pq.read_table(io.BytesIO(buyers("GET", "/segments/buyers/members?format=parquet")))
    assert table.column("external_id").to_pylist() == ["ada", "cem"]
    noted = AuditEntry.objects.filter(verb="customers.exported").values_list("actor", "subject")
    assert set(noted) == {
        ("API key program", "segment buyers, csv"),
        ("API key program", "segment buyers, parquet"),
    }
    assert viewer("GET", "/segments/buyers/members?format=csv", status=403)["code"] == "missing_role"


def test_an_empty_segment_is_an_empty_file(marketer):
    rule = {"kind": "event", "event": "Never Happened"}
    marketer("POST", "/segments?wait=true", {"name": "nobody", "rule": rule}, 201)
    assert pq.read_table(io.BytesIO(marketer("GET", "/segments/nobody/members?format=parquet"))).num_rows == 0
    assert marketer("GET", "/segments/nobody/members")["customers"] == []


def test_why_somebody_is_in_or_not(buyers, viewer):
    why = viewer("GET", "/segments/buyers/explain?customer_id=ada@example.com")
    assert (why["is_member"], why["reason"]["holds"], why["reason"]["place"]) == (True, True, "rule")
    assert why["reason"]["evidence"]
    assert viewer("GET", "/segments/buyers/explain?customer_id=bob")["is_member"] is False
    error = viewer("GET", "/segments/buyers/explain?customer_id=nobody", status=404)
    assert error["code"] == "no_such_customer"
    assert viewer("GET", "/segments/buyers/explain", status=400)["field"] == "customer_id"
    assert viewer("GET", "/segments/buyers/explain?customer_id=%00'--", status=404)


def test_the_size_over_time_ends_with_what_it_is_now(buyers, viewer):
    told = viewer("GET", "/segments/buyers/history?days=2")
    assert [(day["day"], day["members"], day["entered"]) for day in told["days"]] == [
        ("2026-05-18", 0, 0),
        ("2026-05-19", 0, 0),
        ("2026-05-20", 2, 2),
    ]
    assert viewer("GET", "/segments/buyers/history?days=400", status=400)["field"] == "days"
