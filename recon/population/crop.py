"""Legs that end inside the picture, as in a CT that was cropped before it was rendered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crop:
    """The slab between two planes across the leg; beyond it is air.

    Attributes:
        normal: (3,) unit vector across both planes.
        low: smallest projection on the normal that is kept, mm.
        high: largest.
    """

    normal: Array
    low: float
    high: float

    @classmethod
    def nothing(cls) -> Crop:
        """What leaves a leg whole."""
        return cls(np.array([0.0, 0.0, 1.0]), -np.inf, np.inf)

    @classmethod
    def draw(cls, joint: Array, rng: np.random.Generator) -> Crop:
        """A crop above, below, or on both sides of the joint at a (3,) point."""
        normal = np.array([*np.tan(np.deg2rad(rng.normal(0, 5, 2))), 1.0])
        normal /= np.linalg.norm(normal)
        centre = float(joint @ normal)
        kind = rng.integers(3)
        low = centre - rng.uniform(15, 95) if kind != 0 else -np.inf
        high = centre + rng.uniform(8, 95) if kind != 1 else np.inf
        return cls(normal, float(low), float(high))

    def contains(self, points: Array) -> npt.NDArray[np.bool_]:
        """Which of (N, 3) points are kept."""
        along = points @ self.normal
        return np.asarray((along >= self.low) & (along <= self.high))

    def flattened(self, points: Array) -> Array:
        """Vertices (N, 3) of a closed surface with everything beyond a plane pressed onto it.

        The surface stays closed and keeps what it encloses between the planes, while the rest of it
        encloses nothing: cutting and capping a mesh without touching its faces.
        """
        along = points @ self.normal
        return np.asarray(points + (np.clip(along, self.low, self.high) - along)[:, None] * self.normal)
