"""Points of meshes and rays at them."""

from __future__ import annotations

from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, Flags


def surface_points(mesh: trimesh.Trimesh) -> Array:
    """Vertices and face centres."""
    return np.vstack([mesh.vertices, mesh.triangles_center])


def near(points: Array, mesh: trimesh.Trimesh, margin: float) -> Array:
    """The points in the mesh's box, grown by a margin."""
    low, high = mesh.bounds
    return np.asarray(points[((points > low - margin) & (points < high + margin)).all(axis=1)])


def struck(mesh: trimesh.Trimesh, origins: Array, direction: Array) -> Flags:
    """Which of the (N, 3) rays in one direction meet the mesh."""
    ray: Any = mesh.ray
    return np.asarray(ray.intersects_any(origins, np.broadcast_to(direction, origins.shape)))
