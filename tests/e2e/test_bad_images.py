"""Images that cannot be used: the page says what happened, what was kept, what to do; the case goes on."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import app, chromium
from tests.e2e.conftest import Profile, Xrays
from tests.e2e.server import Server

GEOMETRY = (
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "ImagerPixelSpacing",
    "PositionerPrimaryAngle",
    "PositionerSecondaryAngle",
)


ADD_FILE = """(data, [text, name]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  data.items.add(new File([bytes], name));
}"""
DRAG = """([dataTransfer, event]) => {
  window.dispatchEvent(new DragEvent(event, {dataTransfer, cancelable: true}));
}"""


def _without_geometry(ap: Path) -> bytes:
    dataset = pydicom.dcmread(ap)
    for keyword in GEOMETRY:
        if keyword in dataset:
            del dataset[keyword]
    return _bytes(dataset)


def _chest(ap: Path) -> bytes:
    dataset = pydicom.dcmread(ap)
    dataset.BodyPartExamined = "CHEST"
    return _bytes(dataset)


def _bytes(dataset: pydicom.FileDataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


BAD: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "text": ("not a DICOM file", lambda _: b"Dear colleague, please find enclosed the X-ray." * 20),
    "no geometry": ("where source and detector stood", _without_geometry),
    "chest": ("chest", _chest),
    "truncated": ("cut short", lambda ap: ap.read_bytes()[: ap.stat().st_size // 2]),
    "empty": ("empty", lambda _: b""),
}


@pytest.fixture(scope="module")
def case_with_ap(browser: Browser, served: Server, demo_xrays: Xrays) -> str:
    """The pseudonym of a case that has its AP view."""
    context, _ = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    app.new_case(page, "BAD-IMAGES", demo_xrays.side)
    app.upload(page, "ap", demo_xrays.ap)
    expect(page.get_by_test_id("xray-ap")).to_be_visible()
    context.close()
    return "BAD-IMAGES"


@pytest.fixture
def case(surgeon: Profile, case_with_ap: str) -> Page:
    surgeon.watch.expected = {400}
    app.open_case(surgeon.page, case_with_ap)
    expect(surgeon.page.get_by_test_id("xray-ap")).to_have_attribute("data-ready", "true")
    return surgeon.page


@pytest.mark.parametrize("kind", BAD)
def test_refused_image_leaves_the_earlier_one(case: Page, demo_xrays: Xrays, kind: str) -> None:
    words, make = BAD[kind]
    canvas = case.get_by_test_id("xray-ap").locator("canvas")
    before = app.pixels(canvas)
    app.upload(case, "ap", app.dicom("knee.dcm", make(demo_xrays.ap)))
    _refused(case, "ap", words)
    case.get_by_role("button", name="Dismiss this message").click()
    assert (app.pixels(canvas) == before).all()
    # Nothing half stored: a reload shows the same image, and nothing happened to the case.
    case.reload()
    expect(case.get_by_test_id("xray-ap")).to_have_attribute("data-ready", "true")
    assert (app.pixels(canvas) == before).all()
    expect(case.get_by_test_id("timeline").locator("li")).to_have_count(2)


def test_swapped_views_are_refused(case: Page, demo_xrays: Xrays) -> None:
    app.upload(case, "lateral", demo_xrays.ap)
    _refused(case, "lateral", "lateral")
    app.upload(case, "ap", demo_xrays.lateral)
    _refused(case, "ap", "AP")
    expect(case.get_by_test_id("xray-ap")).to_be_visible()
    # After all refusals the case still takes what it lacks.
    app.upload(case, "lateral", demo_xrays.lateral)
    expect(case.get_by_test_id("reconstruct")).to_be_visible()


def _refused(page: Page, view: app.View, words: str) -> None:
    note = page.get_by_test_id(f"refused-{view}")
    expect(note.get_by_test_id("error-message")).to_contain_text(words, ignore_case=True)
    expect(note.get_by_test_id("error-kept")).to_have_text("Nothing was stored; the case is unchanged.")
    expect(note.get_by_test_id("error-remedy")).to_contain_text("Next: ")
    assert "Traceback" not in note.inner_text()


def test_files_dropped_on_the_worklist_find_their_views(surgeon: Profile, demo_xrays: Xrays) -> None:
    page = surgeon.page
    data = page.evaluate_handle("() => new DataTransfer()")
    for path in (demo_xrays.lateral, demo_xrays.ap):
        content = base64.b64encode(path.read_bytes()).decode()
        data.evaluate(ADD_FILE, [content, path.name])
    for event in ("dragenter", "drop"):
        page.evaluate(DRAG, [data, event])
    page.get_by_label("Pseudonym").fill("DROPPED-1")
    page.get_by_text(f"{demo_xrays.side} knee").click()
    page.get_by_role("button", name="Start the case").click()
    expect(page.get_by_test_id("reconstruct")).to_be_visible()
