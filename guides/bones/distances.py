"""Distances from points to a mesh."""

from __future__ import annotations

from typing import Any

import numpy as np
import trimesh

from guides.bones.arrays import Array


def signed_distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    """Distance from (N, 3) points to the surface of a solid in mm, positive outside."""
    import igl  # only the designer and the checks need it, and planning must start fast

    return _distance(mesh, points, igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL)


def distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    """Distance from (N, 3) points to the surface in mm, never negative."""
    import igl

    return _distance(mesh, points, igl.SIGNED_DISTANCE_TYPE_UNSIGNED)


def _distance(mesh: trimesh.Trimesh, points: Array, kind: Any) -> Array:
    import igl

    found = igl.signed_distance(
        np.ascontiguousarray(points, dtype=np.float64),
        np.ascontiguousarray(mesh.vertices, dtype=np.float64),
        np.ascontiguousarray(mesh.faces, dtype=np.int64),
        kind,
    )[0]
    return np.asarray(found, dtype=np.float64)
