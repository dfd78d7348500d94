"""A segment built from nothing in the system's Chromium: the count follows, it is saved, and the member is in it."""

import re

import pytest

from tenure.web.tests.test_browser import chromium, open_browser, pytestmark, session, sync_api, tab, tenure

__all__ = ["chromium", "open_browser", "pytestmark", "session", "tab", "tenure"]


def audience(tab):
    return tab.locator("#result .audience b")


def settle(tab) -> None:
    """Until what was typed is counted: requests start 400 ms after the last key."""
    tab.wait_for_timeout(550)
    sync_api.expect(tab.locator(".htmx-request")).to_have_count(0)


def add_rule(tab, kind: str) -> None:
    tab.locator("#tree .actions button", has_text="Add rule").last.click()
    tab.locator("#r-add").get_by_role("button", name=kind, exact=True).click()
    settle(tab)


def test_a_segment_is_built_from_nothing_saved_and_has_its_member(tab):
    tab.goto("/segments/new/")
    tab.get_by_label("Title").fill("Recent lookers")
    sync_api.expect(audience(tab)).to_have_text("–")
    add_rule(tab, "Did or did not do")
    event = tab.get_by_label("Event", exact=True)
    sync_api.expect(tab.locator("#r-0-said")).to_contain_text("Fill in: event")
    event.fill("Product Viewed")
    sync_api.expect(audience(tab)).not_to_have_text("–")
    settle(tab)
    everybody = audience(tab).inner_text()
    tab.locator("#r-0-window-shape").select_option("days")
    settle(tab)
    length = tab.locator("#r-0-window-length")
    length.fill("60")
    sync_api.expect(audience(tab)).not_to_have_text(everybody)
    settle(tab)
    assert 0 < int(audience(tab).inner_text()) < int(everybody)
    person = tab.locator("#result .people a").first
    name, href = person.inner_text(), person.get_attribute("href")
    tab.get_by_role("button", name="Save segment").click()
    sync_api.expect(tab.get_by_role("heading", level=1, name="Recent lookers")).to_be_visible()
    sync_api.expect(tab.locator(".tag.good", has_text="up to date")).to_be_visible(timeout=20_000)
    tab.get_by_role("searchbox", name="Name, e-mail or id").fill(name)
    sync_api.expect(tab.locator(f'#members-list a[href="{href}"]')).to_be_visible()
    settle(tab)
    tab.locator(f'#members-list tr:has(a[href="{href}"]) a', has_text="why").click()
    sync_api.expect(tab.locator(".verdict")).to_contain_text("In the segment")
    assert tab.locator(".evidence li").count() >= 1


def test_the_builder_works_with_the_keyboard_alone(tab):
    tab.goto("/segments/new/?example=left-a-cart")
    settle(tab)
    tab.get_by_role("button", name="Move down: Did or did not do").first.press("Enter")
    settle(tab)
    sync_api.expect(tab.locator("#r-1-event")).to_have_value("Product Added")
    tab.get_by_role("button", name="Remove: Did or did not do").last.press("Enter")
    settle(tab)
    assert tab.locator("#tree .rule").count() == 1
    sync_api.expect(tab.get_by_role("button", name="Add rule")).to_be_focused()
    tab.keyboard.press("Enter")
    sync_api.expect(tab.locator("#r-add")).to_be_visible()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    settle(tab)
    sync_api.expect(tab.locator("#r-1-name")).to_be_focused()
    tab.locator("#r-1-name").fill("revenue")
    tab.keyboard.press("Tab")
    sync_api.expect(tab.locator('[name="r.1:.type"]')).to_have_value("number")
    tab.locator('[name="r.1:.value"]').press_sequentially("20")
    tab.keyboard.press("Enter")
    settle(tab)
    sync_api.expect(tab).to_have_url(re.compile("/segments/new/"))
    assert tab.locator('[name="r.1:.value"]').input_value() == "20"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_building(open_browser, scheme):
    from tenure.web.tests.test_browser import axe_module

    tab = open_browser(color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
    tab.goto("/segments/new/?example=silent-buyers")
    settle(tab)
    add_rule(tab, "Attribute")
    tab.get_by_role("button", name="Add group").last.click()
    settle(tab)
    tab.get_by_text("Add a condition on a property").first.click()
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    violations = axe_module.Axe().run(tab).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == []
