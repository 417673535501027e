"""Everything works without a mouse."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e import app
from tests.e2e.conftest import DEMO_CASE, Profiles
from tests.e2e.server import Server


def test_from_the_log_in_to_the_views_of_a_case(profiles: Profiles, served: Server) -> None:
    page = profiles().page
    page.goto("/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("surgeon")
    page.keyboard.press("Tab")
    page.keyboard.type(served.password)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("worklist")).to_be_visible()

    page.keyboard.press("/")
    expect(page.get_by_test_id("search")).to_be_focused()
    page.keyboard.type(DEMO_CASE)
    expect(page.locator("[data-row]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id(f"case-{DEMO_CASE}")).to_be_focused()
    expect(page.get_by_test_id(f"case-{DEMO_CASE}")).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("case-title")).to_have_text(DEMO_CASE)

    view = app.bones_shown(page)
    pictures = []
    for key in "123456":
        page.keyboard.press(key)
        pictures.append(app.pixels(view))
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert app.changed(one, other) > 0.005
    page.keyboard.press("1")
    view.focus()
    before = app.pixels(view)
    page.keyboard.press("ArrowLeft")
    turned = app.becomes_other(view, before, 0.005)
    page.keyboard.press("+")
    app.becomes_other(view, turned, 0.005)


def test_window_and_level_of_an_xray(profiles: Profiles) -> None:
    page = profiles("surgeon").page
    app.open_case(page, DEMO_CASE)
    page.get_by_test_id("tab-case").click()  # the planner has views of its own
    xray = page.get_by_test_id("xray-ap")
    expect(xray).to_have_attribute("data-ready", "true")
    first, picture = page.get_by_test_id("window-ap").inner_text(), app.pixels(xray)
    xray.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("window-ap")).not_to_have_text(first)
    page.keyboard.press("i")
    app.becomes_other(xray, picture, 0.2)
    page.keyboard.press("Home")
    expect(page.get_by_test_id("window-ap")).to_have_text(first)


def test_help_and_dialogs_open_and_close(profiles: Profiles) -> None:
    page = profiles("surgeon").page
    expect(page.get_by_test_id("worklist")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.get_by_label("Pseudonym")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
