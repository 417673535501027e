"""From two X-rays to the files of a printable guide, through the page, as a surgeon and an engineer do it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import trimesh
from playwright.sync_api import Page, expect

from tests.data import shared_data
from tests.e2e import app
from tests.e2e.conftest import DEMO_CASE, Profile, Profiles, Reconstructed, Xrays
from tests.e2e.server import Server

BONES = ("femur", "patella", "tibia", "fibula")


def test_progress_is_live_and_survives_a_reload(reconstructed: Reconstructed) -> None:
    percents = reconstructed.percents
    assert percents == sorted(percents)
    assert len(set(percents)) >= 3, f"the page showed only {sorted(set(percents))} %"
    assert reconstructed.percent_before_reload > 0
    assert reconstructed.percent_after_reload >= reconstructed.percent_before_reload
    assert len({stage.split(" · ")[0] for stage in reconstructed.stages}) >= 2


def test_the_person_was_real(xrays: Xrays) -> None:
    shared_data("ct/sts_010_dicom")
    assert xrays.real


def test_four_bones_are_seen_and_each_can_be_hidden(surgeon: Profile) -> None:
    page = surgeon.page
    app.open_case(page, DEMO_CASE)
    page.get_by_test_id("tab-case").click()  # without the wedge of the planner
    view = app.bones_shown(page)
    everything = app.pixels(view)
    for bone in BONES:
        page.get_by_test_id(f"bone-{bone}").click()
        app.becomes_other(view, everything, 0.001, f"hiding the {bone} changes nothing")
        page.get_by_test_id(f"bone-{bone}").click()
    for bone in BONES:
        page.get_by_test_id(f"bone-{bone}").click()
    app.becomes_other(view, everything, 0.03, "bones cover too little of the view")


def test_a_bone_that_is_not_in_the_xrays_is_not_shown(surgeon: Profile, reconstructed: Reconstructed) -> None:
    page = surgeon.page
    app.open_case(page, reconstructed.pseudonym)
    page.get_by_test_id("tab-case").click()  # the planner has switches of its own
    app.bones_shown(page)
    for bone in BONES:
        found, absent = page.get_by_test_id(f"bone-{bone}"), page.get_by_test_id(f"no-{bone}")
        expect(found.or_(absent)).to_be_visible()
    expect(page.get_by_test_id("bone-tibia")).to_be_visible()


def test_outlines_lie_over_the_xrays(surgeon: Profile) -> None:
    page = surgeon.page
    app.open_case(page, DEMO_CASE)
    page.get_by_test_id("tab-case").click()  # the planner has views of its own
    for view in ("ap", "lateral"):
        expect(page.get_by_test_id(f"xray-{view}")).to_have_attribute("data-ready", "true")
        # A dark line under a coloured one, for each bone.
        expect(page.get_by_test_id(f"outlines-{view}").locator("path")).to_have_count(8)
        box = page.get_by_test_id(f"outlines-{view}").locator("path").last.bounding_box()
        assert box and box["width"] > 5 and box["height"] > 20
    page.keyboard.press("o")
    expect(page.get_by_test_id("outlines-ap")).to_have_css("opacity", "0")


def test_correction_moves_the_wedge_at_once_and_can_be_undone(
    surgeon: Profile, reconstructed: Reconstructed
) -> None:
    page = surgeon.page
    app.open_case(page, reconstructed.pseudonym)
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    app.set_correction(page, 6)
    six = app.gaps(page)
    before = app.pixels(app.bones_shown(page))
    thumb = page.get_by_role("slider", name="Correction in degrees")
    # Two presses are two steps, also within one frame of a machine that is busy.
    thumb.press("ArrowRight")
    thumb.press("ArrowRight")
    # The browser computes the openings itself: they are there before the server has measured anything.
    assert app.gaps(page)["Medial opening"] > six["Medial opening"]
    expect(page.get_by_test_id("correction-input")).to_have_value("7°")
    app.set_correction(page, 14)
    fourteen = app.gaps(page)
    assert fourteen["Medial opening"] > 2 * six["Medial opening"]
    app.becomes_other(app.bones_shown(page), before, 0.002)
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("correction-input")).to_have_value("7°")
    page.get_by_test_id("undo").click()
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("correction-input")).to_have_value("6°")
    app.settled(page)
    assert app.gaps(page) == six
    for _ in range(3):
        page.get_by_test_id("redo").click()
    expect(page.get_by_test_id("correction-input")).to_have_value("14°")
    # A key that is held down is one step, however often it repeats.
    thumb.focus()
    for _ in range(5):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    expect(page.get_by_test_id("correction-input")).to_have_value("16.5°")
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("correction-input")).to_have_value("14°")


def test_plan_approval_guide_and_files(
    profiles: Profiles, reconstructed: Reconstructed, served: Server, tmp_path: Path
) -> None:
    surgeon = profiles("surgeon")
    _plan_and_approve(surgeon, reconstructed, served)
    page = profiles("engineer").page
    app.open_case(page, reconstructed.pseudonym)
    page.get_by_test_id("design").click()
    app.wait_for_job(page)
    expect(page.get_by_test_id("checks").locator("li").first).to_be_visible()
    expect(page.get_by_test_id("checks").locator("[data-status=block]")).to_have_count(0)
    expect(page.get_by_test_id("bone-view")).to_have_attribute("data-guide", "true")
    _sign(page, served)
    stl = trimesh.load_mesh(_download(page, "stl", tmp_path / "guide.stl"))
    threemf = trimesh.load_mesh(_download(page, "3mf", tmp_path / "guide.3mf"))
    package = zipfile.ZipFile(_download(page, "package", tmp_path / "guide.zip"))
    (printed,) = (name for name in package.namelist() if name.endswith("-guide.stl"))
    packed = trimesh.load_mesh(io.BytesIO(package.read(printed)), file_type="stl")
    for guide in (stl, threemf, packed):
        assert guide.is_watertight
        assert guide.body_count == 1
        assert guide.volume > 1000
    assert abs(stl.volume - threemf.volume) < 0.01 * stl.volume
    files = {"package/manifest.json", "package/plan.json", "package/report.json", "RELEASE.txt"}
    assert files <= set(package.namelist())
    # The surgeon's page, open all the while, has followed.
    expect(surgeon.page.get_by_test_id("state")).to_have_text("Guide ready")


def _plan_and_approve(surgeon: Profile, case: Reconstructed, served: Server) -> None:
    page = surgeon.page
    surgeon.watch.expected = {400, 403}
    app.open_case(page, case.pseudonym)
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    app.set_correction(page, 8)
    page.get_by_test_id("save-plan").click()
    expect(page.get_by_test_id("plans").locator("li")).to_have_count(1)
    app.sign(page, "approve", "not the password")
    expect(page.get_by_test_id("approve-dialog").get_by_test_id("error-note")).to_be_visible()
    app.sign(page, "approve", served.password)
    expect(page.get_by_test_id("state")).to_have_text("To design")


def _sign(page: Page, served: Server) -> None:
    app.sign(page, "sign", served.password)
    expect(page.get_by_test_id("guide-state")).to_have_text("Signed off")


def _download(page: Page, kind: str, path: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_test_id(f"download-{kind}").click()
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("size", [(1280, 720), (820, 1180)], ids=["laptop", "tablet"])
def test_nothing_scrolls_sideways(
    profiles: Profiles, reconstructed: Reconstructed, size: tuple[int, int]
) -> None:
    page = profiles("surgeon", viewport={"width": size[0], "height": size[1]}).page
    assert app.overflow(page) == 0
    app.open_case(page, reconstructed.pseudonym)
    page.get_by_test_id("tab-case").click()  # the planner has views of its own
    app.bones_shown(page)
    assert app.overflow(page) == 0
    for element in ("bone-view", "xray-ap", "next-step"):
        box = page.get_by_test_id(element).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0], f"{element} leaves the window"
