"""The planes that the saw follows, in the guide's local frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guides.bones import Array
from guides.landmarks import unit


@dataclass(frozen=True)
class SawPlane:
    """One cut with the frame in which its slot is built.

    Attributes:
        name: ``cut``, ``lower cut`` of a closing wedge, or ``second cut`` of a biplanar osteotomy.
        origin: (3,) point of the plane at the bone's surface.
        basis: (3, 3) columns along the slot, normal, and outwards against the blade; right-handed.
    """

    name: str
    origin: Array
    basis: Array

    @classmethod
    def of(cls, name: str, origin: Array, normal: Array) -> SawPlane:
        """The plane with a blade that points into the bone as nearly along -w as the plane allows."""
        way_out = np.array([0.0, 0.0, 1.0])
        out = unit(way_out - (way_out @ normal) * normal)
        return cls(name, origin, np.column_stack([np.cross(normal, out), normal, out]))

    def inside(self, points: Array) -> Array:
        """Local (..., 3) points as along, normal and out."""
        return np.asarray((points - self.origin) @ self.basis)

    def outside(self, points: Array) -> Array:
        """Back to the guide's local frame."""
        return np.asarray(self.origin + points @ self.basis.T)
