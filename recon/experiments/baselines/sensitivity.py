"""How path lengths through a mesh change when its vertices move."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.drr.raster import path_lengths
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

# Where a ray grazes the surface the derivative has no bound: a step as long as outlines move from one
# iteration to the next gives the slope that matters to a fit.
_STEP_MM = 0.4


def path_length_changes(
    vertices: Array, faces: npt.NDArray[np.int64], motion: Array, camera: Camera
) -> Image:
    """Difference quotients of ``recon.drr.raster.path_lengths`` by vertex motions.

    Args:
        vertices: (V, 3) mm, in front of the source.
        faces: (F, 3) outward.
        motion: (V, 3, M) mm a unit of each of M parameters.
        camera: the view.

    Returns:
        (M, rows, columns) mm a unit of each parameter.
    """
    pixels, _ = camera.project(vertices)
    corners = pixels[faces]
    size = np.array([camera.columns, camera.rows])
    # Most of a long bone is out of view. A few pixels more, for the vertices are going to move.
    near = (corners.max(axis=1) > -4).all(axis=1) & (corners.min(axis=1) < size + 3).all(axis=1)
    used, renumbered = np.unique(faces[near], return_inverse=True)
    points, triangles = vertices[used], renumbered.reshape(-1, 3)
    result = np.zeros((motion.shape[2], camera.rows, camera.columns), np.float32)
    if not len(triangles):
        return result
    here = path_lengths(points, triangles, camera)
    for row, moves in enumerate(np.moveaxis(motion[used], 2, 0)):
        largest = float(np.abs(moves).max())
        if largest > 0:
            step = _STEP_MM / largest
            result[row] = (path_lengths(points + step * moves, triangles, camera) - here) / step
    return result
