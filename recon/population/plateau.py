"""Plateaus as people have them: each side with a slope, a hollow and raised rims of its own.

The elements of LLP26 are cubic and few, so that its plateaus are smooth and little hollowed; on the bones of
other collections the front rim of the medial plateau stands up to 4 mm above its floor. A radiograph shows
the floor as a bright line, the rim as a faint one: a network that never saw rims takes one for the other.

Everything is in LLP26 coordinates of a left leg, mm: x to the left (lateral), y posterior, z superior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_PLATEAU_MM = 14.0  # from the tips of the spines down to the plateau's edge
_FADES_MM = 40.0  # below the tips nothing moves
_RIM_BEGINS = 0.45  # of the way from the middle of a side to its border
_SPINES_MM = 7.0  # towards the other side the changes fade


@dataclass(frozen=True)
class PlateauSide:
    """How one side of a plateau differs from the model's.

    Attributes:
        slope: degrees by which it falls more towards the back.
        front: mm by which its front rim is higher.
        back: the same of its back rim.
        edge: the same of its outer rim.
        hollow: mm by which its middle is lower.
    """

    slope: float = 0.0
    front: float = 0.0
    back: float = 0.0
    edge: float = 0.0
    hollow: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, *, medial: bool) -> PlateauSide:
        """A random side; the medial one is the more hollow."""
        highest = (5.0, 4.5, 2.5, 2.0, 2.0) if medial else (5.0, 2.0, 2.0, 1.5, 1.0)
        return cls(*(float(value) for value in rng.uniform((-5.0, -1.0, -1.0, -0.5, -0.5), highest)))


def reshaped(points: Array, side: PlateauSide, *, medial: bool) -> Array:
    """(N, 3) points of a tibia with one side of its plateau changed."""
    top = points[:, 2].max()
    plateau = points[points[:, 2] > top - _PLATEAU_MM]
    spines = plateau[:, 0].mean()
    outward = np.where(medial, -1.0, 1.0) * (points[:, 0] - spines)  # mm from the spines towards this side
    own = plateau[(plateau[:, 0] < spines) == medial]
    low, high = own[:, :2].min(axis=0), own[:, :2].max(axis=0)
    across, along = ((points[:, :2] - (low + high) / 2) / ((high - low) / 2)).T
    if medial:
        across = -across  # 1 at the outer border
    radius = np.maximum(np.hypot(across, along), 1e-9)
    rise = np.clip((radius - _RIM_BEGINS) / (1 - _RIM_BEGINS), 0, 1)
    rise = rise**2 * (3 - 2 * rise)
    towards = np.stack([-along, along, across]) / radius
    rims = np.maximum(towards, 0) ** 1.5 * np.array([side.front, side.back, side.edge])[:, None]
    slope = np.tan(np.deg2rad(side.slope)) * (points[:, 1] - (low + high)[1] / 2)
    change = rise * rims.sum(axis=0) - side.hollow * np.clip(1 - radius**2, 0, None) - slope
    depth = top - points[:, 2]
    share = np.clip((_FADES_MM - depth) / (_FADES_MM - _PLATEAU_MM), 0, 1)
    share *= np.clip(outward / _SPINES_MM, 0, 1)
    result = points.copy()
    result[:, 2] += share * change
    return result
