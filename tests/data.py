"""Where the real data lies, which is never part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("KNEE_DATA", ROOT.parent / "shared" / "data"))


def shared_data(relative: str) -> Path:
    """The path of a real data file or folder; skips the test, saying why, where it is absent."""
    path = FOLDER / relative
    if not path.exists():
        pytest.skip(f"real data absent: {path} (set KNEE_DATA to the folder that holds it)")
    return path
