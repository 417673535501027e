"""A template on its way: shape and pose so far, and how a step of least squares moves them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from recon.refine.shapes import BoneShape, vertex_normals

Array = npt.NDArray[np.float64]
Motion = tuple[Array, Array]

_WIDENING = 1.2  # twenty people show less than there is
_SIZE_DEVIATION = 0.06


@dataclass(frozen=True, eq=False)
class Terms:
    """Distances to close: derivatives (N, 6 + free), millimetres and inverse variances (N,)."""

    slopes: Array
    across: Array
    weights: Array

    def __add__(self, other: Terms) -> Terms:
        return Terms(
            np.concatenate([self.slopes, other.slopes]),
            np.concatenate([self.across, other.across]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, eq=False)
class Laid:
    """A template with its shape and pose so far.

    Attributes:
        shape: of the bone.
        modes: (K, V, 3) mm a standard deviation: how people differ, and in the last row size.
        own_normals: (V, 3) of the mean shape, along which detail lies.
        coefficients: (K + D,) of the modes and the detail, standard deviations.
        pose: (6,) how far it was moved, mm, and turned, radians, from the start.
        rotation: (3, 3) of the template.
        shift: (3,) mm.
    """

    shape: BoneShape
    modes: Array
    own_normals: Array
    coefficients: Array
    pose: Array
    rotation: Array
    shift: Array

    @classmethod
    def start(cls, shape: BoneShape, motion: Motion) -> Laid:
        """The mean shape, moved."""
        centred = shape.mean - shape.mean.mean(axis=0)
        modes = np.concatenate([_WIDENING * shape.modes, _SIZE_DEVIATION * centred[None]])
        own_normals = vertex_normals(shape.mean, shape.faces)
        return cls(shape, modes, own_normals, np.zeros(len(modes) + len(shape.detail)), np.zeros(6), *motion)

    def vertices(self) -> Array:
        """(V, 3) mm."""
        split = len(self.modes)
        own = self.shape.mean + np.tensordot(self.coefficients[:split], self.modes, axes=1)
        own = own + self.own_normals * (self.coefficients[split:] @ self.shape.detail)[:, None]
        return np.asarray(own @ self.rotation.T + self.shift)

    def slopes(self, points: Array, planes: Array, modes: Array, lines: Array, detail: Array) -> Array:
        """(N, 6 + K + D) derivatives of points along planes by pose, modes (K, N, 3) and detail (D, N)."""
        turned = planes @ self.rotation
        return np.concatenate(
            [
                planes,
                np.cross(points - self.shift, planes),
                np.einsum("kvc,vc->vk", modes, turned),
                (detail * (lines * turned).sum(axis=1)).T,
            ],
            axis=1,
        )

    def stepped(self, terms: Terms, stiffness: Array) -> Laid:
        """After a Gauss-Newton step on these terms; coefficients that they leave out stay."""
        free = terms.slopes.shape[1] - 6
        prior = np.concatenate([stiffness, np.ones(free)])
        now = np.concatenate([self.pose, self.coefficients[:free]])
        weighted = terms.slopes * terms.weights[:, None]
        move = np.linalg.solve(
            weighted.T @ terms.slopes + np.diag(prior), weighted.T @ terms.across - prior * now
        )
        return self.moved(move)

    def moved(self, move: Array) -> Laid:
        """After a (6 + free,) change of pose and coefficients; coefficients that it leaves out stay."""
        coefficients = self.coefficients.copy()
        coefficients[: len(move) - 6] += move[6:]
        return replace(
            self,
            coefficients=coefficients,
            pose=self.pose + move[:6],
            rotation=Rotation.from_rotvec(move[3:6]).as_matrix() @ self.rotation,
            shift=self.shift + move[:3],
        )

    def without_detail(self) -> Laid:
        """The same in the same place, without detail off the modes."""
        coefficients = self.coefficients.copy()
        coefficients[len(self.modes) :] = 0
        return replace(self, coefficients=coefficients)
