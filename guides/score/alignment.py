"""One bone laid on another picture of itself, as a whole."""

from __future__ import annotations

import numpy as np
import trimesh

from guides.bones import Array
from guides.errors import InputError
from guides.score.pose import Poses

STEPS = 40
POINTS = 2000
KEPT = 0.9
"""Share of the points that count: flat ends of a field of view and osteophytes have no partner."""

FARTHEST_MM = 3.0


def align(moving: trimesh.Trimesh, fixed: trimesh.Trimesh) -> Array:
    """Rigid 4 x 4 matrix that brings one picture of a bone onto another, by trimmed point-to-plane ICP.

    The two must already lie within some millimetres and degrees, as two pictures in one patient's frame do.

    Raises:
        InputError: ``bones_not_alike`` when they do not meet.
    """
    import igl

    points, _ = trimesh.sample.sample_surface(moving, POINTS, seed=0)
    vertices = np.ascontiguousarray(fixed.vertices, dtype=np.float64)
    faces = np.ascontiguousarray(fixed.faces, dtype=np.int64)
    pose = Poses.of(points.mean(axis=0), np.zeros((1, 3)), np.zeros((1, 3)))
    off = np.full(len(points), np.inf)
    for _ in range(STEPS):
        places = np.ascontiguousarray(pose.apply(points)[0])
        squared, index, nearest = igl.point_mesh_squared_distance(places, vertices, faces)
        off = np.sqrt(np.asarray(squared))
        used = off <= np.quantile(off, KEPT)
        normals = fixed.face_normals[np.asarray(index)][used]
        arm = places[used] - pose.centre - pose.shift
        rows = np.concatenate([normals, np.cross(arm, normals)], axis=1)
        error = np.einsum("ij,ij->i", places[used] - np.asarray(nearest)[used], normals)
        step = np.linalg.lstsq(rows, -error, rcond=None)[0]
        pose = pose.moved(step[None])
        if np.linalg.norm(step[:3]) < 1e-4 and np.linalg.norm(step[3:]) < 1e-6:
            break
    if float(np.median(off)) > FARTHEST_MM:
        raise InputError(
            "bones_not_alike",
            f"The tibia of the design lies {np.median(off):.1f} mm off the one that it is judged on",
            "Give both tibiae of one patient, in frames that nearly agree",
        )
    return np.asarray(pose.matrix()[0])
