"""Where outlines of a shaft have no edges in the images over some height: what fractures do.

Whatever a shape model and a network make of a broken shaft, they go on without a step, and so run beside the
edges of one fragment or the other, on both sides and in every view. Round the joint the outlines of sound
bones lose their edges too, where those of other bones cross them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recon.refine.edges import Outline

Array = npt.NDArray[np.float64]
_JOINT_MM = 40.0  # condyles and plateau
_WINDOW_MM, _STEP_MM = 12.0, 3.0
_USUAL = 0.5  # of the median steepness: from here on an edge is one of the bone's
_LEAST_MM = 6.0  # of outline in a window that says anything


def widest_gap(lines: Sequence[Outline], joint: Array, axis: Array) -> float:
    """Largest share, 0 to 1, of a shaft's outlines that have no edge, of those within 12 mm of height.

    What a collimator hides counts neither way; 0 where no shaft is in view.

    Args:
        lines: of the bone, in each view.
        joint: (3,) mm, a point of the joint line.
        axis: (3,) unit vector along the bone.
    """
    height = np.concatenate([np.abs((line.rim.points[line.shown] - joint) @ axis) for line in lines])
    length = np.concatenate([line.rim.lengths[line.shown] for line in lines])
    missing = length * np.concatenate([_missing(line.steepness[line.shown]) for line in lines])
    shaft = height > _JOINT_MM
    height, length, missing = height[shaft], length[shaft], missing[shaft]
    if not len(height):
        return 0.0
    starts = np.arange(height.min(), max(height.max() - _WINDOW_MM, height.min()) + 1e-6, _STEP_MM)
    order = np.argsort(height)
    first, last = (np.searchsorted(height[order], starts + end) for end in (0.0, _WINDOW_MM))
    within, without = (_sums(values[order], first, last) for values in (length, missing))
    told = within > _LEAST_MM
    return float((without[told] / within[told]).max()) if told.any() else 0.0


def _missing(steepness: Array) -> Array:
    """(N,) 1 where there is no edge, 0 where there is one as steep as those of this bone in this view."""
    usual = _USUAL * np.median(steepness) if len(steepness) else 0.0
    return np.asarray(1 - np.clip(steepness / max(usual, 1e-9), 0, 1))


def _sums(values: Array, first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> Array:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[last] - total[first])
