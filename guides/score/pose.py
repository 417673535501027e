"""Small rigid motions of a guide, many at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from guides.bones import Array, Indices


@dataclass(frozen=True)
class Poses:
    """P rigid motions ``x -> centre + R (x - centre) + shift``.

    Attributes:
        centre: (3,) mm.
        rotation: (P, 3, 3).
        shift: (P, 3) mm.
    """

    centre: Array
    rotation: Array
    shift: Array

    @classmethod
    def of(cls, centre: Array, turn: Array, shift: Array) -> Poses:
        """From (P, 3) rotation vectors in radians and (P, 3) shifts in mm."""
        return cls(centre, rotation_matrices(turn), np.array(shift, dtype=float))

    def apply(self, points: Array) -> Array:
        """(N, 3) points to (P, N, 3)."""
        arm = points - self.centre
        return np.asarray(arm @ self.rotation.transpose(0, 2, 1) + (self.centre + self.shift)[:, None, :])

    def turn(self, directions: Array) -> Array:
        """(N, 3) directions to (P, N, 3)."""
        return np.asarray(directions @ self.rotation.transpose(0, 2, 1))

    def moved(self, step: Array) -> Poses:
        """After a further small motion: (P, 6), shift in mm and rotation vector about the moved centre."""
        turned = rotation_matrices(step[:, 3:]) @ self.rotation
        return replace(self, rotation=turned, shift=self.shift + step[:, :3])

    def rows(self, index: Indices) -> Poses:
        """Some of the motions."""
        return replace(self, rotation=self.rotation[index], shift=self.shift[index])

    def matrix(self) -> Array:
        """(P, 4, 4) homogeneous matrices."""
        found = np.zeros((len(self.shift), 4, 4))
        found[:, :3, :3], found[:, 3, 3] = self.rotation, 1
        found[:, :3, 3] = self.centre + self.shift - np.einsum("pij,j->pi", self.rotation, self.centre)
        return found

    def angles_deg(self) -> Array:
        """(P,) size of each rotation."""
        trace = np.trace(self.rotation, axis1=1, axis2=2)
        return np.asarray(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))))


def rotation_matrices(vectors: Array) -> Array:
    """(P, 3) rotation vectors in radians to (P, 3, 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    axis = vectors / np.maximum(angle[:, 0], 1e-12)
    x, y, z = axis.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
