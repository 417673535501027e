"""Guide design as the backend wants it: designed, checked as exported, judged, packed; in a child process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from guides.catalogue import read_presets
from guides.design import design_files
from guides.package import package_files
from guides.score import score_files

# The engine's words for its stages, and those for the people who wait.
STAGES = {
    "read": "Reading bones and plan",
    "footprint": "Finding the contact face",
    "distance": "Measuring the bone",
    "solids": "Building the guide",
    "export": "Writing the files",
    "check": "Checking the files as written",
    "score": "Putting the guide on the bone",
    "done": "Packing for printer and theatre",
}

PACKING = 0.75
"""Share of the time after which a design is there and only the package is missing."""


def design(
    bones: Path,
    plan: Path,
    out: Path,
    *,
    pseudonym: str,
    parameters: dict[str, float] | None,
    presets: Sequence[str],
    site_presets: Path,
    painting: Sequence[Mapping[str, Any]] | None = None,
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Design a guide and, where no check blocks it, pack it; the files that would be printed are checked.

    Args:
        bones: folder of the bones that the plan was made on, with the report of their making.
        plan: the plan document.
        out: gets guide.stl, guide.3mf, report.json, scores.json and contact.ply; the folder ``package``
            beside it gets the print package.
        pseudonym: names the patient in the package.
        parameters: those that differ from their defaults and presets.
        presets: ids of presets.
        site_presets: file of the site's own presets.
        painting: contact area added and taken away by hand.
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
        painting=painting,
        progress=lambda stage, fraction: progress(STAGES.get(stage, stage), PACKING * fraction),
    )
    if all(check["status"] != "block" for check in report["checks"]):
        package_files(
            out,
            bones,
            plan,
            out.parent / "package",
            pseudonym,
            progress=lambda _, fraction: progress(STAGES["done"], PACKING + (1 - PACKING) * fraction),
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


def try_on(
    guide: Path, bones: Path, design_bones: Path, out: Path, *, progress: Callable[[str, float], None]
) -> dict[str, Any]:
    """Put a design on other bones and judge it there.

    Args:
        guide: folder with guide.stl and the design's report.json.
        bones: folder of the bones that it is put on.
        design_bones: folder of those that it was designed on, which are laid over the others first.
        out: gets scores.json and contact.ply.
        progress: told the stage and the share done.

    Returns:
        The document of scores.json.

    Raises:
        InputError: as of the engine; ``bones_not_alike`` where the two sets show different tibiae.
    """
    progress(STAGES["read"], 0.0)
    return score_files(
        guide,
        bones,
        design_bones=design_bones,
        out=out,
        progress=lambda _, fraction: progress(STAGES["score"], 0.1 + 0.9 * fraction),
    )
