"""Segments over HTTP: made, shown, replaced, deleted, listed; and what is wrong is told with its place."""

from urllib.parse import quote

from tenure.base.models import AuditEntry
from tenure.segments.rest.tests.conftest import BUYERS, GERMANS

WRONG = [
    ("", "bad_json", "body"),
    ("{", "bad_json", "body"),
    ("[" * 100_000, "bad_json", "body"),
    ('{"name": NaN}', "bad_json", "body"),
    ('{"name": "a", "title": "\\ud83d"}', "bad_json", "body"),
    (b'{"name": "\xff"}', "bad_json", "body"),
    ({"name": "a", "rule": BUYERS, "title": "a\x00b"}, "bad_json", "body"),
    ("[]", "bad_json", "body"),
    ("3", "bad_json", "body"),
    ({}, "bad_segment", "name"),
    ({"name": "a"}, "bad_segment", "rule"),
    ({"name": "Not so", "rule": BUYERS}, "bad_segment", "name"),
    ({"name": "count", "rule": BUYERS}, "bad_segment", "name"),
    ({"name": "a'; DROP TABLE customers; --", "rule": BUYERS}, "bad_segment", "name"),
    ({"name": 3, "rule": BUYERS}, "bad_segment", "name"),
    ({"name": "a", "rule": BUYERS, "colour": 1}, "bad_segment", "colour"),
    ({"name": "a", "rule": []}, "bad_segment", "rule"),
    ({"name": "a", "rule": {}}, "bad_rule", "rule"),
    ({"name": "a", "rule": {"kind": "magic"}}, "bad_rule", "rule.kind"),
    ({"name": "a", "rule": {"all": [BUYERS, {**BUYERS, "window": {"days": "x"}}]}}, "bad_rule", "rule.all[1].window.days"),
    ({"name": "a", "rule": {**GERMANS, "operator": "one_of", "value": [str(n) for n in range(100_000)]}}, "bad_rule", "rule"),
    ({"name": "a", "rule": {"all": [BUYERS] * 1_000}}, "bad_rule", "rule.all[200]"),
    ({"name": "a", "rule": {"not": {"kind": "segment", "name": "nobody"}}}, "unknown_name", "rule.not"),
]  # fmt: skip


def test_what_is_wrong_is_told_with_its_place(marketer):
    for body, code, field in WRONG:
        error = marketer("POST", "/segments", body, 400)
        assert (error["code"], error["field"]) == (code, field), error
        assert len(error["message"]) < 600
    assert marketer("GET", "/segments")["segments"] == []


def test_a_segment_is_made_shown_replaced_and_deleted(marketer):
    made = marketer("POST", "/segments?wait=true", {"name": "buyers", "title": "Buyers", "rule": BUYERS}, 201)
    assert (made["members"], made["state"], made["version"], made["warnings"]) == (2, "built", 1, [])
    assert marketer("GET", "/segments/buyers") == made
    rule = {"all": [BUYERS, GERMANS]}
    changed = marketer("PUT", "/segments/buyers", {"rule": rule, "title": "Buyers"})
    assert (changed["version"], changed["definition"]["name"]) == (2, "buyers")
    assert changed["definition"]["rule"]["all"][1]["value"] == "DE"
    again = marketer("PUT", "/segments/buyers", changed["definition"])
    assert again["version"] == 2
    assert marketer("DELETE", "/segments/buyers") == {"name": "buyers"}
    assert marketer("GET", "/segments/buyers", status=404)["code"] == "no_such_segment"
    assert set(AuditEntry.objects.filter(verb__startswith="segment.").values_list("actor", flat=True)) == {
        "API key program"
    }


def test_without_waiting_the_answer_says_that_members_are_being_found(marketer):
    made = marketer("POST", "/segments", {"name": "buyers", "rule": BUYERS}, 201)
    assert made["state"] == "being computed"


def test_a_name_is_taken_once_and_kept(marketer):
    marketer("POST", "/segments", {"name": "buyers", "rule": BUYERS}, 201)
    assert marketer("POST", "/segments", {"name": "buyers", "rule": GERMANS}, 409)["code"] == "name_taken"
    error = marketer("PUT", "/segments/buyers", {"name": "others", "rule": BUYERS}, 400)
    assert (error["field"], "keeps its name, buyers" in error["message"]) == ("name", True)
    assert marketer("PUT", "/segments/buyer", {"rule": BUYERS}, 404)["message"].endswith(
        "Did you mean buyers?"
    )


def test_what_somebody_else_changed_is_not_written_over(marketer):
    marketer("POST", "/segments", {"name": "buyers", "rule": BUYERS}, 201)
    assert marketer("PUT", "/segments/buyers?version=1", {"rule": GERMANS})["version"] == 2
    error = marketer("PUT", "/segments/buyers?version=1", {"rule": BUYERS}, 409)
    assert (error["code"], error["field"]) == ("changed_meanwhile", "version")
    assert marketer("GET", "/segments/buyers")["definition"]["rule"]["value"] == "DE"
    assert marketer("PUT", "/segments/buyers?version=x", {"rule": BUYERS}, 400)["field"] == "version"


def test_names_that_the_data_does_not_have_are_warned_of(marketer):
    made = marketer("POST", "/segments", {"name": "odd", "rule": {"any": [GERMANS, {"kind": "event", "event": "Order Complete"}]}}, 201)  # fmt: skip
    assert made["warnings"] == [
        {
            "place": "rule.any[1]",
            "message": "No event “Order Complete” has been seen yet. Did you mean Order Completed?",
        }
    ]


def test_a_segment_in_use_is_not_deleted(marketer):
    marketer("POST", "/segments", {"name": "buyers", "rule": BUYERS}, 201)
    marketer(
        "POST", "/segments", {"name": "others", "rule": {"not": {"kind": "segment", "name": "buyers"}}}, 201
    )
    assert marketer("GET", "/segments/buyers")["used_by"] == ["others"]
    error = marketer("DELETE", "/segments/buyers", status=409)
    assert error["code"] == "segment_in_use"
    assert "used by others" in error["message"]


def test_a_circle_is_refused(marketer):
    marketer("POST", "/segments", {"name": "one", "rule": BUYERS}, 201)
    marketer("POST", "/segments", {"name": "two", "rule": {"kind": "segment", "name": "one"}}, 201)
    error = marketer("PUT", "/segments/one", {"rule": {"kind": "segment", "name": "two"}}, 400)
    assert error["code"] == "circle"
    assert "one -> two -> one" in error["message"] or "two -> one -> two" in error["message"]


def test_a_body_over_the_limit_is_too_large(marketer):
    body = {"name": "a", "rule": BUYERS, "description": "x" * 5_100_000}
    error = marketer("POST", "/segments", body, 413)
    assert (error["code"], error["field"]) == ("too_large", "body")


def test_quotes_in_values_are_values(marketer):
    escaped = {"kind": "attribute", "name": "plan", "value": "a\\u0000b"}
    assert marketer("POST", "/segments/count", {"rule": escaped})["count"] == 0
    rule = {"kind": "attribute", "name": "plan'; DROP TABLE customers; --", "value": "x' OR '1'='1"}
    made = marketer("POST", "/segments?wait=true", {"name": "odd", "rule": rule}, 201)
    assert (made["members"], made["state"]) == (0, "built")
    assert marketer("GET", "/segments/odd/count")["customers"] == 3


def test_a_name_that_nothing_has_is_said(marketer):
    marketer("POST", "/segments", {"name": "buyers", "rule": BUYERS}, 201)
    for name in ("nobody", "a'; DROP TABLE customers; --", "%00", "..", "Ünder", "x" * 5_000):
        for tail in ("", "/count", "/members", "/sql", "/history", "/explain?customer_id=ada"):
            error = marketer("GET", f"/segments/{quote(name)}{tail}", status=404)
            assert error["code"] == "no_such_segment"
            assert "There are buyers." in error["message"]
            assert len(error["message"]) < 300


def test_segments_are_listed_page_by_page(marketer):
    for name in ("a", "b", "c"):
        marketer("POST", "/segments", {"name": name, "rule": BUYERS}, 201)
    first = marketer("GET", "/segments?limit=2")
    assert [row["name"] for row in first["segments"]] == ["a", "b"]
    second = marketer("GET", f"/segments?limit=2&cursor={first['next_cursor']}")
    assert ([row["name"] for row in second["segments"]], second["next_cursor"]) == (["c"], None)
    for query, field in (("limit=0", "limit"), ("limit=many", "limit"), ("limit=1001", "limit")):
        error = marketer("GET", f"/segments?{query}", status=400)
        assert (error["code"], error["field"]) == ("bad_parameter", field)
        assert error["message"].startswith("limit: ")


def test_the_sql_is_for_this_lake_or_another_engine(marketer):
    marketer("POST", "/segments", {"name": "buyers", "rule": BUYERS}, 201)
    assert "SELECT" in marketer("GET", "/segments/buyers/sql")["sql"]
    for engine in ("duckdb", "postgresql", "clickhouse", "spark"):
        assert marketer("GET", f"/segments/buyers/sql?engine={engine}")["engine"] == engine
    error = marketer("GET", "/segments/buyers/sql?engine=oracle", status=400)
    assert (error["code"], error["field"]) == ("unknown_engine", "engine")
