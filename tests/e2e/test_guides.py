"""The engineer's way: from an approved plan in the queue to a package that was downloaded and verified."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from playwright.sync_api import Browser, Page, expect

from guides.package import verify_package
from tests.e2e import app, chromium, server
from tests.e2e.conftest import DEMO_CASE, Profile, Profiles
from tests.e2e.server import Server
from tests.e2e.test_accessibility import check_names_and_contrast

SIZES = [(1280, 720), (820, 1180)]


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """A server of their own: the demo's case goes all the way here; other tests expect it at its start."""
    if not server.built():
        pytest.skip("frontend/dist is absent: run `make setup` to build the pages")
    with server.running(tmp_path_factory.mktemp("var"), demo_resolution=128) as running:
        yield running


@pytest.fixture(scope="module")
def approved(browser: Browser, served: Server) -> str:
    """The demo's case with a plan that its surgeon has approved."""
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    app.open_case(page, DEMO_CASE)
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    app.set_correction(page, 8)
    app.save_and_approve(page, served)
    expect(page.get_by_test_id("state")).to_have_text("To design")
    context.close()
    assert watch.troubles == []
    return DEMO_CASE


def choose(page: Page, group: str, preset: str) -> None:
    """A preset in its group."""
    page.get_by_role("combobox", name=group, exact=True).click()
    page.get_by_role("option", name=preset).click()


def design(page: Page, reason: str = "") -> None:
    """Ask for a design and wait until it is on the screen."""
    before = page.get_by_test_id("design-page").get_attribute("data-guide") or "0"
    if reason:
        page.get_by_test_id("design-reason").fill(reason)
    page.get_by_test_id("design").click()
    app.wait_for_job(page)
    expect(page.get_by_test_id("design-page")).to_have_attribute("data-guide", str(int(before) + 1))


def open_design(page: Page, version: int) -> None:
    """From the queue to one design."""
    page.goto("/guides")
    page.get_by_test_id(f"design-{DEMO_CASE}-{version}").click()
    expect(page.get_by_test_id("guide-view")).to_have_attribute("data-complete", "true", timeout=60_000)


@pytest.fixture(scope="module")
def blocked(browser: Browser, served: Server, approved: str) -> int:
    """A first design, made through the page with a material that its sterilisation would harm."""
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "engineer")
    page.get_by_role("link", name="Guides", exact=True).click()
    page.get_by_test_id(f"waiting-{approved}").click()
    choose(page, "Material", "Surgical guide resin")
    choose(page, "Sterilisation", "Steam, 134 C")
    expect(page.get_by_text("is not known to withstand")).to_be_visible()
    page.get_by_test_id("design").click()
    expect(page.get_by_test_id("job")).to_be_visible()
    # The task lives on the server: a reload finds it again.
    page.reload()
    expect(page.get_by_test_id("job").or_(page.get_by_test_id("release"))).to_be_visible()
    expect(page.get_by_test_id("design-page")).to_have_attribute("data-guide", "1", timeout=app.JOB_MS)
    context.close()
    assert watch.troubles == []
    return 1


@pytest.fixture(scope="module")
def designed(browser: Browser, served: Server, blocked: int) -> int:
    """A second design that may be printed."""
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "engineer")
    open_design(page, blocked)
    choose(page, "Material", "Polyamide 12")
    design(page, "Withstands the cycle")
    context.close()
    assert watch.troubles == []
    return 2


@pytest.fixture(scope="module")
def other_bones(
    browser: Browser, served: Server, designed: int, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The same knee as other software saw it: its surface in waves, in a frame of its own."""
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    app.open_case(page, DEMO_CASE)
    found = re.search(r"/cases/([0-9a-f-]{36})", page.url)
    assert found
    (bone_set,) = page.request.get(f"{served.url}/api/cases/{found[1]}/").json()["bone_sets"]
    motion = trimesh.transformations.rotation_matrix(np.radians(5), [1, 0.3, 0.2])
    motion[:3, 3] = [20, -10, 30]
    folder, paths = tmp_path_factory.mktemp("other"), []
    for bone in ("tibia", "femur", "fibula"):
        ply = page.request.get(f"{served.url}/api/bone-sets/{bone_set['id']}/meshes/{bone}.ply").body()
        mesh = trimesh.load_mesh(io.BytesIO(ply), file_type="ply")
        mesh.vertices += 0.5 * np.sin(mesh.vertices[:, 2:] / 7) * mesh.vertex_normals
        paths.append(folder / f"{bone}.stl")
        mesh.apply_transform(motion).export(paths[-1])
    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("add-meshes").click()
    app.choose_files(page, "choose-meshes", paths)
    page.get_by_test_id("units").get_by_text("mm", exact=True).click()
    page.get_by_test_id("software").fill("Other 1.0")
    page.get_by_test_id("import-begin").click()
    expect(page.get_by_test_id("bone-set-2")).to_be_visible(timeout=app.JOB_MS)
    context.close()
    assert watch.troubles == []
    return "Bones 2 · Imported"


@pytest.fixture
def engineer(profiles: Profiles, designed: int) -> Profile:
    return profiles("engineer")


def test_a_blocked_design_says_why_and_gives_nothing_away(engineer: Profile, blocked: int) -> None:
    page = engineer.page
    open_design(page, blocked)
    blocking = page.get_by_test_id("checks").locator("[data-status=block]")
    expect(blocking.first).to_contain_text("Next:")
    expect(page.get_by_test_id("not-exportable")).to_be_visible()
    expect(page.get_by_test_id("sign")).to_have_count(0)
    expect(page.get_by_test_id("download-package")).to_have_count(0)


def test_three_scores_with_their_reasons(engineer: Profile, designed: int) -> None:
    page = engineer.page
    open_design(page, designed)
    reasons = set()
    for name in ("fitting", "stability", "accuracy"):
        dial = page.get_by_test_id(f"dial-{name}")
        assert 1 <= int(dial.get_attribute("data-score") or 0) <= 6
        dial.click()
        reasons.add(page.get_by_test_id("reason").inner_text())
    assert len(reasons) == 3 and all(len(reason) > 40 for reason in reasons)


def test_the_view_shows_guide_gaps_sections_and_places(engineer: Profile, designed: int) -> None:
    page = engineer.page
    open_design(page, designed)
    view = page.get_by_test_id("guide-view")
    plain = app.pixels(view)
    view.focus()
    page.keyboard.press("g")
    expect(page.get_by_test_id("gap-legend")).to_be_visible()
    app.becomes_other(view, plain, 0.02, "the gaps change nothing")
    page.keyboard.press("g")
    page.keyboard.press("w")
    app.becomes_other(view, plain, 0.005, "hiding the wires changes nothing")
    page.keyboard.press("w")
    page.get_by_test_id("section").get_by_text("Cut across").click()
    across = app.becomes_other(view, plain, 0.05, "a section changes nothing")
    page.get_by_role("slider", name="Section").press("ArrowRight")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    app.becomes_other(view, across, 0.002, "the section stays where it was")
    page.get_by_test_id("section").get_by_text("Whole").click()
    page.keyboard.press("r")
    again = app.pixels(view)
    page.get_by_label("Show where:").first.click()
    app.becomes_other(view, again, 0.05, "the camera did not go to the place")


def test_the_c_arm_turns(engineer: Profile, designed: int) -> None:
    page = engineer.page
    open_design(page, designed)
    page.get_by_test_id("medium").get_by_text("Fluoroscopy").click()
    film = page.get_by_test_id("fluoroscopy")
    expect(film).to_have_attribute("data-ready", "true", timeout=60_000)
    front = app.pixels(film)
    assert 0.02 < float((front.mean(axis=2) > 60).mean()) < 0.7, "no bone in the picture"
    thumb = page.get_by_role("slider", name="C-arm")
    thumb.press("ArrowRight")
    expect(page.get_by_test_id("c-arm-angle")).to_have_text("5°")
    thumb.press("PageUp")
    expect(film).to_have_attribute("data-ready", "true", timeout=60_000)
    app.becomes_other(film, front, 0.01)


def test_two_designs_side_by_side_turn_together(engineer: Profile, designed: int, blocked: int) -> None:
    page = engineer.page
    open_design(page, designed)
    page.get_by_test_id("compare").click()
    page.get_by_test_id(f"compare-{blocked}").click()
    first, second = page.get_by_test_id("first-view"), page.get_by_test_id("second-view")
    for view in (first, second):
        expect(view).to_have_attribute("data-complete", "true", timeout=60_000)
    expect(page.get_by_test_id("cut-difference")).to_contain_text("The slots differ by")
    expect(page.get_by_test_id("compared-checks")).to_contain_text("blocks")
    expect(page.get_by_test_id("compared-scores")).to_contain_text("Fitting")
    before = app.pixels(second)
    first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    app.becomes_other(second, before, 0.02, "the other view stays behind")


def try_on(page: Page, version: int, bones: str) -> None:
    """Have the simulated surgeon put a design on other bones."""
    open_design(page, version)
    own = page.get_by_test_id("reason").inner_text()
    page.get_by_test_id("judged-on").click()
    page.get_by_role("option", name=bones).click()
    expect(page.get_by_test_id("not-tried")).to_be_visible()
    expect(page.get_by_test_id("scores")).to_have_count(0)  # those of its own bones are not these
    page.get_by_test_id("try-guide").click()
    app.wait_for_job(page)
    expect(page.get_by_test_id("tried")).to_be_visible()
    assert page.get_by_test_id("reason").inner_text() != own


def test_designs_are_put_on_other_bones_and_compared_there(
    engineer: Profile, designed: int, blocked: int, other_bones: str
) -> None:
    page = engineer.page
    try_on(page, designed, other_bones)
    view = page.get_by_test_id("guide-view")
    view.focus()
    page.keyboard.press("g")
    expect(view).to_have_attribute("data-complete", "true")
    there = app.pixels(view)
    page.get_by_test_id("judged-on").click()
    page.get_by_role("option", name="its own").click()
    expect(page.get_by_test_id("tried")).to_have_count(0)
    # The other contact face comes over the network.
    page.wait_for_load_state("networkidle")
    app.becomes_other(view, there, 0.005, "the gaps on both bones look alike")

    try_on(page, blocked, other_bones)
    page.get_by_test_id("compare").click()
    page.get_by_test_id(f"compare-{designed}").click()
    expect(page.get_by_test_id("cut-difference")).to_contain_text("The slots differ by")
    page.get_by_test_id("compared-on").click()
    page.get_by_role("option", name=f"Both on {other_bones.lower()}").click()
    expect(page.get_by_test_id("cut-difference")).to_contain_text("at rest on these bones")
    expect(page.get_by_test_id("compared-scores")).to_contain_text("Fitting")


def test_a_preset_of_the_site(engineer: Profile, designed: int) -> None:
    page = engineer.page
    open_design(page, designed)
    page.get_by_label("Saw blade thickness", exact=True).fill("1.1")
    page.get_by_label("Saw blade thickness", exact=True).press("Tab")
    page.get_by_test_id("presets-open").click()
    page.get_by_test_id("preset-name").fill("Blade of theatre 2")
    page.get_by_test_id("preset-source").fill("Measured at the teeth")
    page.get_by_test_id("preset-save").click()
    expect(page.get_by_test_id("preset-dialog")).to_have_count(0)
    expect(page.get_by_test_id("job")).to_have_count(0)  # adding a preset designs nothing
    choose(page, "Saw blade", "Blade of theatre 2")
    expect(page.get_by_test_id("unchange")).to_have_count(0)  # what was typed is what the preset says


@pytest.mark.parametrize("size", SIZES, ids=["laptop", "tablet"])
def test_it_fits_the_screen_and_can_be_read(profiles: Profiles, designed: int, size: tuple[int, int]) -> None:
    page = profiles("engineer", viewport={"width": size[0], "height": size[1]}).page
    for scheme in ("dark", "light"):
        page.goto("/guides")
        expect(page.get_by_test_id("guides-page")).to_be_visible()
        if scheme == "light":
            page.get_by_test_id("theme").click()
        assert app.overflow(page) == 0
        check_names_and_contrast(page)
        open_design(page, designed)
        assert app.overflow(page) == 0
        check_names_and_contrast(page)


def test_signed_off_downloaded_and_verified(
    profiles: Profiles, designed: int, served: Server, tmp_path: Path
) -> None:
    surgeon = profiles("surgeon")
    app.open_case(surgeon.page, DEMO_CASE)
    expect(surgeon.page.get_by_test_id("download-package")).to_have_count(0)
    engineer = profiles("engineer")
    engineer.watch.expected = {400}
    page = engineer.page
    open_design(page, designed)
    app.sign(page, "sign", "not the password")
    expect(page.get_by_test_id("sign-dialog").get_by_test_id("error-note")).to_be_visible()
    app.sign(page, "sign", served.password)
    expect(page.get_by_test_id("guide-state")).to_have_text("Signed off")
    with page.expect_download() as download:
        page.get_by_test_id("download-package").click()
    assert re.fullmatch(rf"{DEMO_CASE}-[LR]-v{designed}-package\.zip", download.value.suggested_filename)
    download.value.save_as(tmp_path / "package.zip")
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        archive.extractall(tmp_path)
    assert verify_package(tmp_path / "package") == []
    assert "Signed off by Erin Engineer" in (tmp_path / "RELEASE.txt").read_text()
    (printed,) = (tmp_path / "package").glob("*-guide.stl")
    guide = trimesh.load_mesh(printed)
    assert guide.is_watertight and guide.body_count == 1 and guide.volume > 1000
    # The surgeon's page, open all the while, has followed.
    expect(surgeon.page.get_by_test_id("download-package")).to_be_visible()


def test_contact_is_painted_undone_and_designed(engineer: Profile, designed: int) -> None:
    page = engineer.page
    open_design(page, designed)
    view = page.get_by_test_id("guide-view")
    page.get_by_test_id("paint-mode").get_by_text("Take away").click()
    clean = app.pixels(view)
    box = view.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=10)
    page.mouse.up()
    painting = page.get_by_test_id("painting")
    expect(painting).to_contain_text("take contact away")
    app.becomes_other(view, clean, 0.002, "nothing is seen of the strokes")
    strokes = painting.get_attribute("data-strokes") or ""
    assert int(strokes) > 1
    page.get_by_test_id("paint-undo").click()
    expect(painting).to_have_attribute("data-strokes", "0")
    page.get_by_role("button", name="Redo the stroke").click()
    expect(painting).to_have_attribute("data-strokes", strokes)
    design(page, "Bridges a place that was painted")
    # The new design brings its own strokes back from the server.
    expect(page.get_by_test_id("painting")).to_have_attribute("data-strokes", strokes)


def test_contact_is_added_by_painting(engineer: Profile, designed: int) -> None:
    """A stroke right across the lower part of the bone: the guide grows beyond its edge."""
    page = engineer.page
    open_design(page, designed)
    # Without the design's own id: the newest one, whichever other tests have made.
    page.goto(page.url.rsplit("/", 1)[0])
    view = page.get_by_test_id("guide-view")
    expect(view).to_have_attribute("data-complete", "true", timeout=60_000)
    page.get_by_test_id("paint-mode").get_by_text("Add contact").click()
    clean = app.pixels(view)
    box = view.bounding_box()
    assert box is not None
    middle, low = box["x"] + box["width"] / 2, box["y"] + 0.68 * box["height"]
    page.mouse.move(middle - 0.12 * box["width"], low)
    page.mouse.down()
    page.mouse.move(middle + 0.17 * box["width"], low, steps=20)
    page.mouse.up()
    painting = page.get_by_test_id("painting")
    expect(painting).to_contain_text("add contact")
    app.becomes_other(view, clean, 0.002, "nothing is seen of the strokes")
    before = _report(page)
    design(page, "More contact below")
    after = _report(page)
    assert any(stroke["add"] for stroke in after["painting"])
    assert _outline_area(after) > _outline_area(before) + 20


def test_a_guide_of_a_superseded_plan_is_marked_and_must_be_asked_for_by_name(
    profiles: Profiles, designed: int, served: Server, tmp_path: Path
) -> None:
    engineer = profiles("engineer")
    page = engineer.page
    open_design(page, designed)
    if page.get_by_test_id("sign").is_visible():
        app.sign(page, "sign", served.password)
    address = page.get_by_test_id("download-stl").get_attribute("href") or ""
    assert "superseded_by" not in address
    assert page.request.get(address).ok
    # The surgeon approves another plan while the engineer looks at the guide.
    surgeon = profiles("surgeon").page
    app.open_case(surgeon, DEMO_CASE)
    surgeon.get_by_test_id("tab-plan").click()
    app.settled(surgeon)
    app.set_correction(surgeon, 9.5)
    app.save_and_approve(surgeon, served)
    # The queue says so, the open page has followed, and the link that was there is gone.
    warning = page.get_by_test_id("guide-superseded")
    expect(warning).to_contain_text("superseded by revision 2")
    expect(page.get_by_test_id("download-package")).to_have_count(0)
    refused = page.request.get(address)
    assert refused.status == 409 and refused.json()["error"]["code"] == "plan_superseded"
    assert page.request.get(f"{address}?superseded_by=1").status == 409, "another revision than that"
    page.goto("/guides")
    row = page.get_by_test_id(f"design-{DEMO_CASE}-{designed}")
    expect(row.get_by_test_id("superseded")).to_have_text("Its plan was superseded by revision 2.")
    check_names_and_contrast(page)
    row.click()
    expect(warning).to_be_visible()
    # Who wants it all the same says so, and the file says it too.
    page.get_by_test_id("take-superseded").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("superseded by revision 2")
    check_names_and_contrast(page)
    dialog.get_by_role("button", name="Keep it as it is").click()
    expect(page.get_by_test_id("download-package")).to_have_count(0)
    page.get_by_test_id("take-superseded").click()
    dialog.get_by_role("button", name="I know: show its files").click()
    with page.expect_download() as download:
        page.get_by_test_id("download-package").click()
    assert download.value.url.endswith("?superseded_by=2")
    name = rf"{DEMO_CASE}-[LR]-v{designed}-SUPERSEDED-package\.zip"
    assert re.fullmatch(name, download.value.suggested_filename)
    download.value.save_as(tmp_path / "package.zip")
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        assert any("SUPERSEDED" in entry for entry in archive.namelist())
        assert archive.read("RELEASE.txt").decode().startswith("SUPERSEDED.")


def _report(page: Page) -> dict[str, Any]:
    """The report of the design that is shown."""
    case = re.search(r"/cases/([0-9a-f-]{36})", page.url)
    assert case
    version = int(page.get_by_test_id("design-page").get_attribute("data-guide") or 0)
    guides = page.request.get(f"/api/cases/{case[1]}/").json()["guides"]
    found: dict[str, Any] = next(guide["report"] for guide in guides if guide["version"] == version)
    return found


def _outline_area(report: dict[str, Any]) -> float:
    """mm2 by the shoelace formula."""
    u, v = np.array(report["footprint"]["outline"]).T
    return abs(float(u @ np.roll(v, -1) - v @ np.roll(u, -1))) / 2
