"""Every page, with a shop and without one."""

import logging
import re

import pytest

from tenure.web.glossary import find_entry

PAGES = [
    "/", "/customers/", "/customers/?q=ada", "/customers/?segment=Champions&sort=revenue", "/customers/?r=5&f=1",
    "/customers/?q=nobody-is-called-this", "/lifecycle/", "/lifecycle/?preset=industry", "/lifecycle/file/",
    "/segments/", "/segments/new/", "/segments/new/?example=silent-buyers", "/campaigns/", "/import/", "/glossary/",
    "/settings/", "/settings/users/", "/settings/keys/", "/settings/audit/",
    "/settings/presets/", "/settings/sending/", "/nothing-here/",
]  # fmt: skip


def open_page(client, path):
    response = client.get(path)
    assert response.status_code == (404 if path == "/nothing-here/" else 200), path
    return response.content.decode()


def find_faults(html: str) -> list[str]:
    """What no page may have: a term without an entry, an inline style or script, an id twice, a heading missing."""
    faults = [
        f"term {name!r}" for name in re.findall(r'data-term="([^"]*)"', html) if find_entry(name) is None
    ]
    faults += [f"inline {hit}" for hit in re.findall(r'\sstyle="[^"]*|<style|\son\w+="[^"]*', html)]
    faults += [f"script {hit}" for hit in re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", html)]
    ids = re.findall(r'\sid="([^"]+)"', html)
    faults += [f"id {one!r} twice" for one in set(ids) if ids.count(one) > 1]
    if html.count("<h1") != 1:
        faults.append(f"{html.count('<h1')} main headings")
    return faults


def test_every_page_opens_with_a_shop_and_explains_its_words(shop, admin):
    found = {path: faults for path in PAGES if (faults := find_faults(open_page(admin, path)))}
    assert found == {}


def test_every_page_opens_before_there_is_any_customer(services, admin):
    found = {path: faults for path in PAGES if (faults := find_faults(open_page(admin, path)))}
    assert found == {}
    assert "There is no customer yet" in open_page(admin, "/")


def test_figures_of_the_front_pages_carry_definitions(shop, viewer):
    for path, words in {
        "/": ("revenue", "repeat purchase rate", "reachable by e-mail", "at risk or lapsed", "movement"),
        "/lifecycle/": ("RFM", "R score", "F score", "segment", "revenue", "share", "migration"),
    }.items():
        html = open_page(viewer, path)
        assert [word for word in words if f'data-term="{word}"' not in html] == []


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/nothing-here/"])
def test_charlie_who_is_not_signed_in_is_led_to_sign_in(client, db, path):
    assert client.get(path)["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    "path", ["/import/", "/customers/export.csv", "/lifecycle/customers.csv", "/segments/new/"]
)
def test_viewers_may_look_but_not_take_or_bring(viewer, path):
    assert viewer.get(path).status_code == 403


def test_error_pages_say_what_to_do(services, admin):
    assert "The menu leads on" in admin.get("/nothing-here/").content.decode()
    missing = admin.get("/customers/999999/")
    assert missing.status_code == 404
    assert "no customer 999999" in missing.content.decode()


def test_a_program_gets_its_error_as_json(services, admin):
    answer = admin.get("/customers/999999/", headers={"Accept": "application/json"})
    assert answer.json()["code"] == "no_such_customer"


def test_the_policy_is_sent_with_every_page(viewer, services):
    policy = viewer.get("/glossary/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_viewers_are_not_shown_what_they_may_not_do(shop, viewer, marketer):
    for path, href in (("/", "/campaigns/new/"), ("/", "/import/")):
        assert f'href="{href}"' in marketer.get(path).content.decode()
        assert f'href="{href}"' not in viewer.get(path).content.decode()


def test_a_refusal_is_one_line_in_the_log(viewer, caplog):
    with caplog.at_level(logging.INFO):
        answer = viewer.get("/import/")
    assert answer.status_code == 403
    assert "Ask an admin of your team" in answer.content.decode()
    assert [(one.levelname, one.exc_info) for one in caplog.records] == [("INFO", None)]
    assert "/import/" in caplog.text


def test_browsers_that_ask_for_the_old_icon_get_it(client):
    assert client.get("/favicon.ico")["Location"] == "/static/web/mark.svg"


def test_anyone_on_the_team_may_analyse_a_file(viewer):
    assert viewer.get("/lifecycle/file/").status_code == 200
