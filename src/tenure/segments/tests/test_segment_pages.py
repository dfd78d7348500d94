"""The list of segments, one segment, and why somebody is in it."""

import io
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from tenure.base.models import AuditEntry
from tenure.segments.definitions.library import list_segments
from tenure.segments.models import SegmentDefinition
from tenure.segments.tests.page_people import NOW, find, save, store, tell
from tenure.web.tests.test_pages import find_faults

BUYERS = {"kind": "event", "event": "Order Completed"}
GERMANS = {"kind": "attribute", "name": "country", "value": "DE"}


def read(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    page = response.content.decode()
    if "<html" in page:
        assert find_faults(page) == [], path
    return page


@pytest.fixture
def buyers(people):
    save("buyers", BUYERS, title="Buyers", description="Everybody who bought.")
    save("germans", GERMANS)
    save("others", {"not": {"kind": "segment", "name": "buyers"}})
    store("buyers", ["ada", "cem"])
    store("germans", ["cem"])
    SegmentDefinition.objects.update(created_at=NOW - timedelta(days=40))


def test_before_there_is_any_the_examples_are_one_click_away(people, marketer, viewer):
    page = read(marketer, "/segments/")
    assert "No segment yet" in page
    assert 'href="/segments/new/?example=big-spenders"' in page
    assert "/segments/new/" not in read(viewer, "/segments/")


def test_the_list_says_size_change_state_and_use(buyers, viewer):
    page = read(viewer, "/segments/")
    row = page[page.index('href="/segments/buyers/"') :].split("</tr>")[0]
    assert ">2</td>" in row
    assert ">+2</td>" in row
    assert "up to date" in row
    assert 'href="/segments/others/"' in row
    assert "being computed" in page.split('href="/segments/others/"')[-1]
    assert "Did “Order Completed”<" in page


def test_a_broken_segment_says_why_and_the_others_stay(buyers, viewer):
    SegmentDefinition.objects.filter(name="germans").update(trouble="The list fair is gone.")
    page = read(viewer, "/segments/")
    assert "The list fair is gone." in page
    assert "The list fair is gone." in read(viewer, "/segments/germans/")


def test_the_page_of_a_segment_has_size_overlap_members_and_definition(buyers, viewer):
    page = read(viewer, "/segments/buyers/")
    assert '<div class="kpi-value">2</div>' in page
    assert "Members per day" in page
    assert "something happened" in page
    overlap = page[page.index("Overlap with other segments") :]
    assert '<td class="num">1 <span class="muted">of 1</span></td><td class="num">50%</td>' in overlap
    assert f'href="/customers/{find("ada")}/"' in page
    assert f'href="/customers/{find("bob")}/"' not in page
    assert "name: buyers" in page
    assert "SELECT" in page
    for href in ("/edit/", "/delete/", "?copy=", "members.csv"):
        assert href not in page


def test_members_are_searched(buyers, viewer):
    page = read(viewer, "/segments/buyers/members/?q=ada")
    assert f'href="/customers/{find("ada")}/"' in page
    assert f'href="/customers/{find("cem")}/"' not in page
    assert "No member matches." in read(viewer, "/segments/buyers/members/?q=%25%27&page=abc")


def test_members_are_exported_by_those_who_may_and_it_is_noted(buyers, marketer, viewer):
    tell("cem", name="=1+1")
    lines = b"".join(marketer.get("/segments/buyers/members.csv").streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["customer_id", "ada", "cem"]
    assert "'=1+1" in lines[2]
    data = b"".join(marketer.get("/segments/buyers/members.parquet").streaming_content)
    assert pq.read_table(io.BytesIO(data)).column("external_id").to_pylist() == ["ada", "cem"]
    empty = b"".join(marketer.get("/segments/others/members.parquet").streaming_content)
    assert pq.read_table(io.BytesIO(empty)).num_rows == 0
    assert AuditEntry.objects.filter(verb="customers.exported", subject="segment buyers, csv").count() == 1
    assert viewer.get("/segments/buyers/members.csv").status_code == 403


def test_a_segment_in_use_is_not_deleted(buyers, marketer, viewer):
    assert viewer.post("/segments/others/delete/").status_code == 403
    page = marketer.post("/segments/buyers/delete/", follow=True).content.decode()
    assert "buyers is used by others" in page
    marketer.post("/segments/others/delete/")
    assert marketer.post("/segments/buyers/delete/")["Location"] == "/segments/"
    assert [one.segment.name for one in list_segments()] == ["germans"]
    assert AuditEntry.objects.filter(verb="segment.deleted").count() == 2


def test_duplicating_opens_the_builder_with_a_copy(buyers, marketer):
    page = read(marketer, "/segments/new/?copy=buyers")
    assert 'value="Buyers (copy)"' in page
    assert 'value="Order Completed"' in page


def test_why_she_is_in_is_told_rule_by_rule(buyers, viewer):
    page = read(viewer, "/segments/buyers/why/?customer=ada@example.com")
    assert "Why is Ada in “Buyers”?" in page
    assert "In the segment" in page
    assert "Placed order 1" in page
    assert "<dt>how often</dt><dd>2</dd>" in page
    page = read(viewer, f"/segments/others/why/?customer={find('ada')}&by=id")
    assert "Why is Ada not in “others”?" in page
    assert "Is in the segment buyers" in page


def test_whoever_is_not_there_is_said(buyers, viewer):
    assert "No customer is known as" in read(viewer, "/segments/buyers/why/?customer=nobody")
    assert "There is no customer 99" in read(viewer, "/segments/buyers/why/?customer=99&by=id")
    for path in (
        "/segments/nothing/",
        "/segments/nothing/edit/",
        "/segments/nothing/why/",
        "/segments/%3Cb%3E/",
        "/segments/why/?segment=x&customer=1",
    ):
        response = viewer.get(path)
        assert response.status_code in (403, 404), path
        assert "<b>" not in response.content.decode().split("<h1>")[-1]


def test_the_page_of_a_customer_lists_her_segments_and_asks_about_the_others(buyers, viewer):
    page = read(viewer, f"/customers/{find('ada')}/")
    card = page[page.index("<h2>In segments</h2>") :].split("</section>")[0]
    assert 'href="/segments/buyers/"' in card
    assert f'href="/segments/buyers/why/?customer={find("ada")}&amp;by=id"' in card
    assert '<option value="germans">' in card
    answer = viewer.get(f"/segments/why/?segment=germans&customer={find('ada')}")
    assert answer["Location"] == f"/segments/germans/why/?customer={find('ada')}&by=id"


@pytest.mark.parametrize(
    "path",
    [
        "/segments/",
        "/segments/new/",
        "/segments/buyers/",
        "/segments/buyers/why/",
        "/segments/buyers/members.csv",
    ],
)
def test_charlie_who_is_not_signed_in_is_led_to_sign_in(client, db, path):
    assert client.get(path)["Location"].startswith("/sign-in/?next=")


def test_hostile_titles_and_names_stay_text(people, marketer):
    title = "<script>alert(1)</script>\"'"
    tell(
        "eve",
        ("Order Completed", 1, {"order_id": "<img src=x onerror=alert(1)>", "total": 5}),
        name="<script>alert(2)</script>",
    )
    save(
        "odd",
        {
            "kind": "event",
            "event": "Order Completed",
            "where": [{"property": "x'); DROP TABLE customers; --", "operator": "unknown"}],
        },
        title=title,
        description=title,
    )
    store("odd", ["eve"])
    for path in (
        "/segments/",
        "/segments/odd/",
        "/segments/odd/edit/",
        "/segments/odd/why/?customer=eve",
        f"/customers/{find('eve')}/",
    ):
        assert "<script>alert" not in read(marketer, path)
        assert "<img src=x" not in read(marketer, path)
