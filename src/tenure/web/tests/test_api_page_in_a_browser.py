"""The page of the HTTP API in the system's Chromium: under the strict policy, with nothing from elsewhere."""

from tenure.web.tests.test_browser import chromium, open_browser, pytestmark, session, sync_api, tab, tenure

__all__ = ["chromium", "open_browser", "pytestmark", "session", "tab", "tenure"]


def test_a_list_is_made_on_the_page_by_somebody_signed_in(tab, tenure):
    elsewhere = []
    tab.on("request", lambda asked: elsewhere.append(asked.url))
    tab.goto("/api/v1/docs")
    sync_api.expect(tab.locator(".opblock")).to_have_count(18)
    tab.locator("#operations-Static_lists-lists_create_list .opblock-summary-control").click()
    tab.get_by_role("button", name="Try it out").click()
    tab.locator("textarea").fill('{"name": "made-on-the-page"}')
    tab.get_by_role("button", name="Execute").click()
    answer = tab.locator(".live-responses-table .response").first
    sync_api.expect(answer).to_contain_text("made-on-the-page")
    assert answer.inner_text().startswith("201")
    assert [url for url in elsewhere if not url.startswith((tenure.address, "data:"))] == []
