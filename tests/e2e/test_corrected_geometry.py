"""Two X-rays that contradict each other: the page of the case says so beside the bones and their sources."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.backend import xrays
from tests.e2e import app
from tests.e2e.conftest import Profile, Xrays


def test_the_page_tells_that_the_geometry_was_corrected(surgeon: Profile, demo_xrays: Xrays) -> None:
    page = surgeon.page
    app.new_case(page, "E2E-CORRECTED", demo_xrays.side)
    app.upload(page, "ap", demo_xrays.ap)
    app.upload(page, "lateral", app.dicom("lateral.dcm", xrays.lowered("lateral", 9)))
    page.get_by_test_id("reconstruct").click()
    app.wait_for_job(page)
    app.bones_shown(page)
    page.get_by_test_id("tab-bones").click()
    told = page.get_by_test_id("bone-set-1").get_by_text(
        "The two X-rays do not stand to each other as stated"
    )
    expect(told).to_be_visible()
    expect(told).to_contain_text("Check the calibration")
    page.get_by_test_id("tab-sources").click()
    expect(page.get_by_text("The two X-rays do not stand to each other as stated")).to_be_visible()
