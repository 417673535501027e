"""What a person does in the application, one function an act, by the names that the page itself gives."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, TimeoutError, expect

from tests.e2e.server import Server

View = Literal["ap", "lateral"]
File = Path | FilePayload
JOB_MS = 240_000
PICTURE_S = 20.0
TWO_FRAMES = (
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
)

# The machine may be busy with other work; waiting longer costs nothing where nothing is wrong.
expect.set_options(timeout=20_000)


def log_in(page: Page, server: Server, username: str) -> None:
    """From anywhere to the first page of ``username``."""
    page.goto("/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(server.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_test_id("account")).to_be_visible()


def new_case(page: Page, pseudonym: str, side: Literal["Left", "Right"], *, urgent: bool = False) -> None:
    """Begin a case on the worklist and stay on its page."""
    page.goto("/")
    page.get_by_role("button", name="New case").first.click()
    page.get_by_label("Pseudonym").fill(pseudonym)
    page.get_by_text(f"{side} knee").click()
    if urgent:
        page.get_by_label("Urgent").check()
    page.get_by_role("button", name="Start the case").click()
    expect(page.get_by_test_id("case-title")).to_have_text(pseudonym)


def upload(page: Page, view: View, file: File) -> None:
    """Choose a file for a view, or another one for a view that has an image, and wait for the verdict."""
    replacing = page.get_by_test_id(f"replace-{view}").is_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id(f"{'replace' if replacing else 'choose'}-{view}").click()
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/images/")
    ):
        chooser.value.set_files(file)
        if replacing:
            page.get_by_role("button", name="Replace it").click()
    expect(page.get_by_test_id(f"uploading-{view}")).to_be_hidden()


def open_case(page: Page, pseudonym: str) -> None:
    """From the worklist to a case."""
    page.goto("/")
    page.get_by_test_id(f"case-{pseudonym}").click()
    expect(page.get_by_test_id("case-title")).to_have_text(pseudonym)


def wait_for_job(page: Page) -> None:
    """Until the running job has ended, however it ended."""
    expect(page.get_by_test_id("job")).to_be_visible()
    expect(page.get_by_test_id("job")).to_be_hidden(timeout=JOB_MS)


def progress(page: Page) -> tuple[int, str]:
    """Percentage and stage of the running job; (100, "") when it has just ended."""
    while page.get_by_test_id("job").is_visible():
        try:
            percent = page.get_by_test_id("job-percent").inner_text(timeout=1000)
            return int(percent.split()[0]), page.get_by_test_id("job-stage").inner_text(timeout=1000)
        except TimeoutError:
            continue  # a busy machine is slow to draw a page; it has not ended for that
    return 100, ""


def bones_shown(page: Page) -> Locator:
    """The 3D view once every bone of the case is in it."""
    view = page.get_by_test_id("bone-view")
    expect(view).to_have_attribute("data-complete", "true", timeout=30_000)
    return view


def choose_files(page: Page, button: str, files: Sequence[File]) -> None:
    """Give files to the file chooser behind a button."""
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id(button).click()
    chooser.value.set_files(list(files))  # type: ignore[arg-type]


def set_correction(page: Page, degrees: float) -> None:
    """Type a correction and wait for the server's numbers."""
    box = page.get_by_test_id("correction-input")
    box.fill(str(degrees))
    box.press("Enter")
    settled(page)


def sign(page: Page, act: Literal["approve", "sign"], password: str) -> None:
    """Approve a plan, or sign off a guide, with a password; the dialog may be open already."""
    answer = page.get_by_test_id(f"{act}-password")
    if not answer.is_visible():
        page.get_by_test_id(act).click()
    answer.fill(password)
    page.get_by_test_id(f"{act}-confirm").click()


def save_and_approve(page: Page, server: Server) -> None:
    """Save the plan on the screen and approve it."""
    page.get_by_test_id("save-plan").click()
    sign(page, "approve", server.password)
    expect(page.get_by_test_id("approve-password")).to_be_hidden()


def settled(page: Page) -> None:
    """Until the measures are those of the correction on the slider."""
    # A slider tells the page where it was put with the next frame.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(page.get_by_test_id("measures")).to_have_attribute("data-settled", "true", timeout=30_000)


def pixels(target: Locator) -> np.ndarray:
    """What the element looks like once it rests, rows x columns x RGB.

    What a key or a pointer asked for is drawn with the next frames, and a machine with other work is slow to
    draw them: the picture is taken when two of them, some time apart, are the same.
    """
    page = target.page
    page.evaluate(TWO_FRAMES)
    picture = _screenshot(target)
    deadline = time.monotonic() + PICTURE_S
    while time.monotonic() < deadline:
        page.wait_for_timeout(200)
        page.evaluate(TWO_FRAMES)
        earlier, picture = picture, _screenshot(target)
        if np.array_equal(earlier, picture):
            break
    return picture


def _screenshot(target: Locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(target.screenshot())).convert("RGB")).astype(int)


def becomes_other(
    target: Locator, than: np.ndarray, share: float, why: str = "nothing changed"
) -> np.ndarray:
    """Wait until more than ``share`` of an element's pixels differ from a picture of it; gives the new one.

    Raises:
        AssertionError: after ``PICTURE_S`` the picture is still the same.
    """
    return _becomes(target, than, lambda now: now > share, f"{why}: not more than {share:.1%} is another")


def becomes_same(target: Locator, as_: np.ndarray, share: float, why: str = "it changed") -> np.ndarray:
    """Wait until less than ``share`` of the element's pixels differ from a picture of it.

    Raises:
        AssertionError: after ``PICTURE_S`` the picture is still another.
    """
    return _becomes(target, as_, lambda now: now < share, f"{why}: not less than {share:.1%} is another")


def _becomes(
    target: Locator, earlier: np.ndarray, enough: Callable[[float], bool], complaint: str
) -> np.ndarray:
    deadline = time.monotonic() + PICTURE_S
    while True:
        picture = pixels(target)
        share = changed(picture, earlier)
        if enough(share):
            return picture
        assert time.monotonic() < deadline, f"{complaint}, but {share:.2%}"


def changed(image: np.ndarray, other: np.ndarray) -> float:
    """Share of pixels that plainly differ between two pictures of the same element."""
    return float((abs(image - other).sum(axis=2) > 30).mean())


def dicom(name: str, content: bytes) -> FilePayload:
    """A file to upload that exists only in memory."""
    return {"name": name, "mimeType": "application/dicom", "buffer": content}


def gaps(page: Page) -> Mapping[str, float]:
    """The live openings of the wedge, millimetres, by the names that the page gives them."""
    figures = page.get_by_test_id("gaps").locator(":scope > div").all()
    texts = [figure.inner_text().split("\n") for figure in figures]
    return {label: float(value.split()[0]) for value, label, *_band in texts}


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
