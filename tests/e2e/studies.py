"""What coordinators and raters do in the application, one function an act."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.data import ROOT
from tests.e2e import app

# Forty cases on a machine with other work take their time; where nothing is wrong it costs nothing.
BLINDING_MS = 1_800_000


def people_and_cases(var: Path, prefix: str, *, cases: int, raters: int, guides: bool = False) -> None:
    """Cases PREFIX-01 ... with both versions and raters prefix1 ... in the folder of a server."""
    subprocess.run(
        [
            *(sys.executable, "-m", "tests.e2e.study_cases", "--prefix", prefix),
            *("--cases", str(cases), "--raters", str(raters), *(["--guides"] if guides else [])),
        ],
        cwd=ROOT,
        env={**os.environ, "KNEE_VAR": str(var)},
        check=True,
    )


def wizard_to(page: Page, title: str, kind: str) -> None:
    """Open the wizard and come to the choice of cases."""
    page.goto("/studies/new")
    page.get_by_test_id("study-title").fill(title)
    page.get_by_test_id(f"kind-{kind}").check()
    page.get_by_test_id("wizard-next").click()


def choose_cases(page: Page, prefix: str, numbers: range) -> None:
    """Take cases by pseudonym, and go on."""
    for number in numbers:
        page.get_by_test_id(f"candidate-{prefix}-{number:02}").get_by_role("checkbox").first.check()
    expect(page.get_by_test_id("cases-chosen")).to_contain_text(f"{len(numbers)} of ")
    page.get_by_test_id("wizard-next").click()


def choose_raters(page: Page, prefix: str, count: int) -> None:
    """Take the first raters, and go on."""
    for number in range(1, count + 1):
        page.get_by_test_id(f"pick-{prefix} Rater {number}").check()
    page.get_by_test_id("wizard-next").click()


def finish_wizard(page: Page, margins: dict[str, str], distance: int) -> None:
    """From the questions to the page of the draft."""
    for key, margin in margins.items():
        page.get_by_test_id(f"margin-{key}").fill(margin)
    page.get_by_test_id("wizard-next").click()
    page.get_by_test_id("distance").fill(str(distance))
    page.get_by_test_id("create-study").click()
    expect(page.get_by_test_id("course")).to_have_attribute("data-state", "draft")


def open_study(page: Page) -> None:
    """From a draft in which nothing is missing to a running study."""
    page.get_by_test_id("make-ready").click()
    expect(page.get_by_test_id("open-study")).to_be_enabled(timeout=BLINDING_MS)
    page.get_by_test_id("open-study").click()
    page.get_by_test_id("confirm-act").click()
    expect(page.get_by_test_id("course")).to_have_attribute("data-state", "running")


def begin(page: Page) -> None:
    """From the log-in of a rater to the first item of their only study."""
    page.get_by_test_id("begin").click()
    expect(page.get_by_test_id("rating")).to_be_visible()


def saved(page: Page) -> None:
    """Until everything is on the server."""
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")


def sign(page: Page, act: str, password: str, *, name: str = "", reason: str = "") -> None:
    """Press an act, and do what its dialog asks for."""
    page.get_by_test_id(act).click()
    dialog = page.get_by_test_id("signed-dialog")
    if reason:
        dialog.get_by_test_id("signed-reason").fill(reason)
    if name:
        dialog.get_by_test_id("signed-name").fill(name)
    dialog.get_by_test_id("signed-password").fill(password)
    dialog.get_by_test_id("signed-act").click()
    expect(page.get_by_test_id("signed-dialog")).to_have_count(0)


def may_be_rated(page: Page) -> None:
    """Until an item takes answers: X-rays and bones have come. On a busy machine that may take long."""
    expect(page.get_by_test_id("questions")).to_be_visible(timeout=app.JOB_MS)
    expect(page.get_by_test_id("questions")).not_to_have_attribute("data-waiting", "true", timeout=app.JOB_MS)


def rated_bones_shown(page: Page) -> None:
    """Until both X-rays and the bones of an item are drawn."""
    for view in ("ap", "lateral"):
        expect(page.get_by_test_id(f"xray-{view}")).to_have_attribute(
            "data-ready", "true", timeout=app.JOB_MS
        )
    expect(page.get_by_test_id("rated-bones")).to_have_attribute("data-ready", "true", timeout=app.JOB_MS)
