"""Which triangles of a bone a plane may meet, told by their heights."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import trimesh

from guides.bones.arrays import Array, Indices

LEVEL = 0.3
"""Least z of the normal of a plane across a leg; one along it meets triangles at every height."""

NARROW_MM = 1e-6
"""By which what is looked at is wider than it need be, for the rounding of numbers."""


@dataclass(frozen=True)
class ByHeight:
    """The triangles of a mesh that does not change, in the order of their lowest corners.

    Attributes:
        faces: (N, 3) corners of each.
        order: (N,) where each stands in the mesh.
        lowest: (N,) z of the lowest corner of each, mm, ascending.
        tallest: mm along z of the triangle that has most of it.
        sides: (2, 2) least and largest x and y, mm.
    """

    faces: Indices
    order: Indices
    lowest: Array
    tallest: float
    sides: Array

    @classmethod
    def of(cls, mesh: trimesh.Trimesh) -> ByHeight:
        """Those of a closed mesh."""
        vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
        corners = vertices[:, 2][faces]
        lowest = corners.min(axis=1)
        tallest = float((corners.max(axis=1) - lowest).max())
        order = np.argsort(lowest)
        sides = np.array([vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)])
        return cls(faces[order], order, lowest[order], tallest, sides)

    def near(self, point: Array, normal: Array) -> tuple[Indices, Indices]:
        """Those that a plane may meet, and where they stand in the mesh."""
        if abs(normal[2]) < LEVEL:
            return self.faces, self.order
        tilt = normal[:2] / normal[2] * (self.sides - point[:2])
        low = point[2] - tilt.max(axis=0).sum() - self.tallest - NARROW_MM
        high = point[2] - tilt.min(axis=0).sum() + NARROW_MM
        first, last = np.searchsorted(self.lowest, (low, high))
        return self.faces[first:last], self.order[first:last]


_made: WeakKeyDictionary[trimesh.Trimesh, ByHeight] = WeakKeyDictionary()


def by_height(mesh: trimesh.Trimesh) -> ByHeight:
    """Made once for each mesh: a hand that drags a landmark cuts the same bone many times a second."""
    found = _made.get(mesh)
    if found is None:
        found = _made[mesh] = ByHeight.of(mesh)
    return found
