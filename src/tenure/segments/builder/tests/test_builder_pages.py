"""Building a segment with nothing but forms: what a browser sends, what comes back."""

import html
import re

import pytest

from tenure.segments.builder.drafts import load_draft, make_rule
from tenure.segments.builder.examples import list_examples
from tenure.segments.definitions.definition import parse_segment
from tenure.segments.definitions.library import get_segment, list_segments
from tenure.segments.rules import BY_NAME, KINDS
from tenure.segments.rules.parsing import parse_rules
from tenure.segments.tests.page_people import find, save, store

BOUGHT = {"kind": "event", "event": "Order Completed", "window": {"days": 30}}


def read_form(page: str) -> dict[str, list[str]]:
    """What a browser would send of the builder's form, without a button."""
    form = page[page.index('id="builder"') :] if 'id="builder"' in page else page
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        if "name" in attributes:
            found.setdefault(attributes["name"], []).append(html.unescape(attributes.get("value", "")))
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body) or re.search(
            r'<option value="([^"]*)"', body
        )
        found[name] = [html.unescape(chosen[1])] if chosen else [""]
    for name, body in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found.setdefault(name, []).append(html.unescape(body))
    return found


def press(client, form: dict[str, list[str]], do: str, path: str = "/segments/new/") -> tuple[int, str]:
    response = client.post(path, {**form, "do": do})
    return response.status_code, response.content.decode()


def audience(page: str) -> str:
    return re.search(r'class="audience"[^>]*><b>([^<]*)</b>', page)[1]


def test_a_segment_is_built_from_nothing_counted_and_saved(people, marketer):
    page = marketer.get("/segments/new/").content.decode()
    _, page = press(marketer, read_form(page), "add:r:event")
    assert "Fill in: event. Not counted yet." in page
    form = read_form(page)
    form["r.0:event"], form["r.0:window.shape"] = ["Order Completed"], ["days"]
    _, page = press(marketer, form, "look")
    assert audience(page) == "1"
    assert "of 3 customers" in page
    form = read_form(page) | {"title": ["Recent buyers"]}
    assert form["r.0:window.length"] == ["30"]
    response = marketer.post("/segments/new/", {**form, "do": "save"})
    assert response["Location"] == "/segments/recent-buyers/"
    assert get_segment("recent-buyers").segment.node == parse_rules({"all": [BOUGHT]})


def test_htmx_gets_the_tree_the_count_and_the_people(people, marketer):
    form = {"r:word": "all", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "Order Completed"}
    tree = marketer.post(
        "/segments/build/tree/", {**form, "do": "add:r:reachable"}, headers={"HX-Request": "true"}
    )
    assert tree["HX-Trigger-After-Swap"] == "rebuilt"
    assert tree.content.decode().lstrip().startswith('<div class="stack" id="tree">')
    filled = read_form(tree.content.decode())
    assert filled["r.1:channel"] == ["email"]
    count = marketer.post("/segments/build/count/", filled, headers={"HX-Request": "true"}).content.decode()
    assert audience(count) == "1"
    assert "Drop-off" in count
    assert 'id="r-0-said" role="status" hx-swap-oob="innerHTML"' in count
    found = marketer.post("/segments/build/people/", filled, headers={"HX-Request": "true"}).content.decode()
    assert f'href="/customers/{find("ada")}/"' in found
    assert "The query in SQL" in found


def test_saving_says_who_enters_and_who_leaves(people, marketer):
    save("buyers", {"kind": "event", "event": "Order Completed"})
    store("buyers", ["ada", "bob"])
    form = read_form(marketer.get("/segments/buyers/edit/").content.decode())
    found = marketer.post("/segments/build/people/", form).content.decode()
    entering, leaving = found.split("Leaving")
    assert f'href="/customers/{find("cem")}/"' in entering
    assert f'href="/customers/{find("bob")}/"' in leaving.split("Some of them")[0]


def test_a_wrong_rule_is_marked_and_nothing_is_saved(people, marketer):
    form = {
        "title": "Wrong", "r:word": "all", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "Order Completed",
        "r.1:kind": "score", "r.1:was": "score", "r.1:dimension": "r", "r.1:bound.op": "at_least", "r.1:bound.number": "many",
    }  # fmt: skip
    status, page = press(marketer, form, "save")
    assert status == 400
    assert "&#x27;many&#x27; is not a number" in page.split('id="r-1-said"')[1][:300]
    assert "not a number" not in page.split('id="r-0-said"')[1].split('id="r-1-said"')[0]
    assert list_segments() == []


def test_unknown_names_are_warned_of_with_the_nearest(people, marketer):
    form = {"r:word": "all", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "Order Complete"}
    page = marketer.post("/segments/build/count/", form, headers={"HX-Request": "true"}).content.decode()
    assert "Did you mean Order Completed" in page


def test_groups_nest_and_rules_move_in_and_out_of_them(people, marketer):
    form = {
        "r:word": "all", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "A",
        "r.1:word": "none", "r.1.0:kind": "event", "r.1.0:was": "event", "r.1.0:event": "B",
    }  # fmt: skip
    _, page = press(marketer, form, "down:r.0")
    moved = read_form(page)
    assert (moved["r.0:word"], moved["r.0.0:event"], moved["r.0.1:event"]) == (["none"], ["A"], ["B"])
    _, page = press(marketer, moved, "up:r.0.0")
    assert read_form(page)["r.0:event"] == ["A"]
    _, page = press(marketer, moved, "copy:r.0.1")
    assert read_form(page)["r.0.2:event"] == ["B"]
    _, page = press(marketer, moved, "remove:r.0")
    assert "r.0:word" not in read_form(page)


def test_none_of_these_is_a_negation(people, marketer):
    form = {
        "title": "Not buyers", "r:word": "none", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "Order Completed",
        "r.1:kind": "event", "r.1:was": "event", "r.1:event": "Never Happened",
    }  # fmt: skip
    assert press(marketer, form, "save")[0] == 302
    data = get_segment("not-buyers").segment.as_data()["rule"]
    assert [one["event"] for one in data["not"]["any"]] == ["Order Completed", "Never Happened"]


@pytest.mark.parametrize("kind", [kind.model_fields["kind"].default for kind in KINDS])
def test_every_kind_goes_through_its_form_unchanged(people, marketer, kind):
    """Each example is drawn as a form, sent as a browser would, and saved as it was."""
    save("big-spenders", {"kind": "attribute", "name": "email", "operator": "known"})
    from tenure.segments.models import StaticList
    from tenure.segments.tests.page_people import NOW

    StaticList.objects.create(
        name="trade-fair-2026", title="Fair", source="test", created_by="test", created_at=NOW
    )
    for example in BY_NAME[kind].examples:
        again = {key: value for key, value in example.items() if key != "campaign"}
        save("asked", {"all": [again]}, title="Asked")
        form = read_form(marketer.get("/segments/asked/edit/").content.decode())
        status, page = press(marketer, form, "save", "/segments/asked/edit/")
        assert status == 302, re.findall(r'class="(?:bad|error)"[^>]*>([^<]*)', page)
        assert get_segment("asked").segment.node == parse_rules({"all": [again]})


@pytest.mark.parametrize("kind", [kind.model_fields["kind"].default for kind in KINDS])
def test_every_kind_has_a_form_that_opens_empty(people, marketer, kind):
    assert BY_NAME[kind].form
    assert make_rule(kind).data["kind"] == kind
    status, page = press(marketer, {"r:word": "all"}, f"add:r:{kind}")
    assert status == 200
    assert html.escape(BY_NAME[kind].note, quote=True) in page


def test_changing_the_kind_keeps_what_both_have(people, marketer):
    form = {
        "r:word": "all",
        "r.0:kind": "total",
        "r.0:was": "event",
        "r.0:event": "Order Completed",
        "r.0:window.shape": "days",
        "r.0:window.length": "7",
    }
    _, page = press(marketer, form, "look")
    changed = read_form(page)
    assert (changed["r.0:event"], changed["r.0:window.length"]) == (["Order Completed"], ["7"])


def test_the_type_of_a_known_attribute_is_set_by_itself(people, marketer):
    form = {
        "r:word": "all",
        "r.0:kind": "attribute",
        "r.0:was": "attribute",
        "r.0:name": "revenue",
        "r.0:.operator": "contains",
        "r.0:.type": "text",
        "r.0:.value": "5",
    }
    changed = read_form(press(marketer, form, "look")[1])
    assert (changed["r.0:.type"], changed["r.0:.operator"]) == (["number"], ["equals"])


def test_conditions_on_properties_come_and_go(people, marketer):
    form = {"r:word": "all", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "Product Viewed"}
    _, page = press(marketer, form, "more:r.0:where")
    assert '<option value="price">' in page
    added = read_form(page)
    added |= {
        "r.0:where.0.property": ["price"],
        "r.0:where.0.type": ["number"],
        "r.0:where.0.operator": ["at_least"],
        "r.0:where.0.value": ["5"],
    }
    assert audience(press(marketer, added, "look")[1]) == "1"
    _, page = press(marketer, added, "drop:r.0:where:0")
    assert "r.0:where.0.property" not in read_form(page)


def test_examples_open_in_the_builder(people, marketer):
    for example in list_examples():
        page = marketer.get(f"/segments/new/?example={example.name}")
        assert page.status_code == 200
        assert example.title in page.content.decode()
        assert load_draft(example.rule).parts


def test_somebody_else_changed_it_meanwhile(people, marketer):
    save("buyers", {"kind": "event", "event": "Order Completed"}, title="Buyers")
    form = read_form(marketer.get("/segments/buyers/edit/").content.decode())
    save("buyers", {"kind": "event", "event": "Product Viewed"}, title="Buyers")
    status, page = press(marketer, form, "save", "/segments/buyers/edit/")
    assert status == 400
    assert "Somebody else changed this segment" in page


def test_a_name_that_is_taken_or_none_is_said(people, marketer):
    save("buyers", {"kind": "event", "event": "Order Completed"})
    form = {"r:word": "all", "r.0:kind": "reachable", "r.0:was": "reachable", "r.0:channel": "email"}
    assert "Give it a title." in press(marketer, form, "save")[1]
    assert "There is a segment buyers already" in press(marketer, {**form, "title": "Buyers"}, "save")[1]
    assert "is the address of a page" in press(marketer, {**form, "title": "New"}, "save")[1]


HOSTILE = "</textarea><script>alert('x')</script>\"'; DROP TABLE events; --"


@pytest.mark.parametrize("kind", ["event", "attribute", "total", "bought", "consent", "stage", "segment"])
def test_hostile_text_stays_text(people, marketer, kind):
    names = {
        name: [HOSTILE]
        for name in ("event", "name", "property", "value", "purpose", "model", "stages", "trait")
    }
    form = {
        "title": [HOSTILE],
        "r:word": ["all"],
        "r.0:kind": [kind],
        "r.0:was": [kind],
        "r.0:.value": [HOSTILE],
    }
    form |= {f"r.0:{name}": value for name, value in names.items()}
    for path in (
        "/segments/new/",
        "/segments/build/tree/",
        "/segments/build/count/",
        "/segments/build/people/",
    ):
        response = marketer.post(path, {**form, "do": "look"})
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()
    saved = marketer.post("/segments/new/", {**form, "do": "save"})
    if saved.status_code == 302:
        page = marketer.get(saved["Location"]).content.decode()
        assert "<script>alert" not in page


@pytest.mark.parametrize(
    "do",
    [
        "remove:r",
        "remove:r.9",
        "add:r:nothing",
        "up:x",
        "more:r.0:event",
        "drop:r.0:where:z",
        "boo",
        "add:r.0.0.0:event",
    ],
)
def test_a_button_that_is_not_there_does_no_harm(people, marketer, do):
    form = {"r:word": "all", "r.0:kind": "event", "r.0:was": "event", "r.0:event": "A"}
    answer = marketer.post("/segments/build/tree/", {**form, "do": do})
    assert answer.status_code == 200
    assert "Reload the page" in answer.content.decode()
    assert marketer.post("/segments/new/", {**form, "do": do}).status_code == 400


def test_charlie_may_not_build(people, viewer):
    save("buyers", {"kind": "event", "event": "Order Completed"})
    for path in ("/segments/new/", "/segments/buyers/edit/"):
        assert viewer.get(path).status_code == 403
    for path in ("tree", "count", "people"):
        assert viewer.post(f"/segments/build/{path}/", {"r:word": "all"}).status_code == 403


def test_too_much_for_one_segment_is_refused(people, marketer):
    deep = {"r:word": "all"} | {"r" + ".0" * n + ":word": "any" for n in range(1, 30)}
    assert marketer.post("/segments/build/count/", deep).status_code == 400
    parse_segment({"name": "still-works", "rule": {"kind": "reachable", "channel": "sms"}})
