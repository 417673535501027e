"""A headless Chromium that draws WebGL in software, and pages that remember what went wrong in them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser")
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser of the machine; the caller has checked that there is one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=SOFTWARE_GL)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """Collects what must never happen on a page.

    Attributes:
        expected: statuses of refusals that the test provokes; Chromium logs each as an error.
        offline: the test cuts the network, so failed requests and sockets are no surprise.
    """

    own_host: str
    expected: set[int] = field(default_factory=set)
    offline: bool = False
    troubles: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Listen to everything on ``page``."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"} or "GPU stall due to ReadPixels" in message.text:
            return
        status = _STATUS.match(message.text)
        if status and int(status[1]) in self.expected:
            return
        if self.offline and ("ERR_INTERNET_DISCONNECTED" in message.text or "WebSocket" in message.text):
            return
        self.troubles.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"blob", "data"} and parts.netloc != self.own_host:
            self.troubles.append(f"asked a foreign host: {request.url}")


def context(browser: Browser, url: str, **options: Any) -> tuple[BrowserContext, Watch]:
    """A fresh browser profile on the application, and its watch."""
    options.setdefault("viewport", {"width": 1280, "height": 720})
    # Without animations there is nothing to wait for, and software rendering draws a tenth of the frames.
    made = browser.new_context(base_url=url, locale="en-GB", reduced_motion="reduce", **options)
    watch = Watch(urlsplit(url).netloc)
    made.on("page", watch.follow)
    return made, watch
