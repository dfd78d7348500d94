"""A segment built from nothing in the system's Chromium: the count follows, it is saved, and the member is in it."""

import re

import pytest

from tenure.web.tests.test_browser import (
    chromium,
    open_browser,
    pytestmark,
    session,
    sync_api,
    tab,
    tenure,
    track,
)

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


PLAYERS = {
    f"q{number}": ("gold" if number < 6 else "silver", 90 if number > 7 else 10) for number in range(1, 10)
}
"""Who finished the quiz: level and score. Five are gold; the silver ones q8 and q9 scored 90."""


@pytest.fixture(scope="module", autouse=True)
def quiz(tenure):
    """Nobody else did it, so that the true numbers are known. Before the first page, which remembers what it offers."""
    for user, (level, score) in PLAYERS.items():
        track(tenure, userId=user, event="Quiz Finished", properties={"level": level, "score": score})
    return tenure


def offered(tab, control) -> list[str]:
    """What the browser offers while one types into a control."""
    return tab.locator(f"#{control.get_attribute('list')} option").evaluate_all(
        "all => all.map(one => one.value)"
    )


def expect_count(tab, number: int) -> None:
    sync_api.expect(audience(tab)).to_have_text(str(number))
    sync_api.expect(tab.locator("#count-said")).to_contain_text(f"{number} of ")


def drop_off(tab) -> list[str]:
    return tab.locator("#result .drop-off .bar-row").evaluate_all(
        "rows => rows.map(row => row.querySelector('.num').textContent.trim())"
    )


def list_people(tab) -> set[str]:
    return set(tab.locator("#result .people a").all_inner_texts())


def nest_a_rule_with_a_property(tab) -> None:
    tab.get_by_role("button", name="Add group", exact=True).click()
    settle(tab)
    tab.get_by_role("button", name="Add rule to this group").click()
    tab.locator("#r-1-add").get_by_role("button", name="Did or did not do", exact=True).click()
    settle(tab)
    tab.locator("#r-1-0-event").fill("Quiz Finished")
    settle(tab)
    tab.locator(".rule.nested").get_by_text("Add a condition on a property").press("Enter")
    settle(tab)
    name = tab.locator('[name^="r.1.0:where"][name$="property"], [name^="r.1.0:where"][name$="name"]').first
    assert {"level", "score"} <= set(offered(tab, name))
    name.fill("level")
    tab.keyboard.press("Tab")
    settle(tab)
    value = tab.locator('[name^="r.1.0:where"][name$="value"]').first
    assert {"gold", "silver"} <= set(offered(tab, value))
    value.fill("gold")
    expect_count(tab, 5)


def bound_a_property(tab) -> None:
    """Wrong at first, which is said at the place and leaves the count as it was."""
    tab.get_by_role("button", name="Add rule to this group").click()
    tab.locator("#r-1-add").get_by_role("button", name="Total, average or variety").click()
    settle(tab)
    tab.locator("#r-1-1-function").select_option("max")
    settle(tab)
    tab.locator("#r-1-1-event").fill("Quiz Finished")
    tab.locator("#r-1-1-property").fill("score")
    tab.locator("#r-1-1-bound-op").select_option("more_than")
    settle(tab)
    bound = tab.locator('[name="r.1.1:bound.number"]')
    bound.fill("many")
    sync_api.expect(tab.locator("#r-1-1-said .bad")).to_contain_text("'many' is not a number")
    assert bound.get_attribute("aria-describedby") == "r-1-1-said"
    expect_count(tab, 5)
    bound.fill("80")
    expect_count(tab, 7)
    sync_api.expect(tab.locator("#r-1-1-said")).to_be_empty()


def test_a_nested_segment_has_the_true_count_at_every_step(quiz, tab):
    tab.goto("/segments/new/")
    tab.get_by_label("Title").fill("Quiz winners")
    tab.get_by_role("button", name="Add rule").press("Enter")
    tab.locator("#r-add").get_by_role("button", name="Did or did not do", exact=True).press("Enter")
    settle(tab)
    event = tab.locator("#r-0-event")
    sync_api.expect(event).to_be_focused()
    assert "Quiz Finished" in offered(tab, event)
    tab.keyboard.type("Quiz Finished")
    expect_count(tab, 9)
    nest_a_rule_with_a_property(tab)
    bound_a_property(tab)
    settle(tab)
    assert drop_off(tab)[1:] == ["9", "7"]
    sync_api.expect(tab.locator("#result .people li")).to_have_count(7)
    assert list_people(tab) == {"q1", "q2", "q3", "q4", "q5", "q8", "q9"}
    tab.get_by_text("The query in SQL").click()
    sync_api.expect(tab.locator("#result pre")).to_contain_text("SELECT")
    sync_api.expect(tab.locator("#result .sentence")).to_contain_text("“Quiz Finished”")

    tab.get_by_role("button", name="Save segment").press("Enter")
    sync_api.expect(tab.get_by_role("heading", level=1, name="Quiz winners")).to_be_visible()
    sync_api.expect(tab.locator(".tag.good", has_text="up to date")).to_be_visible(timeout=20_000)
    sync_api.expect(tab.locator(".kpi-value").first).to_have_text("7")
    sync_api.expect(tab.locator("#members-list tbody tr")).to_have_count(7)
    tab.locator("#members-list tr", has_text="q8").get_by_role("link", name="why").click()
    sync_api.expect(tab.locator(".verdict")).to_contain_text("In the segment")
    sync_api.expect(tab.locator(".reason.no").filter(has_text="level")).to_have_count(1)
    tab.locator("#customer").fill("q7")
    tab.keyboard.press("Enter")
    sync_api.expect(tab.locator(".verdict")).to_contain_text("Not in the segment")

    tab.get_by_role("link", name="Quiz winners").click()
    tab.get_by_role("link", name="Edit").click()
    expect_count(tab, 7)
    tab.locator('[name="r.1.1:bound.number"]').fill("95")
    expect_count(tab, 5)
    saving = tab.locator("#result section", has_text="If you save this")
    sync_api.expect(saving).to_contain_text("−2")
    assert set(saving.locator(".people a").all_inner_texts()) == {"q8", "q9"}


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
