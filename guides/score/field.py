"""Signed distance to the bone on a grid about the contact face: fast enough for thousands of placements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import trimesh
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from guides.bones import Array, signed_distance

SPACING_MM = 1.0
MARGIN_MM = 7.0
"""How far beyond the contact face the grid reaches; a placement moves less."""


@dataclass(frozen=True)
class BoneField:
    """Signed distance, positive outside the bone, interpolated trilinearly.

    Attributes:
        origin: (3,) of the first node.
        values: (U, V, W) mm.
        spacing_mm: of the nodes.
    """

    origin: Array
    values: Array
    spacing_mm: float = SPACING_MM

    @classmethod
    def about(
        cls,
        bone: trimesh.Trimesh,
        points: Array,
        spacing_mm: float = SPACING_MM,
        to_bone: Callable[[Array], Array] | None = None,
    ) -> BoneField:
        """The field of a bone round (N, 3) points; ``to_bone`` brings points to its frame if that differs.

        Nodes further than MARGIN_MM from all points, where hardly anything gets, hold how far they are from
        them, with the sign of the nearest exact node.
        """
        low, high = points.min(axis=0) - MARGIN_MM, points.max(axis=0) + MARGIN_MM
        axes = [np.arange(a, b + spacing_mm, spacing_mm) for a, b in zip(low, high, strict=True)]
        nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        shape = [len(axis) for axis in axes]
        off, _ = cKDTree(points).query(nodes)
        near = off < MARGIN_MM + 2 * spacing_mm
        exact = signed_distance(bone, nodes[near] if to_bone is None else to_bone(nodes[near]))
        values = np.array(off)
        values[near] = exact
        edt: Any = distance_transform_edt
        nearest = edt(~near.reshape(shape), return_distances=False, return_indices=True)
        signs = np.sign(values.reshape(shape)[tuple(nearest)])
        values = np.where(near, values, off * signs.ravel()).reshape(shape)
        return cls(low, np.ascontiguousarray(values), spacing_mm)

    def distance(self, points: Array) -> Array:
        """Distance (...) at (..., 3) points; beyond the grid as at its border."""
        found = np.empty(points.shape[:-1])
        _distances(self.values, self._places(points), found.reshape(-1))
        return found

    def normal(self, points: Array) -> Array:
        """Unit direction (..., 3) away from the bone at (..., 3) points: the gradient of the distance."""
        gradient = np.empty(points.shape)
        _gradients(self.values, self._places(points), gradient.reshape(-1, 3))
        return np.asarray(gradient / np.maximum(np.linalg.norm(gradient, axis=-1, keepdims=True), 1e-9))

    def _places(self, points: Array) -> Array:
        """(N, 3) points in nodes, in the grid."""
        place = (points.reshape(-1, 3) - self.origin) / self.spacing_mm
        return np.asarray(np.clip(place, 0, np.array(self.values.shape) - 1.001))


@numba.njit(cache=True, nogil=True)
def _distances(values: Array, places: Array, found: Array) -> None:
    """Fill (N,) values at (N, 3) places in nodes, linear along each axis."""
    for i in range(len(places)):
        a, b, c = int(places[i, 0]), int(places[i, 1]), int(places[i, 2])
        x, y, z = places[i, 0] - a, places[i, 1] - b, places[i, 2] - c
        z00 = values[a, b, c] + z * (values[a, b, c + 1] - values[a, b, c])
        z01 = values[a, b + 1, c] + z * (values[a, b + 1, c + 1] - values[a, b + 1, c])
        z10 = values[a + 1, b, c] + z * (values[a + 1, b, c + 1] - values[a + 1, b, c])
        z11 = values[a + 1, b + 1, c] + z * (values[a + 1, b + 1, c + 1] - values[a + 1, b + 1, c])
        y0, y1 = z00 + y * (z01 - z00), z10 + y * (z11 - z10)
        found[i] = y0 + x * (y1 - y0)


@numba.njit(cache=True, nogil=True)
def _gradients(values: Array, places: Array, found: Array) -> None:
    """Fill (N, 3) derivatives of the same by the node."""
    for i in range(len(places)):
        a, b, c = int(places[i, 0]), int(places[i, 1]), int(places[i, 2])
        x, y, z = places[i, 0] - a, places[i, 1] - b, places[i, 2] - c
        d00 = values[a, b, c + 1] - values[a, b, c]
        d01 = values[a, b + 1, c + 1] - values[a, b + 1, c]
        d10 = values[a + 1, b, c + 1] - values[a + 1, b, c]
        d11 = values[a + 1, b + 1, c + 1] - values[a + 1, b + 1, c]
        z00, z01 = values[a, b, c] + z * d00, values[a, b + 1, c] + z * d01
        z10, z11 = values[a + 1, b, c] + z * d10, values[a + 1, b + 1, c] + z * d11
        found[i, 0] = z10 - z00 + y * ((z11 - z10) - (z01 - z00))
        found[i, 1] = z01 - z00 + x * ((z11 - z10) - (z01 - z00))
        e0, e1 = d00 + y * (d01 - d00), d10 + y * (d11 - d10)
        found[i, 2] = e0 + x * (e1 - e0)
