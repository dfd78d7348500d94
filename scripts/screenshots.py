"""Take the pictures in docs/images from a running demo: `make demo` in one terminal, this in another.

.venv/bin/python scripts/screenshots.py [--home demo-data]
"""

import argparse
import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SHOTS = (
    ("dashboard", "/", 1280, 900, "light"),
    ("dashboard-dark", "/", 1280, 900, "dark"),
    ("dashboard-phone", "/", 390, 844, "light"),
    ("lifecycle", "/lifecycle/", 1280, 900, "light"),
    ("customers", "/customers/", 1280, 900, "light"),
    ("campaigns", "/campaigns/", 1280, 900, "light"),
)
"""Name, page, width, height, theme."""


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    page.goto(address + "/sign-in/")
    page.locator("input[type=email], input[name=email], input[name=username]").first.fill(email)
    page.locator("input[type=password]").fill(password)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def take_all(home: Path, names: list[str]) -> None:
    address = json.loads((home / "server.json").read_text())["address"]
    note = json.loads((home / "demo.json").read_text())
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, path, width, height, theme in SHOTS:
            if names and name not in names:
                continue
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
            )
            page = context.new_page()
            sign_in(page, address, note["email"], note["password"])
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("demo-data"))
    parser.add_argument("names", nargs="*", help="only these")
    given = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    take_all(given.home, given.names)
