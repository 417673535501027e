"""The peer of the solid engine: what crashes there is a result, and ours is still measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks import guide_peer
from tests.data import ROOT

CRASH = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"


def test_an_engine_that_crashes_is_told_from_one_that_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vtk.py").write_text(CRASH)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(guide_peer, "WORK", {"bone": 1})
    found = guide_peer.peer(tmp_path)["bone"]
    assert found["vtk"] == {"closed": False, "crashed": -11}
    assert found["manifold3d"]["closed"] and found["manifold3d"]["parts"] == 1
