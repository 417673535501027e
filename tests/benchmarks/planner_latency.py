"""From a hand on the planner to new picture and numbers, in a Chromium that draws WebGL on the processor.

For each step of the slider under a mouse that is held down: milliseconds from the event to the end of the
first frame that shows the new correction, with the graphics queue drained. For each step of a landmark that
is dragged on the bone: the same to the first frame that stands beside new measures, which the server has
worked out, and how long it took for them. The bones are those of the demo, at the size that browsers are
given. Read the figures beside the load: drawing shares the processors.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.benchmarks import report
from tests.e2e import app, chromium, server
from tests.e2e.conftest import DEMO_CASE
from tests.e2e.test_planner import handle

LANDMARK = "Plateau medial, edge"

# Wraps the browser's frames: after each one in which something was drawn, reading a pixel waits for its end.
WATCH = """
(() => {
  let gl = null;
  for (const name of ['drawElements', 'drawArrays', 'drawElementsInstanced', 'drawArraysInstanced']) {
    const own = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...given) {
      gl = this;
      return own.apply(this, given);
    };
  }
  window.drawn = [];
  window.moved = 0;
  window.shown = () => document.querySelector('[data-testid=bone-view]')?.getAttribute('data-wedge');
  window.measures = () => document.querySelector('[data-testid=measures]')?.textContent;
  addEventListener('pointermove', (event) => { window.moved = event.timeStamp; }, true);
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (work) => ask((time) => {
    gl = null;
    work(time);
    if (!gl) return;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    window.drawn.push([window.shown(), performance.now(), window.measures()]);
  });
})();
"""
LATENCY = "(old) => drawn.find(([shown]) => shown !== old)?.[1] - moved"
NEW_MEASURES = "(old) => drawn.some(([, , measures]) => measures !== old)"
TO_MEASURES = "(old) => drawn.find(([, , measures]) => measures !== old)[1] - moved"
OF_THE_SERVER = """() => {
  const asked = performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/plan-preview/'));
  return asked.at(-1).duration;
}"""


def steps(page: Page, view: str, count: int) -> list[float]:
    """Milliseconds of each step of half a degree in a view, or in all four."""
    page.get_by_test_id("views").get_by_text(view, exact=True).click()
    app.settled(page)
    page.wait_for_timeout(800)
    slider = page.get_by_test_id("correction-slider").bounding_box()
    assert slider
    y, step = slider["y"] + slider["height"] / 2, slider["width"] / 40
    start = slider["x"] + slider["width"] * 0.25
    page.mouse.move(start, y)
    page.mouse.down()
    page.wait_for_timeout(600)
    found = []
    for index in range(count):
        old = page.evaluate("drawn.length = 0, shown()")
        page.mouse.move(start + step * (1 + index % 18), y)
        page.wait_for_function("(old) => drawn.some(([shown]) => shown !== old)", arg=old)
        found.append(float(page.evaluate(LATENCY, old)))
        page.wait_for_timeout(300)
    page.mouse.up()
    return found


def drag(page: Page, view: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each step of a landmark that is dragged, and those in it that the server was asked."""
    page.get_by_test_id("views").get_by_text(view, exact=True).click()
    app.settled(page)
    page.wait_for_timeout(800)
    x, y = handle(page.get_by_test_id("view-frontal"), LANDMARK)
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(600)
    found, asked = [], []
    for index in range(count):
        old = page.evaluate("drawn.length = 0, measures()")
        # To and fro on the bone, beside its outline.
        page.mouse.move(x + 14 + 4 * (index % 2), y + 14 + index % 5)
        page.wait_for_function(NEW_MEASURES, arg=old)
        found.append(float(page.evaluate(TO_MEASURES, old)))
        asked.append(float(page.evaluate(OF_THE_SERVER)))
        page.wait_for_timeout(300)
    page.mouse.up()
    page.get_by_test_id("undo").click()
    app.settled(page)
    return found, asked


def main() -> None:
    """Print the table and the line of JSON."""
    options = report.options(__doc__)
    count = 10 if options.quick else 30
    resolution = 128 if options.quick else 256
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium.launched() as browser,
        server.running(Path(folder), demo_resolution=resolution) as running,
    ):
        context, _ = chromium.context(browser, running.url)
        page = context.new_page()
        page.add_init_script(WATCH)
        app.log_in(page, running, "surgeon")
        app.open_case(page, DEMO_CASE)
        page.get_by_test_id("tab-plan").click()
        app.bones_shown(page)
        # The first steps compile what the later ones use.
        steps(page, "All", 3)
        times = {
            "slider, four views": steps(page, "All", count),
            "slider, one view": steps(page, "Frontal", count),
        }
        page.get_by_test_id("show-landmarks").click()
        drag(page, "All", 3)
        times["landmark, four views"], server_all = drag(page, "All", count)
        times["landmark, one view"], server_one = drag(page, "Frontal", count)
        times["of that the server"] = server_all + server_one
        context.close()
    rows = [[name, statistics.median(found), min(found), max(found)] for name, found in times.items()]
    print(report.table(["", "median ms", "least ms", "most ms"], rows))
    report.finish(
        {
            "four_views_ms": statistics.median(times["slider, four views"]),
            "one_view_ms": statistics.median(times["slider, one view"]),
            "landmark_four_views_ms": statistics.median(times["landmark, four views"]),
            "landmark_one_view_ms": statistics.median(times["landmark, one view"]),
            "landmark_server_ms": statistics.median(times["of that the server"]),
            "load": os.getloadavg()[0],
        }
    )


if __name__ == "__main__":
    main()
