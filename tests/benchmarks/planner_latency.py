"""From a hand on the planner to new picture and numbers, in a Chromium that draws WebGL on the processor.

For each step of the slider under a mouse that is held down: milliseconds from the event to the end of the
first frame that shows the new correction, with the graphics queue drained. For each step of a landmark that
is dragged on the bone, each to a place of its own because the page remembers answers: to the end of the first
frame with new measures, which the server has worked out; to the first picture beside them; and how long the
server took. One landmark leaves the cut where it is; the other one moves it, so that the bone is cut anew.
The bones are those of the demo, at the size that browsers are given. Read the figures beside the load:
drawing shares the processors.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.benchmarks import report
from tests.e2e import app, chromium, server
from tests.e2e.conftest import DEMO_CASE
from tests.e2e.test_planner import handle

LANDMARK, OF_THE_CUT = "Plateau medial, edge", "Plateau medial"
WARM_UP = 3

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
  window.old = window.told = null;
  const watch = () => ask(() => {
    // A task that comes after the frame, whoever else works in it.
    if (window.old && !window.told && window.measures() !== window.old) {
      window.told = -1;
      setTimeout(() => { window.told = performance.now(); });
    }
    watch();
  });
  watch();
})();
"""
LATENCY = "(old) => drawn.find(([shown]) => shown !== old)?.[1] - moved"
NEW_MEASURES = "(old) => drawn.some(([, , measures]) => measures !== old)"
TO_MEASURES = "(old) => [told - moved, drawn.find(([, , measures]) => measures !== old)[1] - moved]"
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


def drag(page: Page, view: str, landmark: str, count: int) -> np.ndarray:
    """(count, 3) milliseconds of each step of a landmark: to its numbers, to its picture, of the server."""
    page.get_by_test_id("views").get_by_text(view, exact=True).click()
    app.settled(page)
    page.wait_for_timeout(800)
    x, y = handle(page.get_by_test_id("view-frontal"), landmark)
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(600)
    found = []
    for index in range(WARM_UP + count):
        old = page.evaluate("drawn.length = 0, told = null, old = measures()")
        # To and fro on the bone, beside its outline.
        page.mouse.move(x + 14 + index % 6, y + 13 + index // 6)
        page.wait_for_function(NEW_MEASURES, arg=old)
        found.append([*page.evaluate(TO_MEASURES, old), page.evaluate(OF_THE_SERVER)])
        page.wait_for_timeout(300)
    page.mouse.up()
    page.get_by_test_id("undo").click()
    app.settled(page)
    return np.array(found[WARM_UP:])


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
        dragged = {
            "landmark, four views": drag(page, "All", LANDMARK, count),
            "landmark, one view": drag(page, "Frontal", LANDMARK, count),
            "landmark of the cut, four views": drag(page, "All", OF_THE_CUT, count),
        }
        for name, found in dragged.items():
            for column, what in enumerate(("numbers", "picture")):
                times[f"{name}: {what}"] = found[:, column].tolist()
        times["of that the server"] = np.concatenate(list(dragged.values()))[:, 2].tolist()
        context.close()
    rows = [[name, statistics.median(found), min(found), max(found)] for name, found in times.items()]
    print(report.table(["", "median ms", "least ms", "most ms"], rows))
    report.finish(
        {
            "four_views_ms": statistics.median(times["slider, four views"]),
            "one_view_ms": statistics.median(times["slider, one view"]),
            "landmark_four_views_ms": statistics.median(times["landmark, four views: picture"]),
            "landmark_one_view_ms": statistics.median(times["landmark, one view: picture"]),
            "cut_landmark_numbers_ms": statistics.median(times["landmark of the cut, four views: numbers"]),
            "cut_landmark_picture_ms": statistics.median(times["landmark of the cut, four views: picture"]),
            "landmark_server_ms": statistics.median(times["of that the server"]),
            "load": os.getloadavg()[0],
        }
    )


if __name__ == "__main__":
    main()
