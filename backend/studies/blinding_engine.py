"""Both versions of a case as raters get them, told apart by their shape alone; in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from backend.studies.blinding_guides import alike, stl, unlabelled
from backend.studies.blinding_mesh import cut_to, packed, remeshed
from guides.errors import InputError as CannotScore
from guides.score import score_files
from recon.bones import Bone, BoneSet
from recon.errors import InputError

Progress = Callable[[str, float], None]
# Where a shaft leaves the picture says how it was taken: both versions end a little before the first end.
END_MM = 1.0
_SHAFTS = {Bone.FEMUR: "top", Bone.TIBIA: "bottom", Bone.FIBULA: "bottom"}


def blind_bones(first: Path, second: Path, out: Path, *, progress: Progress) -> dict[str, Any]:
    """``first.bin`` and ``second.bin``: patella, femur, fibula and tibia, a slot each (``packed``).

    Only bones that both versions have, shafts cut at the same height, the middle of both at the origin.

    Args:
        first, second: folders of two bone sets in one frame, mm.
        out: an existing folder.
        progress: told the stage and the share done.

    Raises:
        InputError: ``no_common_bone``; ``too_many_pieces`` and ``no_surface`` of ``remeshed``.
    """
    versions = {"first": BoneSet.read(first), "second": BoneSet.read(second)}
    common = [bone for bone in Bone if all(bone in bones for bones in versions.values())]
    if not common:
        raise InputError("no_common_bone", "The versions share no bone", "Choose versions that do")
    middle = np.mean([versions[name][bone].bounds for name in versions for bone in common], axis=(0, 1))
    slots: dict[str, list[bytes]] = {name: [] for name in versions}
    for place, bone in enumerate(Bone):
        progress("Making both versions alike", 0.05 + 0.9 * place / len(Bone))
        low, high = _ends(bone, [bones[bone] for bones in versions.values()] if bone in common else [])
        for name, bones in versions.items():
            if bone not in common:
                slots[name].append(packed(None))
                continue
            mesh = cut_to(bones[bone], low, high)
            mesh = trimesh.Trimesh(mesh.vertices - middle, mesh.faces, process=False)
            slots[name].append(packed(remeshed(mesh)))
    for name, content in slots.items():
        (out / f"{name}.bin").write_bytes(b"".join(content))
    progress("Making both versions alike", 1.0)
    return {"bones": [bone.label for bone in common]}


def _ends(bone: Bone, meshes: list[trimesh.Trimesh]) -> tuple[float, float]:
    """Between which heights both versions of a bone are kept."""
    low, high = -np.inf, np.inf
    if meshes and _SHAFTS.get(bone) == "top":
        high = min(float(mesh.bounds[1, 2]) for mesh in meshes) - END_MM
    elif meshes and _SHAFTS.get(bone) == "bottom":
        low = max(float(mesh.bounds[0, 2]) for mesh in meshes) + END_MM
    return low, high


def blind_guides(
    first: Path, second: Path, bones: Path, out: Path, *, design_bones: Path | None, progress: Progress
) -> dict[str, Any]:
    """``first.stl`` and ``second.stl`` as designed, but unnamed and in as many triangles; ``bone_model.stl``.

    Args:
        first, second: folders of two designs: guide.stl and report.json.
        bones: folder of the CT-based bones, on whose tibia both are tried.
        out: an existing folder.
        design_bones: folder of the bones of the second design where they lie in another frame.
        progress: told the stage and the share done.

    Returns:
        ``simulated``: scores of each guide on the CT-based tibia, 1 to 6, or null where the engine cannot.

    Raises:
        InputError: ``no_tibia``.
    """
    reference = BoneSet.read(bones)
    if Bone.TIBIA not in reference:
        raise InputError("no_tibia", "There is no CT-based tibia to try the guides on", "Choose other guides")
    (out / "bone_model.stl").write_bytes(stl(reference[Bone.TIBIA]))
    progress("Making both guides alike", 0.05)
    guides = alike([_guide(first), _guide(second)])
    simulated = {}
    for share, folder, guide in ((0.1, first, guides[0]), (0.5, second, guides[1])):
        name = "first" if folder is first else "second"
        progress("Trying the guides", share)
        (out / f"{name}.stl").write_bytes(stl(guide))
        simulated[name] = _scores(folder, bones, design_bones if folder is second else None, out.parent)
    progress("Trying the guides", 1.0)
    return {"simulated": simulated}


def _guide(design: Path) -> trimesh.Trimesh:
    """A designed guide without its name."""
    report = json.loads((design / "report.json").read_text("utf-8"))
    return unlabelled(trimesh.load_mesh(design / "guide.stl"), report)


def _scores(design: Path, bones: Path, design_bones: Path | None, workspace: Path) -> dict[str, float] | None:
    """The simulated surgeon's scores, for comparison with those of people."""
    try:
        told = score_files(design, bones, design_bones=design_bones, out=workspace / f"scores_{design.name}")
    except CannotScore:
        # A design from before its report said enough; people can rate it all the same.
        return None
    return {key: float(told[key]["score"]) for key in ("fitting", "stability", "accuracy")}
