"""A long-leg film: uploaded, measured by mouse, by keys and by finger, and used by the plan."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.data import FOLDER
from tests.e2e import app, chromium
from tests.e2e.conftest import Profile, Profiles
from tests.e2e.leg_films import LegFilm, take_film
from tests.e2e.server import Server
from tests.e2e.test_accessibility import check_names_and_contrast
from tests.guides.synthetic import synthetic_leg, write_leg

REAL_LEG = FOLDER / "bones" / "hubmap_vhm_l"
CASE = "FILM-001"


@pytest.fixture(scope="module")
def leg_film(tmp_path_factory: pytest.TempPathFactory) -> LegFilm:
    """Of a real person's whole left leg; of a leg built from ellipses where the bones are absent."""
    folder = tmp_path_factory.mktemp("film")
    bones = REAL_LEG if REAL_LEG.is_dir() else write_leg(folder / "bones", synthetic_leg("L"))
    return take_film(bones, "L", folder / "long-leg.dcm")


@pytest.fixture(scope="module")
def planned_case(browser: Browser, served: Server, leg_film: LegFilm) -> str:
    """A case of this file alone, with the bones of the film and without plans."""
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    app.new_case(page, CASE, "Left")
    page.get_by_test_id("tab-bones").click()
    page.get_by_test_id("add-meshes").click()
    app.choose_files(page, "choose-meshes", sorted(leg_film.bones.glob("*.ply")))
    page.get_by_test_id("units").get_by_text("mm", exact=True).click()
    page.get_by_test_id("import-begin").click()
    expect(page.get_by_test_id("import-dialog")).to_be_hidden()
    expect(page.get_by_test_id("bone-set-1")).to_be_visible(timeout=app.JOB_MS)
    context.close()
    assert watch.troubles == []
    return CASE


# The marks of the film as a reading of the case, where it has none.
MEASURE = """async ([name, points]) => {
  const json = async (address, options) => (await fetch(address, options)).json();
  const {results} = await json(`/api/cases/?search=${name}`);
  const {leg_film: film, film_reading: reading} = await json(`/api/cases/${results[0].id}/`);
  const {csrf_token: token} = await json('/api/session/');
  const body = JSON.stringify({points, mirrored: false});
  const headers = {'X-CSRFToken': token, 'Content-Type': 'application/json'};
  if (!reading) await json(`/api/leg-films/${film.id}/readings/`, {method: 'POST', headers, body});
}"""


@pytest.fixture(scope="module")
def measured_case(browser: Browser, served: Server, planned_case: str, leg_film: LegFilm) -> str:
    """The same case with its film and a reading, whichever test comes first."""
    context, _ = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    to_film(page)
    if page.get_by_test_id("choose-film").is_visible():
        choose(page, leg_film.path)
    ready(page)
    page.evaluate(MEASURE, [CASE, {name: list(place) for name, place in leg_film.marks.items()}])
    context.close()
    return planned_case


def opened(profile: Profile) -> Page:
    """The film's window, from the worklist."""
    to_film(profile.page)
    return profile.page


def to_film(page: Page) -> None:
    app.open_case(page, CASE)
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    page.get_by_test_id("technique-open").click()
    page.get_by_test_id("film-open").click()
    expect(page.get_by_test_id("film-drop").or_(page.get_by_test_id("film"))).to_be_visible()


def ready(page: Page) -> Locator:
    film = page.get_by_test_id("film")
    expect(film).to_have_attribute("data-ready", "true", timeout=60_000)
    return film


def on_screen(film: Locator, place: tuple[float, float]) -> tuple[float, float]:
    """Where a pixel of the film is in the window."""
    box = film.bounding_box()
    assert box
    scale, left, top = (
        float(film.get_attribute(f"data-{name}") or "nan") for name in ("scale", "left", "top")
    )
    return box["x"] + left + scale * place[0], box["y"] + top + scale * place[1]


def near(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    """Enlarge the film about a place, as a careful reader does; gives where it is then."""
    film = ready(page)
    page.get_by_label("The whole film").click()
    page.mouse.move(*on_screen(film, place))
    before = film.get_attribute("data-scale")
    page.mouse.wheel(0, -700)
    expect(film).not_to_have_attribute("data-scale", before or "")
    return on_screen(film, place)


def joint_of(mark: str) -> str:
    return "hip" if mark.startswith("femoral_head") else "ankle" if mark.startswith("talus") else "knee"


def angle(page: Page, name: str) -> float:
    text = page.get_by_test_id(f"film-{name}").locator("dd").inner_text()
    return float(text.rstrip("°").replace("−", "-"))


def choose(page: Page, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id("choose-film").click()
    chooser.value.set_files(path)


def test_a_film_is_measured_and_the_plan_follows(
    surgeon: Profile, planned_case: str, leg_film: LegFilm, tmp_path: Path
) -> None:
    surgeon.watch.expected = {400}
    page = opened(surgeon)
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"Dear colleague")
    choose(page, letter)
    expect(page.get_by_test_id("film-refused")).to_contain_text("neither a DICOM file nor a PNG or JPEG")
    check_names_and_contrast(page)
    choose(page, leg_film.path)
    ready(page)
    # The points in their order, each with a click where the landmark of the bone is seen.
    for _, joint in groupby(leg_film.marks.items(), key=lambda mark: joint_of(mark[0])):
        marks = list(joint)
        near(page, marks[0][1])
        for name, place in marks:
            expect(page.get_by_test_id(f"film-point-{name}")).to_have_attribute("aria-current", "step")
            page.mouse.click(*on_screen(ready(page), place))
            expect(page.get_by_test_id(f"film-mark-{name}")).to_be_attached()
    check_names_and_contrast(page)
    for name, within in (("HKA", 1.0), ("JLCA", 1.0), ("mLDFA", 1.5), ("mMPTA", 1.5)):
        assert angle(page, name) == pytest.approx(leg_film.measures[name], abs=within), name
    # A left leg on a film that is not mirrored; who says otherwise is asked to look again.
    page.get_by_test_id("film-mirrored").check(force=True)
    expect(page.get_by_test_id("film-side")).to_contain_text("those of a right leg")
    expect(page.get_by_test_id("film-use")).to_be_disabled()
    page.get_by_test_id("film-mirrored").uncheck(force=True)
    measured = {name: angle(page, name) for name in ("HKA", "JLCA")}
    page.get_by_test_id("film-use").click()
    expect(page.get_by_test_id("film-dialog")).to_have_count(0)
    app.settled(page)
    for name, value in measured.items():
        row = page.locator(f"[data-measure={name}]")
        expect(row).to_have_attribute("data-provenance", "measured")
        assert float(row.locator("td").first.inner_text().split("°")[0].replace("−", "-")) == pytest.approx(
            value, abs=0.051
        )
    # Saved and loaded again it is measured still; another angle makes it typed, and undo measured again.
    page.get_by_test_id("save-plan").click()
    expect(page.get_by_text("revision 1 is saved")).to_be_visible()
    page.reload()
    app.settled(page)
    page.get_by_test_id("technique-open").click()
    expect(page.get_by_test_id("film-source")).to_have_text("Measured by Sam Surgeon")
    page.get_by_label("HKA on the film").fill("172")
    page.get_by_label("HKA on the film").press("Enter")
    expect(page.get_by_test_id("film-source")).to_have_text("Typed")
    page.keyboard.press("Escape")
    page.get_by_test_id("undo").click()
    page.get_by_test_id("technique-open").click()
    expect(page.get_by_test_id("film-source")).to_contain_text("Measured")


def test_marks_are_moved_by_mouse_and_keys_and_taken_back(
    surgeon: Profile, measured_case: str, leg_film: LegFilm
) -> None:
    page = opened(surgeon)
    film = ready(page)
    before = angle(page, "HKA")
    # The notch 20 pixels of the film towards the patient's left: lateral, hence HKA falls.
    grip = near(page, leg_film.marks["femoral_notch"])
    scale = float(film.get_attribute("data-scale") or "nan")
    page.mouse.move(*grip)
    page.mouse.down()
    page.mouse.move(grip[0] + 20 * scale, grip[1], steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("film-HKA").locator("dd")).not_to_have_text(f"{before:.1f}°")
    dragged = angle(page, "HKA")
    assert dragged == pytest.approx(before - 1.05, abs=0.25)
    film.focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowLeft")
    assert angle(page, "HKA") == pytest.approx(before, abs=0.15)
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert angle(page, "HKA") == before
    page.keyboard.press("Control+y")
    assert angle(page, "HKA") == dragged
    page.keyboard.press("Control+z")


def test_by_keys_alone(profiles: Profiles, measured_case: str, leg_film: LegFilm) -> None:
    """Every point is put about where a leg has it and can be moved from there."""
    page = opened(profiles("surgeon"))
    film = ready(page)
    page.get_by_test_id("film-clear").click()
    expect(page.get_by_test_id("film-use")).to_have_text("11 points to place")
    film.focus()
    for index in range(11):
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("PageDown")
        left = 10 - index
        text = "Use these angles" if left == 0 else f"{left} {'point' if left == 1 else 'points'} to place"
        expect(page.get_by_test_id("film-use")).to_have_text(text)
    assert 170 < angle(page, "HKA") < 190
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("film-dialog")).to_have_count(0)


def test_by_finger_on_a_tablet(profiles: Profiles, measured_case: str, leg_film: LegFilm) -> None:
    profile = profiles("surgeon", viewport={"width": 820, "height": 1180}, has_touch=True)
    page = opened(profile)
    film = ready(page)
    assert app.overflow(page) == 0
    page.get_by_test_id("film-clear").click()
    place = leg_film.marks["femoral_head_1"]
    page.touchscreen.tap(*on_screen(film, place))
    expect(page.get_by_test_id("film-mark-femoral_head_1")).to_be_attached()
    expect(page.get_by_test_id("film-point-femoral_head_2")).to_have_attribute("aria-current", "step")
