"""Several bone sets on the page of a case: of X-rays, a CT and other software, compared and planned on."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import trimesh
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from recon.bones import BoneSet
from tests.data import ROOT, shared_data
from tests.e2e import app, chromium
from tests.e2e.conftest import Profile, Profiles
from tests.e2e.server import Server
from tests.e2e.test_accessibility import check_names_and_contrast

PERSON = "bones/hubmap_vhf_l"
CT_WEIGHTS = ROOT / "recon" / "assets" / "ct.safetensors"


@dataclass(frozen=True)
class TwoSets:
    """A case with bones of X-rays and the same person's bones from other software."""

    pseudonym: str
    stl: list[Path]


def other_software(folder: Path, factor: float = 1.0) -> list[Path]:
    """A real person's four bones as STL in a frame of their own."""
    there = trimesh.transformations.rotation_matrix(np.radians(160), [0.2, 0.1, 1])
    there[:3, 3] = [300, -200, 900]
    folder.mkdir()
    paths = []
    for bone, mesh in BoneSet.read(shared_data(PERSON)).items():
        path = folder / f"{bone.label}_left.stl"
        mesh.copy().apply_transform(there).apply_scale(factor).export(path)
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def two_sets(browser: Browser, served: Server, tmp_path_factory: pytest.TempPathFactory) -> TwoSets:
    """Reconstructs from X-rays of the person, then imports the person's own meshes."""
    from recon.cli import main

    folder = tmp_path_factory.mktemp("person")
    stl = other_software(folder / "stl")
    assert main(["drr", "--bones", str(shared_data(PERSON)), "--out", str(folder / "drr")]) == 0
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    made = TwoSets("E2E-TWO-SETS", stl)
    app.new_case(page, made.pseudonym, "Left")
    page.get_by_test_id("tab-bones").click()
    expect(page.get_by_test_id("no-bones")).to_be_visible()
    for view in ("ap", "lateral"):
        app.upload(page, view, folder / "drr" / f"{view}.dcm")
    page.get_by_test_id("reconstruct").click()
    app.wait_for_job(page)
    app.bones_shown(page)
    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("add-meshes").click()
    app.choose_files(page, "choose-meshes", stl)
    expect(page.get_by_test_id("mesh-row").filter(has_text="closed")).to_have_count(4)
    _unit(page, "mm")
    page.get_by_test_id("software").fill("Other 1.0")
    page.get_by_test_id("import-begin").click()
    expect(page.get_by_test_id("import-dialog")).to_be_hidden()
    expect(page.get_by_test_id("bone-set-2")).to_be_visible(timeout=app.JOB_MS)
    context.close()
    assert watch.troubles == []
    return made


def _unit(page: Page, unit: str) -> None:
    page.get_by_test_id("units").get_by_text(unit, exact=True).click()


def open_bones(page: Page, pseudonym: str) -> Locator:
    """The case with its bone sets listed; the 3D view."""
    app.open_case(page, pseudonym)
    page.get_by_test_id("tab-bones").click()
    return app.bones_shown(page)


def compare_with_second(page: Page) -> None:
    page.get_by_test_id("show-1").check()
    page.get_by_test_id("compare-with").click()
    page.get_by_role("option", name="Bones 2 · Imported").click()
    expect(page.get_by_test_id("bone-view")).to_have_attribute("data-compared", "true")


def measured(page: Page) -> None:
    """Distances between both sets, measured now or before."""
    button = page.get_by_test_id("measure-distances")
    if button.is_visible():
        button.click()
    expect(page.get_by_test_id("legend")).to_be_visible(timeout=app.JOB_MS)
    expect(page.get_by_test_id("bone-view")).to_have_attribute("data-compared", "true")


def test_each_set_says_where_it_comes_from_and_how_it_was_aligned(
    surgeon: Profile, two_sets: TwoSets
) -> None:
    page = surgeon.page
    view = open_bones(page, two_sets.pseudonym)
    first, second = page.get_by_test_id("bone-set-1"), page.get_by_test_id("bone-set-2")
    expect(first).to_contain_text("X-ray network")
    expect(first.get_by_test_id("planned-on")).to_be_visible()
    expect(second).to_contain_text("Imported")
    expect(second).to_contain_text("Other 1.0")
    before = app.pixels(view)
    page.get_by_test_id("show-1").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("bone-view")).to_have_attribute("data-bones", "2")
    app.becomes_other(app.bones_shown(page), before, 0.005)
    expect(second).to_contain_text("Sam Surgeon")
    expect(second).to_contain_text("Moved into that of bones 1")
    residual = second.get_by_test_id("residual").inner_text()
    assert 0 < float(residual.split()[1]) < 4 and "tibia" in residual
    # It was moved into the X-rays' frame, so its outlines lie on them.
    expect(page.get_by_test_id("outlines-ap").locator("path")).to_have_count(8)


def test_two_sets_are_laid_over_one_another_and_coloured_by_distance(
    surgeon: Profile, two_sets: TwoSets
) -> None:
    page = surgeon.page
    view = open_bones(page, two_sets.pseudonym)
    compare_with_second(page)
    measured(page)
    table = page.get_by_test_id("distances")
    for bone in ("femur", "tibia"):
        mean, high, sampled, floor, dice = table.locator(f"[data-bone={bone}] td").all_inner_texts()
        assert 0.1 < float(mean) < float(high) < 25
        assert float(floor) < float(sampled) and 60 < float(dice.split()[0]) <= 100
    expect(page.get_by_test_id("legend")).to_contain_text("mm apart")

    slider = page.get_by_test_id("blend").get_by_role("slider")
    slider.focus()
    pictures = []
    for key in ("Home", "End"):
        page.keyboard.press(key)
        pictures.append(app.pixels(view))
    assert app.changed(*pictures) > 0.01, "the slider changes nothing"
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    app.becomes_other(view, pictures[1], 0.002)
    page.keyboard.press("c")
    app.becomes_same(view, pictures[0], 0.001, "C does not flip to the other set")
    page.keyboard.press("c")
    page.get_by_test_id("coloured").uncheck()
    expect(page.get_by_test_id("legend")).to_be_hidden()
    app.becomes_other(view, pictures[1], 0.01, "colours by distance look like no colours")
    page.get_by_test_id("bone-femur").click()
    hidden = app.pixels(view)
    page.get_by_test_id("bone-femur").click()
    app.becomes_other(view, hidden, 0.005)
    assert app.overflow(page) == 0


def test_a_plan_says_on_which_bones_it_stands_and_stays_with_them(
    surgeon: Profile, two_sets: TwoSets
) -> None:
    page = surgeon.page
    surgeon.watch.expected = {400}
    open_bones(page, two_sets.pseudonym)
    page.get_by_test_id("choose-2").click()
    page.get_by_test_id("confirm-act").click()
    expect(page.get_by_test_id("bone-set-2").get_by_test_id("planned-on")).to_be_visible()
    page.get_by_test_id("tab-plan").click()
    expect(page.get_by_test_id("plan-bones")).to_contain_text("Bones 2 · Imported")
    expect(page.get_by_test_id("bone-view")).to_have_attribute("data-bones", "2")
    app.settled(page)
    page.get_by_test_id("save-plan").click()
    expect(page.get_by_test_id("plan-on")).to_have_text("On bones 2")
    expect(page.get_by_test_id("state")).to_have_text("To approve")

    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("choose-1").click()
    page.get_by_test_id("confirm-act").click()
    expect(page.get_by_test_id("state")).to_have_text("To plan")
    page.get_by_test_id("tab-plan").click()
    expect(page.get_by_test_id("plan-bones")).to_contain_text("Bones 1 · X-ray network")
    expect(page.get_by_test_id("plan-on")).to_have_text("On bones 2")
    expect(page.get_by_test_id("approve")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_names_and_contrast_of_a_comparison(profiles: Profiles, two_sets: TwoSets, scheme: str) -> None:
    page = profiles("surgeon").page
    if scheme == "light":
        page.get_by_test_id("theme").click()
    open_bones(page, two_sets.pseudonym)
    compare_with_second(page)
    measured(page)
    check_names_and_contrast(page)
    page.get_by_test_id("add-meshes").click()
    app.choose_files(page, "choose-meshes", two_sets.stl)
    _unit(page, "m")
    expect(page.get_by_test_id("units-complaint")).to_be_visible()
    check_names_and_contrast(page)


def _file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_what_is_wrong_with_meshes_is_said_before_they_are_sent(surgeon: Profile, tmp_path: Path) -> None:
    page = surgeon.page
    shared_data(PERSON)
    app.new_case(page, "E2E-BAD-MESHES", "Left")
    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("add-meshes").click()
    begin, rows = page.get_by_test_id("import-begin"), page.get_by_test_id("mesh-row")
    expect(begin).to_be_disabled()
    egg = trimesh.creation.icosphere(3).apply_scale([35, 25, 60])
    opened = trimesh.Trimesh(egg.vertices, egg.faces[40:], process=False)
    app.choose_files(
        page,
        "choose-meshes",
        [
            _file("tibia.stl", egg.export(file_type="stl")),
            _file("segment_1.stl", opened.export(file_type="stl")),
            _file("letter.docx", b"Dear colleague"),
        ],
    )
    expect(rows.nth(0)).to_contain_text("unit not yet said")
    expect(rows.nth(1)).to_contain_text("Say which bone it is")
    expect(rows.nth(2)).to_contain_text("no STL, OBJ or PLY file")
    page.get_by_role("button", name="Remove letter.docx").click()
    page.get_by_role("combobox", name="Bone in segment_1.stl").click()
    page.get_by_role("option", name="Tibia").click()
    expect(rows.nth(1)).to_contain_text("Another file holds the same bone")
    page.get_by_role("combobox", name="Bone in segment_1.stl").click()
    page.get_by_role("option", name="Femur").click()
    expect(rows.nth(1)).to_contain_text("Not closed")
    _unit(page, "m")
    expect(page.get_by_test_id("units-complaint")).to_contain_text("mm fits")
    _unit(page, "mm")
    # The browser warns; the server refuses, and the dialog with everything in it stays.
    surgeon.watch.expected = {400}
    begin.click()
    error = page.get_by_test_id("import-dialog").get_by_test_id("error-note")
    expect(error).to_have_attribute("data-code", "open_mesh")
    expect(error.get_by_test_id("error-message")).to_contain_text("femur is not closed")
    expect(error.get_by_test_id("error-kept")).to_contain_text("Nothing was stored")
    page.get_by_role("button", name="Remove segment_1.stl").click()
    begin.click()
    expect(page.get_by_test_id("bone-set-1")).to_be_visible(timeout=app.JOB_MS)
    # Alone in the case, the bone keeps its own frame: nothing lies over X-rays that are not there.
    expect(page.get_by_test_id("bone-set-1")).to_contain_text("Its own")
    expect(page.get_by_test_id("no-outlines")).to_be_visible()
    expect(page.get_by_test_id("choose-ap")).to_be_visible()


def test_a_ct_that_cannot_be_used_is_refused_with_words(surgeon: Profile) -> None:
    page = surgeon.page
    app.new_case(page, "E2E-BAD-CT", "Left")
    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("add-ct").click()
    app.choose_files(page, "choose-ct", [_file("letter.docx", b"Dear colleague")])
    expect(page.get_by_test_id("ct-complaint")).to_contain_text("neither a zip")
    expect(page.get_by_test_id("ct-begin")).to_be_disabled()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("letter.txt", "Dear colleague")
    app.choose_files(page, "choose-ct", [_file("ct.zip", stream.getvalue())])
    surgeon.watch.expected = {400}
    page.get_by_test_id("ct-begin").click()
    error = page.get_by_test_id("ct-dialog").get_by_test_id("error-note")
    expect(error).to_have_attribute("data-code", "not_ct")
    expect(error.get_by_test_id("error-remedy")).to_contain_text("Zip the folder")


def test_from_a_zipped_ct_to_bones(surgeon: Profile, tmp_path: Path) -> None:
    series = shared_data("ct/sts_010_dicom")
    if not CT_WEIGHTS.is_file():
        pytest.skip(f"the CT network is not trained yet: {CT_WEIGHTS} is absent")
    packed = tmp_path / "sts_010.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(series.iterdir()):
            archive.write(path, f"series/{path.name}")
    page = surgeon.page
    app.new_case(page, "E2E-CT", "Left")
    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("add-ct").click()
    app.choose_files(page, "choose-ct", [packed])
    page.get_by_test_id("ct-begin").click()
    expect(page.get_by_test_id("ct-dialog")).to_be_hidden(timeout=app.JOB_MS)
    expect(page.get_by_test_id("bone-set-1")).to_be_visible(timeout=app.JOB_MS)
    expect(page.get_by_test_id("bone-set-1")).to_contain_text("CT network")
    expect(page.get_by_test_id("ct-scan")).to_be_visible()
    app.bones_shown(page)
    expect(page.get_by_test_id("bone-tibia")).to_be_visible()
