"""Bones that enclose a volume, in millimetres: what shadows, inside tests and labels rest on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.bones import BoneSet
from recon.errors import InputError

_SMALLEST_MM, _LARGEST_MM = 20.0, 700.0  # of the longest edge of a bone's bounding box


def read_bones(folder: Path) -> BoneSet:
    """Closed bones of a folder, outward normals.

    Raises:
        InputError: no_bones, unreadable_mesh, empty_mesh, open_mesh, bad_values, wrong_units.
    """
    bones = BoneSet.read(folder)
    check_bones(bones, str(folder))
    for bone, mesh in bones.items():
        extent = float(mesh.extents.max())
        if not _SMALLEST_MM <= extent <= _LARGEST_MM:
            raise InputError(
                "wrong_units",
                f"The {bone.label} in {folder} is {extent:.3g} mm long, which no human {bone.label} is",
                "Give meshes in millimetres",
            )
        if mesh.volume < 0:
            mesh.invert()
    return bones


def check_bones(bones: BoneSet, name: str) -> None:
    """Make sure that every bone encloses a volume, which inside tests and shadows rest on.

    Raises:
        InputError: open_mesh, bad_values.
    """
    for bone, mesh in bones.items():
        if not np.isfinite(mesh.vertices).all():
            raise InputError(
                "bad_values", f"The {bone.label} of {name} has coordinates that are NaN", "Export it again"
            )
        if not mesh.is_watertight:
            raise InputError(
                "open_mesh",
                f"The {bone.label} of {name} is not a closed surface",
                "Close its holes, for example in MeshLab, or leave the bone out",
            )
