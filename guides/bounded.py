"""One command of this engine in a process of its own, killed when it takes too long or its parent ends.

The solid engine can crash or hang on hostile meshes; what hangs is a child, and what it wrote vanishes with
the temporary folder that its parent gave it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from guides.errors import InputError

CHILD = "KNEE_GUIDES_CHILD"
"""Set in a child, to its parent's process id: it does the work itself."""

ROOT = Path(__file__).resolve().parents[1]


CRASHED = 70
"""Exit status of a child whose work raised what no command expects."""


def is_child() -> bool:
    """Whether this process was started by ``run_bounded``; if so it ends with its parent from now on."""
    parent = os.environ.get(CHILD)
    if parent is None:
        return False
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != int(parent):
            os._exit(1)
    return True


def run_bounded(arguments: Sequence[str], time_limit_s: float) -> int:
    """``python -m guides ARGUMENTS`` in a child with this one's streams; returns its status.

    Raises:
        InputError: ``time_limit`` when it was killed, ``engine_crashed`` when it ended in an unexpected way.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "guides", *arguments],
        env=os.environ | {CHILD: str(os.getpid()), "PYTHONPATH": _path()},
        start_new_session=True,
    )
    try:
        status = process.wait(timeout=time_limit_s)
    except subprocess.TimeoutExpired as error:
        raise InputError(
            "time_limit",
            f"The work took longer than {time_limit_s:g} s and was stopped; nothing was written",
            "Reconstruct the bones again or simplify their meshes, or raise --time-limit",
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if status not in (0, 1, 2):
        raise InputError(
            "engine_crashed",
            f"The solid engine ended unexpectedly ({status}); nothing was written",
            "Reconstruct the bones again: their meshes are not fit for solids",
        )
    return status


def _path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
