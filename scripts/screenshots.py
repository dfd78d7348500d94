"""Take the pictures in docs/images from a running demo: `make demo` in one terminal, this in another.

.venv/bin/python scripts/screenshots.py [--home demo-data] [NAME ...]
.venv/bin/python scripts/screenshots.py --review FOLDER [NAME ...]

The second makes a whole-page picture of every page of segments and stages, light, dark and on a phone, to look at
after a change. Both first save the segments of screenshots.yaml in the demo, a list and the stage models.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent / "docs" / "images"
DESK, PHONE = (1280, 900), (390, 844)
SHOTS = (
    ("dashboard", "/", DESK, "light"),
    ("dashboard-dark", "/", DESK, "dark"),
    ("dashboard-phone", "/", PHONE, "light"),
    ("lifecycle", "/lifecycle/", DESK, "light"),
    ("customers", "/customers/", DESK, "light"),
    ("campaigns", "/campaigns/", DESK, "light"),
    ("segments", "/segments/", DESK, "light"),
    ("segment-builder", "/segments/win-back/edit/", (1280, 1100), "light"),
    ("segment-builder-phone", "/segments/win-back/edit/", PHONE, "light"),
    ("segment", "/segments/silent-buyers/", (1280, 1100), "light"),
    ("stages", "/lifecycle/models/general/", (1280, 1100), "light"),
)
"""Name, page, size, theme of the pictures in the documentation."""
REVIEWED = (
    ("segments", "/segments/"),
    ("builder-empty", "/segments/new/"),
    ("builder-nested", "/segments/win-back/edit/"),
    ("builder-changed", "/segments/silent-buyers/edit/"),
    ("builder-unfinished", "/segments/new/"),
    ("segment", "/segments/silent-buyers/"),
    ("segment-persona", "/segments/regulars/"),
    ("why-in", "/segments/win-back/why/?customer={in}"),
    ("why-not", "/segments/win-back/why/?customer={out}"),
    ("lists", "/segments/lists/"),
    ("list", "/segments/lists/autumn-guests/"),
    ("list-new", "/segments/lists/new/?segment=win-back"),
    ("stage-models", "/lifecycle/models/"),
    ("stage-model", "/lifecycle/models/general/"),
    ("stage-editor", "/lifecycle/models/general/edit/"),
    ("stage-edit", "/lifecycle/models/general/stages/3/"),
    ("stage-rfm", "/lifecycle/models/lifecycle/"),
    ("lifecycle", "/lifecycle/"),
    ("personas", "/segments/personas/"),
    ("persona", "/segments/personas/regulars/"),
    ("customer", "/customers/{number}/"),
    ("merge", "/customers/{number}/merge/?other={out}"),
    ("erase", "/customers/{number}/erase/"),
)
"""Name and page of what a review looks at. `{in}` is the id of somebody in win-back, `{out}` of somebody who is not."""
Act = Callable[[Page], None]


def edit_a_rule(page: Page) -> None:
    """So that the page says who enters and who leaves."""
    page.locator("input[name$='.1:window:length'], #r-1-window-length").first.fill("90")
    page.wait_for_timeout(700)


def leave_a_rule_unfinished(page: Page) -> None:
    page.locator("#tree .actions button", has_text="Add rule").last.click()
    page.locator("#r-add").get_by_role("button", name="Did or did not do", exact=True).click()
    page.locator("#r-0-event").fill("Produkt Viewed")
    page.wait_for_timeout(700)


ACTS: dict[str, Act] = {"builder-changed": edit_a_rule, "builder-unfinished": leave_a_rule_unfinished}
VARIANTS = (("light", DESK, "light"), ("dark", DESK, "dark"), ("phone", PHONE, "light"))


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    page.goto(address + "/sign-in/")
    page.locator("input[type=email], input[name=email], input[name=username]").first.fill(email)
    page.locator("input[type=password]").fill(password)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def prepare(home: Path, page: Page) -> None:
    """Segments, a list and two stage models, where the demo has none yet."""
    run_tenure(home, "segment", "apply", str(HERE / "screenshots.yaml"))
    if "autumn-guests" not in run_tenure(home, "list", "show"):
        run_tenure(home, "list", "freeze", "left-a-cart", "autumn-guests", "--title", "Autumn guests")
    for preset in ("General customer lifecycle", "Reach to loyalty"):
        page.goto(json.loads((home / "server.json").read_text())["address"] + "/lifecycle/models/")
        use = page.get_by_role("button", name=f"Use {preset}", exact=True)
        if use.count():
            use.click()


def run_tenure(home: Path, *arguments: str) -> str:
    """What a command of this installation prints."""
    import subprocess

    command = [sys.executable, "-c", "from tenure.cli.main import main; main()", *arguments]
    done = subprocess.run(
        command, env={**os.environ, "TENURE_HOME": str(home)}, capture_output=True, text=True, check=True
    )
    return done.stdout


def take_all(home: Path, names: list[str], review: Path | None) -> None:
    address = json.loads((home / "server.json").read_text())["address"]
    note = json.loads((home / "demo.json").read_text())
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=address)
        page = context.new_page()
        sign_in(page, address, note["email"], note["password"])
        prepare(home, page)
        people = find_people(context)
        state = context.storage_state()
        context.close()
        for name, path, (width, height), theme, target in list_pictures(names, review):
            context = browser.new_context(
                base_url=address,
                storage_state=state,
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
            )
            page = context.new_page()
            page.goto(path.format_map(people))
            page.wait_for_load_state("networkidle")
            if review and name in ACTS:
                ACTS[name](page)
                page.wait_for_load_state("networkidle")
            wide = page.evaluate("document.documentElement.scrollWidth") - width
            if wide > 0:
                sys.stderr.write(f"{target.name}: {wide} px wider than the window\n")
            page.screenshot(path=target, full_page=review is not None)
            context.close()
        browser.close()


def list_pictures(
    names: list[str], review: Path | None
) -> Iterator[tuple[str, str, tuple[int, int], str, Path]]:
    """Name, page, size, theme, file."""
    if review is None:
        for name, path, size, theme in SHOTS:
            if not names or name in names:
                yield name, path, size, theme, IMAGES / f"{name}.png"
        return
    for name, path in REVIEWED:
        for variant, size, theme in VARIANTS:
            if not names or name in names:
                yield name, path, size, theme, review / f"{name}-{variant}.png"


def find_people(context: BrowserContext) -> dict[str, str]:
    """Somebody in win-back, somebody who is not, and the number of the first in addresses."""
    page = context.new_page()
    page.goto("/segments/win-back/")
    member = page.locator("#members-list tbody a[href^='/customers/']").first
    number = (member.get_attribute("href") or "").strip("/").split("/")[-1]
    page.goto(f"/segments/win-back/why/?customer={number}&by=id")
    inside = page.locator("#customer").input_value()
    page.goto("/segments/newcomers/")
    page.locator("#members-list a", has_text="why").first.click()
    outside = page.locator("#customer").input_value()
    page.close()
    return {"in": inside, "out": outside, "number": number}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("demo-data"))
    parser.add_argument(
        "--review", type=Path, help="a folder for pictures to look at, not for the documentation"
    )
    parser.add_argument("names", nargs="*", help="only these")
    given = parser.parse_args()
    (given.review or IMAGES).mkdir(parents=True, exist_ok=True)
    take_all(given.home, given.names, given.review)
