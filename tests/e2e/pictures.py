"""The pictures of the README, taken from the running application: ``python -m tests.e2e.pictures``."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.data import ROOT
from tests.e2e import app, chromium, server

FOLDER = ROOT / "docs" / "pictures"
LIMIT_BYTES = 250_000
CASE = "DEMO-001"
DEMO = ROOT / "recon" / "assets" / "demo"


def main() -> None:
    """Make the demo in a temporary folder, go through it and overwrite the five pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as var,
        server.running(Path(var), demo_resolution=256) as served,
        chromium.launched() as browser,
    ):
        surgeon = _page(browser, served, "surgeon")
        _images_and_bones(surgeon)
        _plan(surgeon, served)
        _guide(_page(browser, served, "engineer"))
        _worklist(surgeon)


def _page(browser: Browser, served: server.Server, username: str) -> Page:
    context, _ = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, username)
    return page


def _images_and_bones(page: Page) -> None:
    app.open_case(page, CASE)
    page.get_by_test_id("tab-sources").click()
    page.get_by_test_id("layout").get_by_text("X-rays").click()
    for view in ("ap", "lateral"):
        expect(page.get_by_test_id(f"xray-{view}")).to_have_attribute("data-ready", "true")
        expect(page.get_by_test_id(f"outlines-{view}").locator("path").first).to_be_attached()
    _take(page, "xrays")
    page.get_by_test_id("layout").get_by_text("Bones").click()
    page.get_by_test_id("tab-case").click()
    app.bones_shown(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    _take(page, "bones")


def _plan(page: Page, served: server.Server) -> None:
    app.open_case(page, CASE)
    app.bones_shown(page)
    app.settled(page)
    app.set_correction(page, 10)
    _take(page, "planner")
    app.save_and_approve(page, served)
    expect(page.get_by_test_id("state")).to_have_text("To design")


def _guide(page: Page) -> None:
    app.open_case(page, CASE)
    page.get_by_test_id("design").click()
    app.wait_for_job(page)
    page.get_by_test_id("layout").get_by_text("Bones").click()
    expect(page.get_by_test_id("bone-view")).to_have_attribute("data-guide", "true")
    app.bones_shown(page).focus()
    page.get_by_label("Show where: Angle between the slot").click()
    _take(page, "guide")


def _worklist(page: Page) -> None:
    app.new_case(page, "KNEE-0417", "Right", urgent=True)
    app.new_case(page, "KNEE-0422", "Left")
    app.upload(page, "ap", DEMO / "ap.dcm")
    app.upload(page, "lateral", DEMO / "lateral.dcm")
    page.get_by_test_id("reconstruct").click()
    expect(page.get_by_test_id("job")).to_be_visible()
    while app.progress(page)[0] < 20:
        page.wait_for_timeout(300)
    page.goto("/")
    expect(page.get_by_test_id("case-KNEE-0422")).to_be_visible()
    _take(page, "worklist")


def _take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = FOLDER / f"{name}.png"
    picture.save(path, optimize=True)
    if path.stat().st_size > LIMIT_BYTES:
        # Maximum coverage keeps the few coloured pixels of outlines among thousands of grey ones.
        picture.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
    print(f"{path}  {path.stat().st_size // 1000} kB")  # noqa: T201


if __name__ == "__main__":
    main()
