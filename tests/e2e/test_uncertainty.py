"""Bones of X-rays coloured by how far they are expected to be off."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e import app
from tests.e2e.conftest import Profile, Reconstructed


def test_bones_are_coloured_by_their_expected_error(surgeon: Profile, reconstructed: Reconstructed) -> None:
    page = surgeon.page
    app.open_case(page, reconstructed.pseudonym)
    view = app.bones_shown(page)
    page.get_by_test_id("tab-bones").click()
    error = page.get_by_test_id("expected-error")
    for bone in ("femur", "tibia"):  # a real CT may end before the others
        expect(error).to_contain_text(bone)
    plain = app.pixels(view)
    button = page.get_by_test_id("uncertainty")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(view).to_have_attribute("data-uncertainty", "true")
    expect(page.get_by_test_id("uncertainty-legend")).to_contain_text("mm")
    coloured = app.becomes_other(view, plain, 0.05)
    # Blue where it is sure: bones are not.
    blue = coloured[..., 2] - coloured[..., 0]
    assert (blue > 40).mean() > 0.02 > ((plain[..., 2] - plain[..., 0]) > 40).mean()
    page.mouse.move(2, 2)  # away from the button, whose hint lies over the bones
    view.focus()
    page.keyboard.press("u")
    expect(page.get_by_test_id("uncertainty-legend")).to_be_hidden()
    expect(view).not_to_have_attribute("data-uncertainty", "true")
    inner = (slice(40, -40), slice(40, -40))  # the border shows that the view has the focus
    again = app.pixels(view)
    assert app.changed(plain[inner], again[inner]) < 0.01


def test_bones_that_are_not_trusted_are_said_so_wherever_their_error_is_told(
    surgeon: Profile, reconstructed: Reconstructed
) -> None:
    page = surgeon.page
    app.open_case(page, reconstructed.pseudonym)
    app.bones_shown(page)
    page.get_by_test_id("tab-bones").click()
    expect(page.get_by_test_id("expected-error")).to_be_visible()
    doubted = page.get_by_text("Do not trust these bones").count() > 0
    assert doubted == ("were this a knee" in page.get_by_test_id("expected-error").inner_text())
    page.get_by_test_id("uncertainty").click()
    assert doubted == ("may be further off" in page.get_by_test_id("uncertainty-legend").inner_text())
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    first = page.get_by_test_id("warnings").locator("li").first
    assert doubted == (first.get_attribute("data-code") == "bones_untrusted")
