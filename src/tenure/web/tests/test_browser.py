"""The product walked through in the system's Chromium, against a running Tenure."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenure.config.testing import RunningTenure

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium: apt install chromium, or set CHROMIUM to its path"
    ),
]
FILL = """
from tenure.config import process
with process.opened():
    from tenure.web.tests.shop import fill_shop
    from tenure.segments import api as segments
    fill_shop(120)
    rule = {"any": [{"kind": "event", "event": "Product Viewed"}, {"kind": "bought", "of": "name", "value": "Beans"}]}
    segments.save_segment(segments.parse_segment({"name": "viewers", "title": "Viewers", "rule": {"all": [rule]}}), "test")
    segments.rebuild_segments()
    from tenure.segments.lists import api as lists
    lists.freeze_segment("viewers", "fair", "test", "Trade fair")
"""
PAGES = [
    "/", "/customers/", "/customers/8/", "/lifecycle/", "/lifecycle/file/", "/lifecycle/models/",
    "/lifecycle/models/lifecycle/", "/lifecycle/models/lifecycle/edit/", "/lifecycle/models/lifecycle/stages/3/", "/segments/personas/",
    "/segments/", "/segments/new/", "/segments/new/?example=at-risk-and-reachable", "/segments/viewers/", "/segments/viewers/edit/",
    "/segments/viewers/why/?customer=c8", "/segments/lists/", "/segments/lists/new/", "/segments/lists/fair/", "/campaigns/", "/campaigns/new/", "/import/",
    "/glossary/", "/settings/", "/settings/users/", "/settings/keys/", "/settings/api-keys/", "/settings/audit/", "/settings/presets/",
    "/settings/sending/",
]  # fmt: skip


ABORTED = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx writes when a newer request takes the place of one that is still under way."""


def is_complaint(said) -> bool:
    return said.type in ("error", "warning") and not said.text.startswith(ABORTED)


def is_lost(request) -> bool:
    """Failed for another reason than that the page was left or a newer request took its place."""
    return "ERR_ABORTED" not in (request.failure or "")


@pytest.fixture(scope="module")
def tenure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTenure]:
    """A running Tenure with a small shop."""
    running = RunningTenure(tmp_path_factory.mktemp("browser") / "data")
    environment = {**os.environ, "TENURE_HOME": str(running.home)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    subprocess.run([sys.executable, "-c", FILL], env=environment, check=True, capture_output=True)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def session(tenure, chromium) -> dict[str, object]:
    """The cookies of somebody who signed in through the form."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{tenure.address}/customers/")
    page.get_by_label("E-mail").fill(tenure.email)
    page.get_by_label("Password").fill(tenure.password)
    page.get_by_role("button", name="Sign in").click()
    sync_api.expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_browser(tenure, chromium, session) -> Iterator[object]:
    """Makes signed-in pages; complaints of the console and requests that fail end in a failed test."""
    complaints: list[str] = []
    contexts = []

    def make(**options: object):
        context = chromium.new_context(
            base_url=tenure.address,
            storage_state=session,
            **{"viewport": {"width": 1440, "height": 900}, **options},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda said: complaints.append(said.text) if is_complaint(said) else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda got: got.status >= 400 and complaints.append(f"{got.status} {got.url}"))
        page.on("requestfailed", lambda lost: is_lost(lost) and complaints.append(f"failed: {lost.url}"))
        return page

    make.complaints = complaints
    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def tab(open_browser):
    return open_browser()


def track(tenure: RunningTenure, **body: object) -> None:
    """One tracking call, answered with 200."""
    key = base64.b64encode(f"{tenure.write_key}:".encode()).decode()
    request = urllib.request.Request(
        f"{tenure.address}/v1/track",
        json.dumps(body).encode(),
        {"Authorization": f"Basic {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_new_events_show_on_the_open_customer_page_within_a_second(tenure, tab):
    tab.goto("/customers/8/")
    timeline = tab.locator("#timeline > li")
    before = timeline.count()
    tab.wait_for_timeout(500)
    waits = []
    for number in range(1, 4):
        track(tenure, userId="c8", event="Product Viewed", properties={"name": f"Live beans {number}"})
        start = time.monotonic()
        tab.wait_for_selector(
            f"#timeline > li:first-child >> text=Looked at Live beans {number}", timeout=5_000
        )
        waits.append(time.monotonic() - start)
    assert min(waits) < 1.0
    assert timeline.count() == before + 3
    assert tab.locator("#timeline-said").inner_text() == "1 new: Looked at Live beans 3"
    track(tenure, userId="c8", event="Order Completed", properties={"order_id": "live-1", "total": 20})
    sync_api.expect(timeline.filter(has_text="Placed order live-1")).to_have_count(1)


def test_an_order_file_becomes_segments_in_at_most_three_clicks(tab, tmp_path: Path):
    lines = ["order,customer,date,amount"]
    lines += [f"{n},c{n % 90},2026-0{1 + n % 9}-1{n % 9},{10 + n}.50" for n in range(400)]
    file = tmp_path / "orders.csv"
    file.write_text("\n".join(lines))
    clicks = 0
    tab.goto("/lifecycle/file/")
    with tab.expect_file_chooser() as chooser:
        tab.locator("#file").click()
        clicks += 1
    chooser.value.set_files(file)
    sync_api.expect(tab.get_by_label("Customer ID")).to_have_value("customer")
    sync_api.expect(tab.get_by_label("Ordered at")).to_have_value("date")
    tab.get_by_role("button", name="Show the segments").click()
    clicks += 1
    sync_api.expect(tab.locator("#analysis .bars .bar-row")).to_have_count(11, timeout=20_000)
    assert clicks <= 3
    assert "90" in tab.locator("#analysis p").first.inner_text()


def test_an_import_shows_its_progress_and_its_result(tab, tmp_path: Path):
    file = tmp_path / "few.csv"
    file.write_text("order_id,customer_id,ordered_at,amount\nn1,c1,2026-02-01,12.50\nn2,c2,2026-02-30,9\n")
    tab.goto("/import/")
    tab.locator("#file").set_input_files(file)
    tab.get_by_role("button", name="Import", exact=True).click()
    sync_api.expect(tab.get_by_role("link", name="See the segments")).to_be_visible(timeout=20_000)
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download them with the reasons").click()
    assert "2026-02-30" in download.value.path().read_text()


def test_a_file_that_is_no_table_is_explained_where_it_was_dropped(open_browser, tmp_path: Path):
    tab = open_browser()
    file = tmp_path / "picture.csv"
    file.write_bytes(b"PK\x03\x04 not a table")
    tab.goto("/import/")
    tab.locator("#file").set_input_files(file)
    sync_api.expect(tab.get_by_role("alert")).to_contain_text("Save the table as CSV")
    assert tab.url.endswith("/import/")
    assert all("400" in said for said in open_browser.complaints)
    open_browser.complaints.clear()


def test_the_list_of_customers_narrows_as_one_types_and_ticks(tab):
    tab.goto("/customers/")
    found = tab.locator("#list .pages span").first
    tab.locator("#q").press_sequentially("ada")
    sync_api.expect(tab.locator("#list tbody tr").first).to_contain_text("Ada")
    sync_api.expect(tab).to_have_url(re.compile("q=ada"))
    tab.locator("#q").fill("")
    tab.get_by_label("Falling Asleep Customers").check()
    sync_api.expect(tab.locator("#list tbody tr td:nth-child(2)").first).to_contain_text("Falling Asleep")
    sync_api.expect(found).not_to_contain_text("120")
    tab.reload()
    assert tab.get_by_label("Falling Asleep Customers").is_checked()


def test_the_keyboard_reaches_content_and_definitions(tab):
    tab.goto("/")
    tab.keyboard.press("Tab")
    sync_api.expect(tab.get_by_role("link", name="Skip to content")).to_be_focused()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    term = tab.locator("main .kpi button.term").first
    sync_api.expect(term).to_be_focused()
    tab.keyboard.press("Enter")
    definition = tab.locator("main .kpi .definition").first
    sync_api.expect(definition).to_be_visible()
    tab.keyboard.press("Escape")
    sync_api.expect(definition).to_be_hidden()


def test_the_appearance_can_be_chosen(tab):
    tab.goto("/glossary/")
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.get_by_role("button", name="Your account").click()
    tab.get_by_role("button", name="Dark").click()
    tab.wait_for_load_state()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert tab.url.endswith("/glossary/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_browser, scheme):
    tab = open_browser(color_scheme=scheme, bypass_csp=True)
    axe, found = axe_module.Axe(), {}
    for path in (
        PAGES
        if scheme == "light"
        else (
            "/",
            "/customers/8/",
            "/lifecycle/",
            "/segments/",
            "/segments/viewers/edit/",
            "/import/",
            "/settings/keys/",
        )
    ):
        tab.goto(path)
        violations = axe.run(tab).response["violations"]
        if violations:
            found[path] = [(one["id"], one["nodes"][0]["html"][:160]) for one in violations]
    assert found == {}


def test_every_page_fits_a_phone(open_browser):
    tab = open_browser(viewport={"width": 390, "height": 844})
    widths = {}
    for path in PAGES:
        tab.goto(path)
        width = tab.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            widths[path] = width
    assert widths == {}
