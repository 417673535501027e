"""The fragments of a plan as files: exact solids, proven closed as they are written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trimesh

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.osteotomy.second_cut import read_second_cut
from guides.osteotomy.simulation import simulate
from guides.osteotomy.wedge import read_osteotomy

PARTS = ("proximal", "distal", "removed")


def solid_files(
    bones: Path, plan: Path, out: Path, *, progress: Callable[[str, float], None] | None = None
) -> dict[str, Any]:
    """Cut and turn the tibia of a plan and write its fragments as binary PLY, patient LPS mm.

    Args:
        bones: folder of the bones that were planned on.
        plan: the plan document.
        out: existing folder; gets proximal.ply, distal.ply (turned) and, of a closing wedge, removed.ply.
        progress: told the stage and the share done.

    Returns:
        Volumes in mm3: ``tibia_mm3``, ``proximal_mm3``, ``distal_mm3``, ``removed_mm3`` (zero where a wedge
        opens) and ``overlap_mm3``, see ``Simulation``.

    Raises:
        InputError: as of ``simulate``; ``not_a_solid`` where a fragment is open as it was written.
    """
    tell = progress or (lambda _stage, _fraction: None)
    tell("Reading bones and plan", 0.0)
    numbers = json.loads(plan.read_text())["osteotomy"]
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    tell("Cutting and turning the tibia", 0.2)
    found = simulate(tibia, read_osteotomy(numbers), read_second_cut(numbers))
    tell("Writing the fragments", 0.8)
    volumes = {"tibia_mm3": float(tibia.volume), "removed_mm3": 0.0, "overlap_mm3": found.overlap_mm3}
    for name in PARTS:
        part: trimesh.Trimesh | None = getattr(found, name)
        if part is not None:
            volumes[f"{name}_mm3"] = _written(part, out / f"{name}.ply")
    return {name: round(value, 3) for name, value in volumes.items()}


def _written(part: trimesh.Trimesh, path: Path) -> float:
    """Write a fragment, read it again and give its volume, mm3."""
    part.export(path, file_type="ply", vertex_normal=False)
    read = trimesh.load_mesh(path, process=False)
    if not (read.is_watertight and read.is_winding_consistent and read.volume > 0):
        raise InputError(
            "not_a_solid",
            f"The {path.stem} fragment is no closed surface after it was written",
            "Move the cut a little, or reconstruct the knee again",
        )
    return float(read.volume)
