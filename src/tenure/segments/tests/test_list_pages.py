"""Static lists on pages: made from a file or a segment, changed by hand, deleted when nothing asks for them."""

from django.core.files.uploadedfile import SimpleUploadedFile

from tenure.segments.lists import api as lists
from tenure.segments.tests.page_people import save, store
from tenure.web.tests.test_pages import find_faults

BUYERS = {"kind": "event", "event": "Order Completed"}


def read(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    page = response.content.decode()
    if "<html" in page:
        assert find_faults(page) == [], path
    return page


def press(client, path: str, **form: object) -> str:
    response = client.post(path, form, follow=True)
    assert response.status_code == 200, path
    return response.content.decode()


def make_file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("guests.csv", text.encode())


def test_before_there_is_any_a_list_is_one_click_away(people, marketer, viewer):
    assert 'href="/segments/lists/new/"' in read(marketer, "/segments/lists/")
    assert "/segments/lists/new/" not in read(viewer, "/segments/lists/")
    assert viewer.get("/segments/lists/new/").status_code == 403


def test_a_file_becomes_a_list_and_says_whom_nobody_knows(people, marketer):
    file = make_file("e-mail\nada@example.com\nbob@example.com\nzoe@example.com\n")
    page = press(marketer, "/segments/lists/new/", title="Trade fair 2026", **{"from": "file", "file": file})
    assert "2 customers of 3 rows put on the list. 1 row named nobody" in page
    assert "Ada" in page
    page = read(marketer, "/segments/lists/trade-fair-2026/")
    assert find_faults(page) == []
    unknown = marketer.get("/segments/lists/trade-fair-2026/unknown.csv")
    assert b"zoe@example.com" in b"".join(unknown.streaming_content)
    listed = read(marketer, "/segments/lists/")
    assert "Trade fair 2026" in listed
    assert ">2</td>" in listed


def test_a_segment_is_kept_as_it_is_now(people, marketer):
    save("buyers", BUYERS, title="Buyers")
    store("buyers", ["ada", "cem"])
    asked = read(marketer, "/segments/lists/new/?segment=buyers")
    assert '<option value="buyers" selected>Buyers</option>' in asked
    page = press(
        marketer, "/segments/lists/new/", title="Buyers in May", **{"from": "segment", "segment": "buyers"}
    )
    assert "2 customers put on the list." in page
    assert "The segment buyers, frozen" in page


def test_what_is_missing_or_taken_is_said_and_the_form_kept(people, marketer):
    lists.create_list("fair", "test")
    for form, said in (
        ({"from": "empty"}, "Give the list a title."),
        ({"from": "segment", "title": "Fair"}, "Choose the segment"),
        ({"from": "file", "title": "Fair"}, "Choose a file first"),
        ({"from": "empty", "title": "Fair"}, "There is a list fair already."),
    ):
        response = marketer.post("/segments/lists/new/", form)
        page = response.content.decode()
        assert response.status_code in (400, 409), form
        assert said in page
        assert f'value="{form.get("title", "")}"' in page
        assert find_faults(page) == []


def test_customers_are_added_and_taken_off_by_hand(people, marketer, viewer):
    lists.create_list("fair", "test", "Fair")
    page = press(marketer, "/segments/lists/fair/add/", customers="ada, bob@example.com\nnobody@example.com")
    assert "2 customers put on the list. Nobody is known as “nobody@example.com”." in page
    assert "remove Bob from the list" in " ".join(page.replace('<span class="sr-only">', "").split())
    page = press(marketer, "/segments/lists/fair/add/", file=make_file("ada\ncem\n"))
    assert "1 customer of 2 rows put on the list. 1 row named somebody who was on it already." in page
    page = press(marketer, "/segments/lists/fair/remove/", customer="bob")
    assert "1 customer taken off the list." in page
    assert "Name a customer, or choose a file." in press(marketer, "/segments/lists/fair/add/")
    assert viewer.post("/segments/lists/fair/remove/", {"customer": "ada"}).status_code == 403
    assert "Ada" in read(viewer, "/segments/lists/fair/members/?q=ada")
    assert "Cem" not in read(viewer, "/segments/lists/fair/members/?q=ada")
    file = b"".join(marketer.get("/segments/lists/fair/members.csv").streaming_content).decode()
    assert len(file.strip().splitlines()) == 3
    assert marketer.get("/segments/lists/fair/members.xlsx").status_code == 404


def test_a_list_in_use_stays(people, marketer):
    lists.create_list("fair", "test", "Fair")
    save("guests", {"kind": "list", "name": "fair"}, title="Guests")
    page = read(marketer, "/segments/lists/fair/")
    assert 'href="/segments/guests/">Guests</a>' in page
    assert "Delete this list" not in page
    assert "is used by guests" in press(marketer, "/segments/lists/fair/delete/")
    lists.create_list("other", "test")
    assert "Deleted the list other." in press(marketer, "/segments/lists/other/delete/")
    assert [one.name for one in lists.list_lists()] == ["fair"]
