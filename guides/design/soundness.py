"""Whether a closed mesh is the surface of one solid: where it folds, no distance can be trusted."""

from __future__ import annotations

import numpy as np
import trimesh

from guides.bones import Array
from guides.errors import InputError

REACH_MM = 75.0
POINTS = 2000
STEP_MM = 0.05
WRONG_SHARE = 0.01
"""Share of the surface about the cut that may be folded: slivers of reconstruction that change nothing."""


def check_sound(bone: trimesh.Trimesh, about: Array) -> None:
    """Refuse a mesh that overlaps itself near a point.

    Just inside a solid's surface the winding number is one, just outside it is zero (Jacobson et al. 2013,
    10.1145/2461912.2461916); where sheets cross, both are one more.

    Raises:
        InputError: ``self_intersecting``, with the place.
    """
    import igl

    near = np.flatnonzero(np.linalg.norm(bone.triangles_center - about, axis=1) < REACH_MM)
    if not len(near):
        return
    rng = np.random.default_rng(0)
    weight = bone.area_faces[near]
    chosen = rng.choice(near, size=POINTS, p=weight / weight.sum())
    corners = bone.triangles[chosen]
    share = rng.dirichlet((1, 1, 1), size=POINTS)
    points = np.einsum("ni,nij->nj", share, corners)
    step = STEP_MM * bone.face_normals[chosen]
    vertices = np.ascontiguousarray(bone.vertices, dtype=np.float64)
    faces = np.ascontiguousarray(bone.faces, dtype=np.int64)
    inside, outside = (
        np.asarray(igl.fast_winding_number(vertices, faces, np.ascontiguousarray(points + sign * step)))
        for sign in (-1, 1)
    )
    wrong = (np.abs(inside - 1) > 0.5) | (np.abs(outside) > 0.5)
    if wrong.mean() > WRONG_SHARE:
        x, y, z = points[wrong].mean(axis=0)
        raise InputError(
            "self_intersecting",
            f"The bone's surface passes through itself near ({x:.0f}, {y:.0f}, {z:.0f}) mm,"
            f" {100 * wrong.mean():.0f} % of it about the cut",
            "Reconstruct the knee again, or repair the mesh where it folds",
        )
