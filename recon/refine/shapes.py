"""Shape of each bone's end next to the knee: a closed template, how people differ, and smooth detail.

Twenty people span their principal components and no more; what else a bone can be is a Gaussian process along
the normals (Luthi et al. 2018, 10.1109/TPAMI.2017.2739743) whose leading eigenfunctions stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from recon.bones import Bone
from recon.errors import InputError

Array = npt.NDArray[np.float64]
ASSET = Path(__file__).parents[1] / "assets" / "knee_shapes.safetensors"
_ARRAYS = ("mean", "faces", "modes", "detail", "areas", "plateau")


@dataclass(frozen=True, eq=False)
class BoneShape:
    """One bone of a knee.

    Attributes:
        mean: (V, 3) vertices in mm of a mean knee in a mean pose, the frame of all bones of a knee.
        faces: (F, 3) outward; the mesh is closed.
        modes: (K, V, 3) mm a standard deviation, between people.
        detail: (D, V) mm a standard deviation, along the normals.
        areas: (V,) mm2 that each vertex stands for; 0 where the template was closed.
        plateau: (P, V) mm a standard deviation, along the normals: slope, rims and hollow of each side of a
            tibial plateau, see ``recon.population.plateau``; P is 0 for other bones.
    """

    mean: Array
    faces: npt.NDArray[np.int64]
    modes: Array
    detail: Array
    areas: Array
    plateau: Array

    def mirrored(self) -> BoneShape:
        """The same bone of the other leg."""
        flip = np.array([-1.0, 1.0, 1.0])
        return replace(self, mean=self.mean * flip, faces=self.faces[:, ::-1], modes=self.modes * flip)


def vertex_normals(vertices: Array, faces: npt.NDArray[np.int64]) -> Array:
    """(V, 3) unit normals, weighted by the area of the triangles round each vertex."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    normals = np.empty_like(vertices)
    for axis in range(3):
        normals[:, axis] = np.bincount(faces.ravel(), across[:, axis].repeat(3), len(vertices))
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9))


def write_shapes(shapes: Mapping[Bone, BoneShape], path: Path) -> None:
    """Keep shapes of a left knee in a file, in half precision what varies."""
    kinds = {"faces": np.int32, "modes": np.float16, "detail": np.float16, "plateau": np.float16}
    arrays = {
        f"{bone.label}.{name}": np.ascontiguousarray(getattr(shape, name).astype(kinds.get(name, np.float32)))
        for bone, shape in shapes.items()
        for name in _ARRAYS
    }
    save_file(arrays, path)


@cache
def left_knee(path: Path = ASSET) -> dict[Bone, BoneShape]:
    """The shapes of a left knee.

    Raises:
        InputError: no_shapes, where the file is not there or is not one.
    """
    try:
        arrays = load_file(path)
        return {bone: _shape(bone.label, arrays) for bone in Bone}
    except (OSError, SafetensorError, KeyError) as error:
        raise InputError(
            "no_shapes", f"The shape model {path} cannot be read ({error})", "Install the package again"
        ) from error


def _shape(label: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> BoneShape:
    mean, modes, detail, areas, plateau = (
        arrays[f"{label}.{name}"].astype(np.float64)
        for name in ("mean", "modes", "detail", "areas", "plateau")
    )
    return BoneShape(mean, arrays[f"{label}.faces"].astype(np.int64), modes, detail, areas, plateau)
