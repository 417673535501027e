"""One server, one browser and one reconstruction for all browser tests; a fresh browser profile for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.data import FOLDER, ROOT
from tests.e2e import app, chromium, server

DEMO = ROOT / "recon" / "assets" / "demo"
DEMO_CASE = "DEMO-001"
REAL_CT = FOLDER / "ct" / "sts_010_dicom"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Package scope: Playwright's event loop must be gone before other packages run asynchronous tests.
    if chromium.EXECUTABLE is None:
        pytest.skip(
            "no Chromium on this machine: install it (Debian: apt install chromium) to run the browser tests"
        )
    with chromium.launched() as launched:
        yield launched


@pytest.fixture(scope="package")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    if not server.built():
        pytest.skip("frontend/dist is absent: run `make setup` to build the pages")
    with server.running(tmp_path_factory.mktemp("var"), demo_resolution=128) as running:
        yield running


@dataclass
class Profile:
    """One person's browser: pages, and what must not have happened in them."""

    context: BrowserContext
    watch: chromium.Watch
    page: Page


Profiles = Callable[..., Profile]


@pytest.fixture
def profiles(browser: Browser, served: server.Server) -> Iterator[Profiles]:
    """Makes browser profiles, logged in as somebody or not; afterwards none may have seen trouble."""
    made: list[Profile] = []

    def make(username: str | None = None, **options: Any) -> Profile:
        context, watch = chromium.context(browser, served.url, **options)
        profile = Profile(context, watch, context.new_page())
        made.append(profile)
        if username:
            app.log_in(profile.page, served, username)
        return profile

    yield make
    for profile in made:
        profile.context.close()
    assert [trouble for profile in made for trouble in profile.watch.troubles] == []


@pytest.fixture
def surgeon(profiles: Profiles) -> Profile:
    return profiles("surgeon")


@dataclass(frozen=True)
class Xrays:
    """An AP and a lateral X-ray that belong together."""

    ap: Path
    lateral: Path
    side: Literal["Left", "Right"]
    real: bool


@pytest.fixture(scope="package")
def demo_xrays() -> Xrays:
    return Xrays(DEMO / "ap.dcm", DEMO / "lateral.dcm", _side(DEMO / "ap.dcm"), real=False)


@pytest.fixture(scope="package")
def xrays(demo_xrays: Xrays, tmp_path_factory: pytest.TempPathFactory) -> Xrays:
    """X-rays of a real person's CT; of the demo's virtual person where the CT is absent."""
    if not REAL_CT.is_dir():
        return demo_xrays
    from recon.cli import main

    folder = tmp_path_factory.mktemp("drr")
    assert main(["drr", "--ct", str(REAL_CT), "--out", str(folder)]) == 0
    return Xrays(folder / "ap.dcm", folder / "lateral.dcm", "Left", real=True)


def _side(path: Path) -> Literal["Left", "Right"]:
    import pydicom

    marked = pydicom.dcmread(path, stop_before_pixels=True).get("ImageLaterality")
    return "Right" if marked == "R" else "Left"


@dataclass
class Reconstructed:
    """A case with bones, and what the page showed on the way."""

    pseudonym: str
    percents: list[int] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    percent_before_reload: int = 0
    percent_after_reload: int = 0


@pytest.fixture(scope="package")
def reconstructed(browser: Browser, served: server.Server, xrays: Xrays) -> Reconstructed:
    """Goes from the log-in to four bones through the page, reloading once on the way."""
    context, watch = chromium.context(browser, served.url)
    page = context.new_page()
    app.log_in(page, served, "surgeon")
    case = Reconstructed("E2E-WHOLE-WAY")
    app.new_case(page, case.pseudonym, xrays.side)
    app.upload(page, "ap", xrays.ap)
    app.upload(page, "lateral", xrays.lateral)
    page.get_by_test_id("reconstruct").click()
    job = page.get_by_test_id("job")
    expect(job).to_be_visible()
    reloaded = False
    while job.is_visible():
        percent, stage = app.progress(page)
        case.percents.append(percent)
        case.stages.append(stage)
        if percent > 0 and not reloaded:
            reloaded = True
            case.percent_before_reload = percent
            page.reload()
            expect(page.get_by_test_id("next-step")).to_be_visible()
            case.percent_after_reload = app.progress(page)[0] if job.is_visible() else 100
        page.wait_for_timeout(300)
    app.bones_shown(page)
    context.close()
    assert watch.troubles == []
    return case
