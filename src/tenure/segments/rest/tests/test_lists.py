"""Static lists over HTTP."""

from tenure.segments.rest.tests.conftest import BUYERS

WRONG = [
    ("nothing", "bad_json", "body"),
    ({}, "bad_list", "name"),
    ({"name": "Not So"}, "bad_name", "name"),
    ({"name": 3}, "bad_list", "name"),
    ({"name": "a", "customers": "ada"}, "bad_list", "customers"),
    ({"name": "a", "customers": ["ada", 3]}, "bad_list", "customers[1]"),
    ({"name": "a", "customers": ["who"]}, "nobody_known", "customers"),
    ({"name": "a", "customers": ["x"] * 100_001}, "too_many_customers", "customers"),
    ({"name": "a", "customers": ["ada"], "segment": "b"}, "bad_list", "segment"),
    ({"name": "a", "colour": 1}, "bad_list", "colour"),
    ({"name": "a", "title": "x" * 121}, "bad_title", "title"),
]


def test_a_list_of_identifiers_is_made_changed_and_deleted(marketer):
    made = marketer(
        "POST",
        "/lists",
        {"name": "fair", "title": "Fair", "customers": ["ada", "bob@example.com", "who"]},
        201,
    )
    assert (made["members"], made["unknown_values"], made["created_by"]) == (2, ["who"], "API key program")
    assert marketer("GET", "/lists/fair")["members"] == 2
    assert [row["name"] for row in marketer("GET", "/lists")["lists"]] == ["fair"]
    added = marketer("POST", "/lists/fair/members", {"customers": ["cem", "ada"]})
    assert added == {"list": "fair", "added": 1, "unknown": 0, "unknown_values": []}
    first = marketer("GET", "/lists/fair/members?limit=2")
    assert (first["members"], len(first["customers"])) == (3, 2)
    rest = marketer("GET", f"/lists/fair/members?cursor={first['next_cursor']}")
    assert (len(rest["customers"]), rest["next_cursor"]) == (1, None)
    assert marketer("POST", "/lists/fair/members/remove", {"customers": ["ada", "x"]})["removed"] == 1
    assert b"bob" in marketer("GET", "/lists/fair/members?format=csv")
    assert marketer("DELETE", "/lists/fair") == {"deleted": "fair"}


def test_a_list_is_made_of_a_segment_or_empty(marketer):
    marketer("POST", "/segments?wait=true", {"name": "buyers", "rule": BUYERS}, 201)
    made = marketer("POST", "/lists", {"name": "frozen", "segment": "buyers"}, 201)
    assert (made["members"], made["source"]) == (2, "The segment buyers, frozen")
    assert marketer("POST", "/lists", {"name": "empty"}, 201)["members"] == 0


def test_a_list_in_use_is_not_deleted(marketer):
    marketer("POST", "/lists", {"name": "fair"}, 201)
    marketer("POST", "/segments", {"name": "guests", "rule": {"kind": "list", "name": "fair"}}, 201)
    error = marketer("DELETE", "/lists/fair", status=409)
    assert (error["code"], "used by guests" in error["message"]) == ("list_in_use", True)


def test_what_is_wrong_is_told_with_its_place(marketer):
    for body, code, field in WRONG:
        error = marketer("POST", "/lists", body, 400)
        assert (error["code"], error["field"]) == (code, field), error
    assert marketer("GET", "/lists")["lists"] == []


def test_names_that_nothing_has_are_said_with_the_nearest(marketer):
    marketer("POST", "/lists", {"name": "fair"}, 201)
    assert marketer("POST", "/lists", {"name": "fair"}, 409)["code"] == "name_taken"
    assert "Did you mean fair?" in marketer("GET", "/lists/fairs", status=404)["message"]
    assert marketer("POST", "/lists/none/members", {"customers": ["ada"]}, 404)["code"] == "no_such_list"
    assert (
        marketer("POST", "/lists/none/members/remove", {"customers": ["ada"]}, 404)["code"] == "no_such_list"
    )
    assert marketer("POST", "/lists", {"name": "new", "segment": "nobody"}, 404)["code"] == "no_such_segment"


def test_a_hundred_thousand_identifiers_are_taken_at_once(marketer):
    many = [f"c{number}" for number in range(99_999)]
    made = marketer("POST", "/lists", {"name": "many", "customers": [*many, "ada"]}, 201)
    assert (made["members"], made["unknown"]) == (1, 99_999)
