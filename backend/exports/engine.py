"""Guide design as the backend wants it: designed, exported, checked as exported, judged; in a child."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from guides.catalogue import read_presets
from guides.design import design_files

# The engine's words for its stages, and those for the people who wait.
STAGES = {
    "read": "Reading bones and plan",
    "footprint": "Finding the contact face",
    "distance": "Measuring the bone",
    "solids": "Building the guide",
    "export": "Writing the files",
    "check": "Checking the files as written",
    "score": "Putting the guide on the bone",
    "done": "Keeping the design",
}


def design(
    bones: Path,
    plan: Path,
    out: Path,
    *,
    parameters: dict[str, float] | None,
    presets: Sequence[str],
    site_presets: Path,
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Design a guide; what is checked and judged is the file that would be printed.

    Args:
        bones: folder of the bones that the plan was made on.
        plan: the plan document.
        out: gets guide.stl, guide.3mf, report.json, scores.json and contact.ply.
        parameters: those that differ from their defaults and presets.
        presets: ids of presets.
        site_presets: file of the site's own presets.
        progress: told the stage and the share done.

    Returns:
        ``report`` of the design without its ``checks`` and ``scores``, which stand beside it, and the
        ``presets`` with their labels.

    Raises:
        InputError: as of the engine.
    """
    report = design_files(
        bones,
        plan,
        out,
        parameters=parameters,
        presets=presets,
        site_presets=site_presets,
        progress=lambda stage, fraction: progress(STAGES.get(stage, stage), fraction),
    )
    named = [
        {name: preset[name] for name in ("id", "group", "label")}
        for preset in read_presets(presets, site_presets)
    ]
    return {
        "checks": report.pop("checks"),
        "scores": report.pop("scores", None),
        "report": report,
        "presets": named,
    }
