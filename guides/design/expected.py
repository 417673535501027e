"""How true a cut a footprint lets expect, before anything is built: first-order, for choosing among many."""

from __future__ import annotations

import numpy as np

from guides.bones import Array
from guides.score.accuracy import GOOD_DEG, GOOD_MM
from guides.score.seating import HAND_DEG, HAND_MM

SURFACE_MM = 0.8
"""Error of a tibia from X-rays as the paper reports it; the guide should hold up against that."""

PATCH_MM2 = 100.0
"""Area over which surface errors go together."""

CELL = 3


def expected_error(grid_u: Array, grid_v: Array, height: Array, hinge: Array) -> float:
    """Expected error of the cut as a share of what is good: 1 where angle or hinge miss by a whole tolerance.

    The surface errors of a footprint with its normals give the covariance of its pose (``[n, p x n]``, as the
    seating solves it), and that of the cut's angle and of its distance from the hinge.

    Args:
        grid_u, grid_v: evenly spaced nodes, mm.
        height: (U, V) bone height along w over the footprint, NaN beside it.
        hinge: (3,) planned hinge point, local.
    """
    step = float(grid_u[1]) - float(grid_u[0])
    du, dv = (np.asarray(slope) for slope in np.gradient(height, step))
    u, v = np.meshgrid(grid_u, grid_v, indexing="ij")
    part = (slice(None, None, CELL),) * 2
    seen = np.isfinite(du[part]) & np.isfinite(dv[part])
    if seen.sum() < 10:
        return float("inf")
    points = np.stack([u, v, height], axis=-1)[part][seen]
    normals = np.stack([-du, -dv, np.ones_like(du)], axis=-1)[part][seen]
    area = np.linalg.norm(normals, axis=1) * (CELL * step) ** 2
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    centre = points.mean(axis=0)
    rows = np.concatenate([normals, np.cross(points - centre, normals)], axis=1)
    prior = np.repeat([HAND_MM**-2, np.radians(HAND_DEG) ** -2], 3)
    known = (rows * (area / PATCH_MM2 / SURFACE_MM**2)[:, None]).T @ rows + np.diag(prior)
    spread = np.linalg.inv(known)
    angle = np.degrees(np.sqrt(spread[3, 3] + spread[5, 5]))
    across = np.array([0.0, 1.0, 0.0])
    reach = np.concatenate([across, np.cross(hinge - centre, across)])
    return float(np.hypot(angle / GOOD_DEG, np.sqrt(reach @ spread @ reach) / GOOD_MM))
