"""Signed distance to the bone on a grid about the contact face: fast enough for thousands of placements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
        (x, y, z), c = self._cells(points)
        z00, z01, z10, z11 = (c[i] + z * (c[i + 1] - c[i]) for i in (0, 2, 4, 6))
        y0, y1 = z00 + y * (z01 - z00), z10 + y * (z11 - z10)
        return np.asarray(y0 + x * (y1 - y0))

    def normal(self, points: Array) -> Array:
        """Unit direction (..., 3) away from the bone at (..., 3) points: the gradient of the distance."""
        (x, y, z), c = self._cells(points)
        z00, z01, z10, z11 = (c[i] + z * (c[i + 1] - c[i]) for i in (0, 2, 4, 6))
        d00, d01, d10, d11 = (c[i + 1] - c[i] for i in (0, 2, 4, 6))
        along_x = z10 - z00 + y * ((z11 - z10) - (z01 - z00))
        along_y = z01 - z00 + x * ((z11 - z10) - (z01 - z00))
        e0, e1 = d00 + y * (d01 - d00), d10 + y * (d11 - d10)
        gradient = np.stack([along_x, along_y, e0 + x * (e1 - e0)], axis=-1)
        return np.asarray(gradient / np.maximum(np.linalg.norm(gradient, axis=-1, keepdims=True), 1e-9))

    def _cells(self, points: Array) -> tuple[Array, list[Array]]:
        """Place inside the cell (3, ...), and the values at its eight corners, z fastest."""
        place = np.clip((points - self.origin) / self.spacing_mm, 0, np.array(self.values.shape) - 1.001)
        cell = place.astype(np.int64)
        _, rows, columns = self.values.shape
        first = (cell[..., 0] * rows + cell[..., 1]) * columns + cell[..., 2]
        flat, step = self.values.ravel(), rows * columns
        corners = [flat[first + i * step + j * columns + k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
        return np.moveaxis(place - cell, -1, 0), corners
