"""A blinded study from the wizard to the report, and how raters work: by keyboard, and without a network."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e import app, studies
from tests.e2e.conftest import Profiles
from tests.e2e.server import Server
from tests.e2e.test_accessibility import check_names_and_contrast

# The paper's questionnaire has 80 items (KNEE_E2E_RATING_ITEMS=80); each is drawn by the processor here.
ITEMS = int(os.environ.get("KNEE_E2E_RATING_ITEMS", "4"))
QUESTIONS = ("shape", "details", "clinical_significance", "source_guess", "source_sureness")

# Of two raters, a digit for each question of each of four items.
ANSWERS = (("21301", "32412", "43103", "34204"), ("44401", "33312", "22203", "11104"))


def rate_by_keyboard(page: Page, keys: str) -> str:
    """Answer every question of the item before one with a digit each; gives the item's code."""
    studies.may_be_rated(page)
    code = page.get_by_test_id("item-code").inner_text()
    for question, key in zip(QUESTIONS, keys, strict=True):
        expect(page.get_by_test_id(f"open-{question}")).to_be_visible()
        page.keyboard.press(key)
    expect(page.get_by_test_id("next")).to_be_focused()
    return code


def test_from_the_wizard_to_the_report(profiles: Profiles, served: Server) -> None:
    studies.people_and_cases(served.var, "WAY", cases=2, raters=2)
    coordinator = profiles("coordinator")
    page = coordinator.page
    expect(page.get_by_test_id("studies")).to_be_visible()
    studies.wizard_to(page, "The whole way", "model_rating")
    studies.choose_cases(page, "WAY", range(1, 3))
    page.reload()  # what was chosen is still there
    page.get_by_test_id("wizard-next").click()
    expect(page.get_by_test_id("cases-chosen")).to_contain_text("2 of ")
    page.get_by_test_id("wizard-next").click()
    studies.choose_raters(page, "WAY", 2)
    expect(page.get_by_test_id("step-missing")).to_contain_text("No margin of equivalence")
    expect(page.get_by_test_id("card-details")).to_contain_text(
        "4 perfect less than 5% of details are not correctly reconstructed"
    )
    studies.finish_wizard(page, {}, 3)

    # Why it is not ready, and how that goes away.
    missing = page.get_by_test_id("missing").locator("li")
    expect(missing).to_have_count(2)
    expect(page.get_by_test_id("make-ready")).to_be_disabled()
    page.get_by_test_id("margin-shape").fill("0.5")
    page.get_by_test_id("study-distance").fill("2")
    page.get_by_test_id("study-distance").press("Tab")
    expect(missing).to_have_count(0)
    check_names_and_contrast(page)
    studies.open_study(page)
    page.get_by_test_id("tab-closing").click()
    sealed = page.get_by_test_id("commitment-1").locator("code").inner_text()
    assert re.fullmatch(r"[0-9a-f]{64}", sealed)
    page.get_by_test_id("tab-progress").click()
    expect(page.get_by_test_id("all-progress")).to_have_text("0 of 8 items rated")
    page.get_by_test_id("remind-R02").click()
    page.get_by_test_id("reason-act").click()
    expect(page.get_by_test_id("reason-dialog")).to_have_count(0)

    # Two raters: the second prefers whatever comes first.
    for number, keys in (
        (1, ("21301", "32412", "43103", "34204")),
        (2, ("44401", "33312", "22203", "11104")),
    ):
        rater = profiles(f"way{number}").page
        reminders = rater.get_by_test_id("reminder")
        expect(rater.get_by_test_id("begin")).to_be_visible()
        expect(reminders).to_have_count(number - 1)
        assert rater.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts() == ["", ""]
        studies.begin(rater)
        codes = []
        for place, answers in enumerate(keys):
            expect(rater.get_by_test_id("progress")).to_have_text(f"{place + 1} of 4")
            studies.rated_bones_shown(rater)
            codes.append(rate_by_keyboard(rater, answers))
            rater.keyboard.press("Enter")
        expect(rater.get_by_test_id("all-done")).to_contain_text("All 4 items are rated")
        assert len(set(codes)) == 4
        # Second thoughts, while the study lets people go back.
        rater.get_by_test_id("look-again").click()
        expect(rater.get_by_test_id(f"point-shape-{keys[-1][0]}")).to_have_attribute("aria-checked", "true")
        rater.get_by_test_id("point-shape-2").click()
        expect(rater.get_by_test_id("point-shape-2")).to_have_attribute("aria-checked", "true")
        studies.saved(rater)

    page.reload()
    expect(page.get_by_test_id("all-progress")).to_have_text("8 of 8 items rated")
    page.get_by_test_id("tab-deviations").click()
    page.get_by_test_id("deviation-text").fill("The second rater was interrupted once.")
    page.get_by_test_id("deviation-note").click()
    expect(page.get_by_text("The second rater was interrupted once.")).to_have_count(1)

    # One item in an emergency: only the code of the item and the version are told, and it counts no more.
    page.get_by_test_id("tab-progress").click()
    page.get_by_test_id("items-R01").click()
    studies.sign(page, "unblind-item-1", served.password, reason="A print broke and had to be replaced")
    expect(page.get_by_test_id("told")).to_contain_text(re.compile(r"shows case \d, the (CT|X-ray)-based"))
    page.keyboard.press("Escape")

    coordinator.watch.expected = {400, 403}
    page.get_by_test_id("lock").click()
    expect(page.get_by_test_id("signed-reason")).to_have_count(0)  # nothing is missing
    page.get_by_test_id("signed-name").fill("Somebody Else")
    page.get_by_test_id("signed-password").fill(served.password)
    page.get_by_test_id("signed-act").click()
    expect(page.get_by_test_id("signed-dialog").get_by_test_id("error-note")).to_be_visible()
    page.get_by_test_id("signed-name").fill("Cora Coordinator")
    page.get_by_test_id("signed-act").click()
    expect(page.get_by_test_id("course")).to_have_attribute("data-state", "locked")
    expect(page.get_by_test_id("signature")).to_contain_text("The ratings are complete and final")
    studies.sign(page, "ask-unblind", served.password, reason="Every rater is done")
    expect(page.get_by_test_id("next-act")).to_contain_text("A second person has to agree")
    expect(page.get_by_test_id("agree-unblind")).to_have_count(0)

    second = profiles("administrator").page
    second.goto("/studies")
    second.get_by_test_id("study-The whole way").click()
    studies.sign(second, "agree-unblind", served.password)
    expect(second.get_by_test_id("course")).to_have_attribute("data-state", "unblinded")

    page.reload()
    expect(page.get_by_test_id("report")).to_have_attribute("data-ready", "true", timeout=app.JOB_MS)
    expect(page.get_by_test_id("verdict-shape")).to_contain_text("the margin of 0.5 points")
    expect(page.get_by_test_id("flow")).to_contain_text(
        re.compile(r"8\s*assigned.*1\s*unblinded early.*7\s*analysed", re.S)
    )
    check_names_and_contrast(page)
    studies.sign(page, "sign", served.password, name="Cora Coordinator")
    assert download(page, "report.pdf").startswith(b"%PDF")
    assert b"<html" in download(page, "report.html")
    ratings = list(csv.DictReader(io.StringIO(download(page, "ratings.csv").decode())))
    shape = [row for row in ratings if row["question"] == "shape"]
    assert len(shape) == 7
    assert Counter(row["rater"] for row in shape) == {"R01": 3, "R02": 4}
    # Both raters ended at 2 in the item that they had second thoughts about.
    last = [row for row in shape if row["position"] == "4"]
    assert [(row["value"], row["revisions"]) for row in last] == [("2", "2"), ("2", "2")]


def test_a_newcomer_finds_a_running_study(profiles: Profiles) -> None:
    page = profiles("coordinator").page
    page.get_by_test_id("study-Demo: rating of bone models").click()
    expect(page.get_by_test_id("course")).to_have_attribute("data-state", "running")
    expect(page.get_by_test_id("all-progress")).to_have_text("0 of 2 items rated")
    rater = profiles("rater").page
    studies.begin(rater)
    expect(rater.get_by_test_id("progress")).to_have_text("1 of 2")
    studies.rated_bones_shown(rater)


def download(page: Page, name: str) -> bytes:
    """What a button of the report gives."""
    with page.expect_download() as begun:
        page.get_by_test_id(f"download-{name}").click()
    return Path(begun.value.path()).read_bytes()


def test_a_whole_list_by_keyboard_alone(profiles: Profiles, served: Server) -> None:
    studies.people_and_cases(served.var, "KEYS", cases=ITEMS // 2, raters=1)
    page = profiles("coordinator").page
    studies.wizard_to(page, "By keyboard", "model_rating")
    studies.choose_cases(page, "KEYS", range(1, ITEMS // 2 + 1))
    studies.choose_raters(page, "KEYS", 1)
    studies.finish_wizard(page, {"shape": "0.5"}, 2)
    studies.open_study(page)

    rater = profiles("keys1").page
    expect(rater.get_by_test_id("begin")).to_be_visible()
    while not rater.get_by_test_id("begin").evaluate("element => element === document.activeElement"):
        rater.keyboard.press("Tab")
    rater.keyboard.press("Enter")
    given = {}
    for place in range(ITEMS):
        expect(rater.get_by_test_id("progress")).to_have_text(f"{place + 1} of {ITEMS}")
        keys = f"{1 + place % 4}{1 + place // 4 % 4}{4 - place % 4}{place % 3}{1 + place % 2}"
        if place == 1:
            look_around(rater)
        given[rate_by_keyboard(rater, keys)] = keys
        if place == 2:
            # A break hides the item and takes no answer; a reload goes on behind it, and back leads to it.
            rater.keyboard.press("p")
            expect(rater.get_by_test_id("paused")).to_be_visible()
            rater.keyboard.press("1")
            studies.saved(rater)
            rater.reload()
            expect(rater.get_by_test_id("progress")).to_have_text(f"4 of {ITEMS}")
            expect(rater.get_by_test_id("back")).to_be_enabled()  # the item has arrived
            rater.keyboard.press("b")
            expect(rater.get_by_test_id("progress")).to_have_text(f"3 of {ITEMS}")
            expect(rater.get_by_test_id("paused")).to_be_visible()
            rater.keyboard.press("p")
            expect(rater.get_by_test_id("next")).to_be_focused()
        rater.keyboard.press("Enter")
    expect(rater.get_by_test_id("all-done")).to_contain_text(f"All {ITEMS} items are rated")
    assert len(given) == ITEMS
    studies.saved(rater)
    page.reload()
    expect(page.get_by_test_id("all-progress")).to_have_text(f"{ITEMS} of {ITEMS} items rated")


def test_training_and_a_question_of_their_own(profiles: Profiles, served: Server) -> None:
    studies.people_and_cases(served.var, "OWN", cases=2, raters=1)
    page = profiles("coordinator").page
    studies.wizard_to(page, "With training", "model_rating")
    for number in (1, 2):
        page.get_by_test_id(f"candidate-OWN-0{number}").get_by_role("checkbox").first.check()
    page.get_by_label("OWN-02 is for training").check()
    page.get_by_test_id("wizard-next").click()
    studies.choose_raters(page, "OWN", 1)
    page.get_by_test_id("add-question").click()
    page.get_by_test_id("question-title").fill("Use")
    page.get_by_test_id("question-text").fill("Would you use it?")
    page.get_by_label("Lowest point").fill("0")
    page.get_by_test_id("question-points").fill("no\nwith reservations\nyes")
    page.get_by_test_id("question-add").click()
    expect(page.get_by_test_id("card-use")).to_contain_text("2 yes")
    page.get_by_test_id("ask-source").uncheck()
    studies.finish_wizard(page, {"use": "0.5"}, 1)
    studies.open_study(page)

    rater = profiles("own1").page
    studies.begin(rater)
    for place in range(4):
        expect(rater.get_by_test_id("progress")).to_have_text(f"{place + 1} of 4")
        expect(rater.get_by_test_id("training")).to_have_count(1 if place < 2 else 0)
        studies.may_be_rated(rater)
        for _ in range(5):  # held down, a digit answers one question
            rater.keyboard.down("3")
        rater.keyboard.up("3")
        expect(rater.get_by_test_id("answer-shape")).to_contain_text("3")
        for question, key in (("details", "3"), ("clinical_significance", "3"), ("use", "0")):
            expect(rater.get_by_test_id(f"open-{question}")).to_be_visible()
            rater.keyboard.press(key)
        expect(rater.get_by_test_id("next")).to_be_focused()
        rater.keyboard.press("Enter")
    expect(rater.get_by_test_id("all-done")).to_contain_text("All 4 items are rated")
    studies.saved(rater)
    page.reload()
    expect(page.get_by_test_id("all-progress")).to_have_text("4 of 4 items rated")  # training included


def look_around(page: Page) -> None:
    """The six views differ, the free one turns, the window of an X-ray changes; all by keyboard."""
    studies.rated_bones_shown(page)
    bones = page.get_by_test_id("rated-bones")
    six = app.pixels(bones)
    page.keyboard.press("v")
    view = page.get_by_test_id("free-view")
    expect(view).to_be_visible()
    first = app.becomes_other(bones, six, 0.05)
    view.focus()
    page.keyboard.press("ArrowLeft")
    app.becomes_other(bones, first, 0.005)
    page.keyboard.press("v")
    xray = page.get_by_test_id("xray-ap")
    before = page.get_by_test_id("window-ap").inner_text()
    xray.focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_test_id("window-ap")).not_to_have_text(before)


def test_guides_are_rated_and_timed_without_a_network(profiles: Profiles, served: Server) -> None:
    studies.people_and_cases(served.var, "LAB", cases=2, raters=1, guides=True)
    page = profiles("coordinator").page
    studies.wizard_to(page, "In the laboratory", "hto_simulation")
    studies.choose_cases(page, "LAB", range(1, 3))
    studies.choose_raters(page, "LAB", 1)
    studies.finish_wizard(page, {"fitting": "1", "operation_time": "60"}, 1)
    studies.open_study(page)

    profile = profiles(viewport={"width": 820, "height": 1180}, has_touch=True)
    rater, state = profile.page, profile.page.get_by_test_id("save-state")
    profile.watch.offline = True
    profile.context.add_init_script(CLOCK)
    profile.context.add_init_script(LINE)
    app.log_in(rater, served, "lab1")
    studies.begin(rater)
    studies.saved(rater)
    expect(rater.get_by_test_id("lasting")).to_be_visible()
    assert app.overflow(rater) == 0
    check_names_and_contrast(rater)
    assert kept_by_the_browser(rater) == {"/", "/static"}

    # An hour without a network: the clock goes on, every press is kept, and the page may be loaded again.
    cut_off(rater)
    rater.get_by_test_id("placed").focus()
    for _ in range(3):  # held down, T presses once
        rater.keyboard.down("t")
    rater.keyboard.up("t")
    expect(rater.get_by_test_id("stopwatch")).to_have_attribute("data-last", "placed")
    minutes_pass(rater, 10)
    rater.get_by_test_id("paused").click()
    minutes_pass(rater, 20)
    rater.get_by_test_id("resumed").click()
    rater.reload()
    cut_off(rater)
    expect(rater.get_by_test_id("offline")).to_be_visible()
    expect(rater.get_by_test_id("progress")).to_have_text("1 of 4")
    time_reads(rater, 10)
    minutes_pass(rater, 5)
    rater.get_by_test_id("completed").click()
    time_reads(rater, 15)
    for question, value in (("fitting", 5), ("stability", 4), ("accuracy", 6)):
        rater.get_by_test_id(f"point-{question}-{value}").click()
    rater.get_by_test_id("point-source_guess-0").click()
    rater.get_by_test_id("point-source_sureness-2").click()
    first = rater.get_by_test_id("guide-label").inner_text()
    rater.get_by_test_id("next").click()
    expect(rater.get_by_test_id("progress")).to_have_text("2 of 4")
    rater.get_by_test_id("placed").click()
    minutes_pass(rater, 2)
    rater.get_by_test_id("correct").click()
    rater.get_by_test_id("correct-reason").fill("The saw slipped")
    rater.get_by_test_id("correct-confirm").click()
    rater.get_by_test_id("placed").click()
    rater.goto("/rating")  # by another way, and from there on
    cut_off(rater)
    studies.begin(rater)
    expect(rater.get_by_test_id("progress")).to_have_text("2 of 4")
    time_reads(rater, 0)
    minutes_pass(rater, 23)
    time_reads(rater, 23)
    rater.get_by_test_id("completed").click()
    rater.get_by_test_id("point-fitting-3").click()
    expect(state).to_have_attribute("data-waiting", "15")
    expect(state).to_contain_text("kept on this device")

    # The network is back: all of it arrives, once.
    reconnect(rater)
    studies.saved(rater)
    rater.reload()
    expect(rater.get_by_test_id("progress")).to_have_text("2 of 4")
    time_reads(rater, 23)
    expect(rater.get_by_test_id("counts")).to_have_text("0 pauses · 1 correction")
    expect(rater.get_by_test_id("answer-fitting")).to_contain_text("3")
    rater.get_by_test_id("back").click()
    expect(rater.get_by_test_id("guide-label")).to_have_text(first)
    time_reads(rater, 15)
    expect(rater.get_by_test_id("counts")).to_have_text("1 pause · 0 corrections")
    for question, value in (("fitting", 5), ("stability", 4), ("accuracy", 6)):
        expect(
            rater.get_by_test_id(f"answer-{question}").or_(rater.get_by_test_id(f"open-{question}"))
        ).to_contain_text(str(value))
    page.reload()
    expect(page.get_by_test_id("all-progress")).to_have_text("1 of 4 items rated")

    # Who leaves takes along what the device knew.
    rater.get_by_test_id("account").click()
    rater.get_by_test_id("log-out").click()
    expect(rater.get_by_role("button", name="Log in")).to_be_visible()
    assert rater.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('knee-'))") == []


# The clock of the device, ahead of the machine's by what the test has put down, which a reload keeps; timers
# are left alone. Playwright's own clock leaves a leap out, without a word, where a page cannot take it.
CLOCK = """(() => {
  const ahead = () => Number(localStorage.getItem('test-ahead-ms') ?? 0);
  const Machine = Date;
  globalThis.Date = class extends Machine {
    constructor(...given) {
      if (given.length === 0) super(Machine.now() + ahead());
      else super(...given);
    }
    static now() {
      return Machine.now() + ahead();
    }
  };
})()"""
PASS = """minutes => {
  const ahead = Number(localStorage.getItem('test-ahead-ms') ?? 0);
  localStorage.setItem('test-ahead-ms', String(ahead + minutes * 60_000));
}"""


# What Chromium is told of the network is forgotten where a page is loaded again, and a request could slip
# through. The server, whose clock the test leaves alone, would take what is pressed before and after it for
# one moment.
LINE = """(() => {
  const ask = globalThis.fetch;
  globalThis.fetch = (...given) =>
    localStorage.getItem('test-cut-off') ? Promise.reject(new TypeError('cut off')) : ask(...given);
})()"""


def cut_off(page: Page) -> None:
    """Take the network away from a page with ``LINE`` in it; once more after each time that it was loaded."""
    page.evaluate("localStorage.setItem('test-cut-off', 'yes')")
    page.context.set_offline(False)
    page.context.set_offline(True)


def reconnect(page: Page) -> None:
    """Give the network back."""
    page.evaluate("localStorage.removeItem('test-cut-off')")
    page.context.set_offline(False)


def minutes_pass(page: Page, minutes: float) -> None:
    """Put the clock of a page with ``CLOCK`` in it forward."""
    page.evaluate(PASS, minutes)


def time_reads(page: Page, minutes: int) -> None:
    """What passed by the clock of the test, and at most four minutes that a busy machine took itself."""
    some = "|".join(str(minutes + more) for more in range(4))
    expect(page.get_by_test_id("time")).to_contain_text(re.compile(rf"^({some}):\d\d"))


def kept_by_the_browser(page: Page) -> set[str]:
    """The first part of the path of everything that the keeper of the pages has stored."""
    urls = page.evaluate(
        """async () => {
            const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
            const requests = await Promise.all(caches_.map((cache) => cache.keys()));
            return requests.flat().map((request) => new URL(request.url).pathname);
        }"""
    )
    return {path if path == "/" else "/" + path.split("/")[1] for path in urls}
