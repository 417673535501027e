"""A smoke test of accessibility: every control has a name, and text stands out from its ground (WCAG AA)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import app
from tests.e2e.conftest import DEMO_CASE, Profiles

CONTROL = re.compile(
    r"^\s*- (?:button|link|textbox|slider|switch|checkbox|combobox|spinbutton|tab)(?!\w| \").*$", re.M
)

# Paints the grounds of an element and then its text on a single pixel, so that every colour syntax and
# transparency is the browser's own affair. Text over X-rays and bones has no one ground and is left out.
FAINT_TEXT = """() => {
  const canvas = new OffscreenCanvas(1, 1);
  const paint = canvas.getContext('2d', {willReadFrequently: true});
  const lay = (colour) => {
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data;
  };
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const leftOut = '[role=application], [aria-hidden=true], :disabled, [data-disabled], .skip, script, style';
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest(leftOut) || !element.checkVisibility({visibilityProperty: true})) continue;
    const style = getComputedStyle(element);
    const above = [];
    for (let e = element; e; e = e.parentElement) above.unshift(getComputedStyle(e).backgroundColor);
    let ground = lay('white');
    for (const colour of above) ground = lay(colour);
    const [a, b] = [luminance(ground), luminance(lay(style.color))].sort((p, q) => p - q);
    const ratio = (b + 0.05) / (a + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


# A spinner never ends; nobody waits for it.
FADED_IN = """() => Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect.getTiming().iterations !== Infinity)
    .map((one) => one.finished)
)"""


def check_names_and_contrast(page: Page) -> None:
    page.evaluate(app.TWO_FRAMES)
    page.evaluate(FADED_IN)
    unnamed = [match[0].strip() for match in CONTROL.finditer(page.locator("body").aria_snapshot())]
    assert unnamed == [], "controls without a name"
    assert page.evaluate(FAINT_TEXT) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_names_and_contrast(profiles: Profiles, scheme: str) -> None:
    page = profiles().page
    page.goto("/")
    page.evaluate("scheme => localStorage.setItem('mantine-color-scheme-value', scheme)", scheme)
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()
    check_names_and_contrast(page)
    page = profiles("surgeon").page
    if scheme == "light":
        page.get_by_test_id("theme").click()
    expect(page.get_by_test_id(f"case-{DEMO_CASE}")).to_be_visible()
    check_names_and_contrast(page)
    page.get_by_test_id("new-case").click()
    page.get_by_role("button", name="Start the case").click()
    check_names_and_contrast(page)
    app.open_case(page, DEMO_CASE)
    app.bones_shown(page)
    for tab in ("case", "sources", "bones", "plan"):
        page.get_by_test_id(f"tab-{tab}").click()
        check_names_and_contrast(page)
    page.get_by_test_id("tab-bones").click()
    for dialog in ("add-ct", "add-meshes"):
        page.get_by_test_id(dialog).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        check_names_and_contrast(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    check_names_and_contrast(page)
