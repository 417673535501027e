"""Tiny functions that stand for engines: called by name in child processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class BadInputError(ValueError):
    """Shaped like the engines' own error."""

    code, message, remedy = "no_knee", "There is no knee on the image", "Take another image"


def add(a: int, b: int) -> dict[str, int]:
    sys.stdout.write("chatter on standard output disturbs nothing")
    return {"sum": a + b}


def write(path: Path, text: str, progress: Callable[[str, float], None]) -> str:
    progress("writing", 0.5)
    path.write_text(text)
    progress("done", 1.0)
    return str(path)


def refuse(progress: Any = None) -> None:
    raise BadInputError("no")


def crash() -> None:
    raise RuntimeError("a bug")


def die(progress: Any = None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hog() -> int:
    return len(bytearray(4 << 30))


def linger(pid_file: Path | None = None, seconds: float = 60, progress: Any = None) -> None:
    if pid_file:
        pid_file.write_text(str(os.getpid()))
    for step in range(int(seconds * 20)):
        if progress:
            progress("waiting", step / (seconds * 20))
        time.sleep(0.05)


def environment() -> dict[str, str]:
    return dict(os.environ)


def loaded() -> list[str]:
    return [name for name in ("django", "backend.core.settings") if name in sys.modules]
