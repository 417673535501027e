"""Which part of the face a guide had better bridge: where two X-rays leave the bone's form open.

The outline of the bone from the front runs along its medial (or lateral) face, that from the side along its
front. Between the two the reconstruction errs most (``score.plausible``), and contact there turns a guide
round the bone. It is bridged, and the guide stands on what the X-rays show.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter, label

from guides.bones import Array, Flags
from guides.design.contact_area import AROUND_MM, TAPER_MM
from guides.design.footprint import Footprint
from guides.design.room import STEP_MM

BETWEEN_DEG = (25.0, 55.0)
"""Angles of the surface's normal in the cross-section, forward of medial (or lateral), that are bridged."""

FLARE_MM = -10.0
"""From this height over the cut the bone flares, and its form is known least."""

BRIDGES = {"front": -np.inf, "front, above the cut": FLARE_MM}
"""By name, the height from which the face is bridged between the outlines at its side and at its front."""

SMOOTH_MM = 1.5
LEAST_MM2 = 60.0
"""Smaller bridges are not worth the interruption."""


def bridges(footprint: Footprint, forward: Array, outward: Array) -> dict[str, Flags]:
    """By name, (U, V) nodes whose relief keeps the guide off the face between two outlines.

    Args:
        footprint: where the guide sits.
        forward: unit direction of the leg, LPS.
        outward: the other one, to the guide's side.
    """
    normals = np.nan_to_num(footprint.normals())
    sides = [
        gaussian_filter(normals @ (way @ footprint.basis), SMOOTH_MM / STEP_MM) for way in (forward, outward)
    ]
    angle = np.degrees(np.arctan2(*sides))
    low, high = BETWEEN_DEG
    found: dict[str, Flags] = {}
    for name, lowest in BRIDGES.items():
        wide = (angle > low) & (angle < high) & (footprint.grid_v > lowest) & np.isfinite(footprint.height)
        nodes = _narrowed(wide)
        if nodes.any() and not any(np.array_equal(nodes, other) for other in found.values()):
            found[name] = nodes
    return found


def _narrowed(wide: Flags) -> Flags:
    """The nodes whose relief, which reaches beyond them, takes up a region; without its small pieces."""
    nodes = binary_erosion(wide, iterations=round((AROUND_MM + TAPER_MM / 2) / STEP_MM))
    names, _ = label(nodes)
    area = np.bincount(names.ravel()) * STEP_MM**2
    area[0] = 0.0
    return np.asarray(area[names] >= LEAST_MM2)
