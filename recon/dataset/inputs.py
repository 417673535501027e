"""What jobs are made of: where a knee lies and which side it is, and what a file is known by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.bones import Bone, BoneSet
from recon.dataset.manifest import Side
from recon.errors import InputError
from recon.geometry import Array
from recon.population.pose import side_of

Fingerprint = tuple[tuple[str, int, int], ...]

_PLATEAU_MM, _ABOVE_PLATEAU_MM = 15.0, 3.0


def knee_of_bones(bones: BoneSet) -> Array:
    """(3,) mm of the point that lies at the isocentre: a little above the tibial plateau.

    The leg lies along z, as in patient coordinates. Without a tibia it is the lowest part of the femur.
    """
    if Bone.TIBIA in bones:
        points = np.asarray(bones[Bone.TIBIA].vertices)
        end = points[:, 2].max()
        height = end + _ABOVE_PLATEAU_MM
    elif Bone.FEMUR in bones:
        points = np.asarray(bones[Bone.FEMUR].vertices)
        end = points[:, 2].min()
        height = end - _ABOVE_PLATEAU_MM
    else:
        raise InputError(
            "no_tibia", "Neither tibia nor femur is given, so the knee cannot be found", "Add one of them"
        )
    plateau = points[np.abs(points[:, 2] - end) < _PLATEAU_MM]
    return np.array([*plateau[:, :2].mean(axis=0), height])


def known_side(bones: BoneSet | None, stated: str | None) -> Side:
    """The side of a knee: as stated, else as tibia and fibula tell.

    Raises:
        InputError: no_side, or bad_side where the bones contradict what is stated.
    """
    seen = side_of(bones) if bones and Bone.TIBIA in bones and Bone.FIBULA in bones else None
    if stated is None and seen is None:
        raise InputError("no_side", "Nothing says which side the knee is", "Add --side L or --side R")
    if seen is not None and stated is not None and stated != seen:
        raise InputError(
            "bad_side",
            f"The knee is called {stated}, but its fibula lies where the side {seen} has it",
            "Give the right side, or mirrored meshes as they are in the patient",
        )
    if seen is not None:
        return seen
    if stated in ("L", "R"):
        return "L" if stated == "L" else "R"
    raise InputError("bad_side", f'"{stated}" is no side', "Give L or R")


def fingerprint(path: Path | None) -> Fingerprint:
    """Names, sizes and times of a file or of the files in a folder: a job remakes its case when they change.

    Raises:
        InputError: no_file.
    """
    if path is None:
        return ()
    if not path.exists():
        raise InputError("no_file", f"{path} does not exist", "Check the spelling of the path")
    files = sorted(item for item in path.iterdir() if item.is_file()) if path.is_dir() else [path]
    return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
