"""The four bones of a knee and the folder of meshes that carries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from recon.errors import InputError


class Bone(IntEnum):
    """Bone labels in the order of the paper (Problem Formulation, Eq. 2); 0 is outside."""

    PATELLA = 1
    FEMUR = 2
    FIBULA = 3
    TIBIA = 4

    @property
    def label(self) -> str:
        """Lower-case name, as used in file names and reports."""
        return self.name.lower()


class BoneSet(Mapping[Bone, trimesh.Trimesh]):
    """Bone meshes in one patient LPS frame, millimetres. A bone out of view is absent."""

    def __init__(self, meshes: Mapping[Bone, trimesh.Trimesh]) -> None:
        self._meshes = dict(sorted(meshes.items()))

    def __getitem__(self, bone: Bone) -> trimesh.Trimesh:
        return self._meshes[bone]

    def __iter__(self) -> Iterator[Bone]:
        return iter(self._meshes)

    def __len__(self) -> int:
        return len(self._meshes)

    @classmethod
    def read(cls, folder: Path) -> BoneSet:
        """Read ``patella.ply``, ``femur.ply``, ``fibula.ply`` and ``tibia.ply``, those that exist.

        Raises:
            InputError: no_bones, unreadable_mesh, empty_mesh, bad_values (NaN).
        """
        meshes: dict[Bone, trimesh.Trimesh] = {}
        for bone in Bone:
            path = folder / f"{bone.label}.ply"
            if not path.is_file():
                continue
            try:
                mesh = trimesh.load_mesh(path, process=False)
            except Exception as error:  # trimesh raises whatever its parser trips on
                raise InputError(
                    "unreadable_mesh", f"{path} is not a readable mesh ({error})", "Export it again as PLY"
                ) from error
            _check_mesh(mesh, path)
            # PLY files with duplicated vertices would look open to every topological check.
            mesh.merge_vertices()
            meshes[bone] = mesh
        if not meshes:
            raise InputError(
                "no_bones",
                f"{folder} holds no bone mesh",
                "Give a folder with patella.ply, femur.ply, fibula.ply or tibia.ply",
            )
        return cls(meshes)

    def describe(self) -> dict[str, dict[str, Any]]:
        """What a report says of each bone: vertices, faces, volume in mm3, whether it is closed."""
        return {
            bone.label: {
                "vertices": len(mesh.vertices),
                "faces": len(mesh.faces),
                "volume_mm3": round(float(mesh.volume), 1),
                "watertight": bool(mesh.is_watertight),
            }
            for bone, mesh in self.items()
        }

    def write(self, folder: Path) -> list[Path]:
        """Write one binary PLY a bone into an existing folder and return the paths."""
        paths = []
        for bone, mesh in self.items():
            path = folder / f"{bone.label}.ply"
            mesh.export(path)
            paths.append(path)
        return paths


def _check_mesh(mesh: trimesh.Trimesh, path: Path) -> None:
    if not len(mesh.faces):
        raise InputError("empty_mesh", f"{path} holds no triangles", "Export it again, or leave the bone out")
    if not np.isfinite(mesh.vertices).all():
        raise InputError("bad_values", f"{path} has coordinates that are NaN or infinite", "Export it again")
