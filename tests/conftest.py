"""How processes that run the tests side by side (``pytest -n``) share them, and the processors."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

# Before numpy and torch are loaded: with a thread a processor in each process, threads wait for threads.
if "PYTEST_XDIST_WORKER" in os.environ:
    for library in ("OMP", "OPENBLAS", "NUMBA"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

TOGETHER = ("tests/e2e/", "tests/guides/")
"""Folders whose files share what is dear to make: a server, a browser and bones; designed guides."""


class Together(LoadScopeScheduling):
    """A file runs in one process, for its fixtures are made once, and so does a folder that shares them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    return Together(config, log)
