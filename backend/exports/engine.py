"""Guide design as the backend wants it: designed, exported, checked as exported; in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from guides.check import check_files
from guides.design import design_files

# The engine's words for its stages, and those for the people who wait.
STAGES = {
    "read": "Reading bones and plan",
    "footprint": "Finding the contact face",
    "distance": "Measuring the bone",
    "solids": "Building the guide",
    "export": "Writing the files",
    "check": "Looking at the files",
    "done": "Looking at the files",
}


def design(
    bones: Path,
    plan: Path,
    out: Path,
    *,
    parameters: dict[str, float] | None,
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Design a guide and check the file that would be printed.

    Args:
        bones: folder of the bones that the plan was made on.
        plan: the plan document.
        out: gets guide.stl, guide.3mf and report.json.
        parameters: those that differ from their defaults.
        progress: told the stage and the share done.

    Returns:
        ``report`` of the design and ``checks`` of the file.

    Raises:
        InputError: as of the engine.
    """
    report = design_files(
        bones,
        plan,
        out,
        parameters=parameters,
        progress=lambda stage, fraction: progress(STAGES.get(stage, stage), 0.85 * fraction),
    )
    progress("Checking the guide", 0.87)
    checks = check_files(out / "guide.stl", bones, plan)
    report["checks"] = checks
    (out / "report.json").write_text(json.dumps(report, indent=1, default=lambda value: value.tolist()))
    return {"report": report, "checks": checks}
