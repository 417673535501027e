"""How sure a reconstruction is of a bone, as the vertices of its PLY file carry it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from guides.bones.arrays import Array, Flags, Indices
from guides.bones.bone_set import Bone
from guides.bones.cleaning import read_mesh
from guides.errors import InputError

PROPERTY = "uncertainty_mm"
"""Vertex property: expected distance to the true surface."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Expected distances to the true surface; equal only to itself, so that what was asked of it is kept.

    Attributes:
        points: (N, 3) vertices of the file, mm.
        values: (N,) mm.
    """

    points: Array
    values: Array

    def near(self, places: Array, within_mm: float) -> float | None:
        """Mean over the vertices within a distance of any of (M, 3) places, mm; None where there are none."""
        chosen = np.zeros(len(self.points), dtype=bool)
        for place in np.atleast_2d(places):
            chosen[self._close(place, within_mm)] = True
        return self._mean(chosen)

    def along(self, point: Array, normal: Array, within_mm: float) -> float | None:
        """Mean over the vertices within a distance of a plane, mm; None where there are none."""
        return self._mean(np.abs(self.points @ normal - point @ normal) < within_mm)

    def _close(self, place: Array, within_mm: float) -> Indices:
        """The vertices within a distance of a place."""
        order, points = self._by_height
        first, last = np.searchsorted(points[:, 2], (place[2] - within_mm, place[2] + within_mm))
        order, off = order[first:last], points[first:last] - place
        # None that is near lies outside a box about the place, and few are to be measured.
        boxed = np.flatnonzero((np.abs(off[:, 0]) < within_mm) & (np.abs(off[:, 1]) < within_mm))
        return np.asarray(order[boxed[np.linalg.norm(off[boxed], axis=1) < within_mm]])

    @cached_property
    def _by_height(self) -> tuple[Indices, Array]:
        """The vertices from the lowest to the highest, and where they lie: a leg is longest along z."""
        order = np.argsort(self.points[:, 2])
        # Coordinate by coordinate in memory, because that is how they are looked at.
        return order, np.asfortranarray(self.points[order])

    def _mean(self, chosen: Flags) -> float | None:
        return float(self.values[chosen].mean()) if chosen.any() else None


def read_uncertainty(path: Path) -> Uncertainty | None:
    """The uncertainty that a PLY file carries; None for bones of which nothing is said.

    Raises:
        InputError: the file is no surface mesh.
    """
    state = path.stat()
    return _read_version(path, state.st_mtime_ns, state.st_size)


def read_uncertainties(folder: Path) -> dict[Bone, Uncertainty]:
    """What the bones of a folder say of themselves, those that say something and can be read."""
    found = {}
    for bone in Bone:
        path = folder / f"{bone.label}.ply"
        if path.is_file():
            with suppress(InputError):
                found[bone] = read_uncertainty(path)
    return {bone: known for bone, known in found.items() if known is not None}


@lru_cache(maxsize=32)  # a slider asks for the same bones many times a second
def _read_version(path: Path, _changed_ns: int, _size: int) -> Uncertainty | None:
    mesh = read_mesh(path)
    # trimesh leaves properties that it does not know in the raw elements of the file.
    data = mesh.metadata.get("_ply_raw", {}).get("vertex", {}).get("data")
    names = getattr(getattr(data, "dtype", None), "names", None) or ()
    if data is None or PROPERTY not in names or len(data) != len(mesh.vertices):
        return None
    values = np.asarray(data[PROPERTY], dtype=float).reshape(-1)
    if not np.isfinite(values).all():
        return None
    return Uncertainty(np.asarray(mesh.vertices, dtype=float), values)
