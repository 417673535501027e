"""A progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

Progress = Callable[[str, float], None]


class Bar(AbstractContextManager[Progress | None]):
    """A progress bar on a terminal, nothing elsewhere."""

    def __enter__(self) -> Progress | None:
        if not sys.stderr.isatty():
            return None
        from tqdm import tqdm

        self._bar = tqdm(total=100, bar_format="{desc:16} {bar} {n:3.0f} % {elapsed}", leave=False)
        return self._show

    def _show(self, stage: str, fraction: float) -> None:
        self._bar.set_description_str(stage, refresh=False)
        self._bar.n = 100 * fraction
        self._bar.refresh()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if hasattr(self, "_bar"):
            self._bar.close()
