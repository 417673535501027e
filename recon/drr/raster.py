"""Path lengths of X-rays through closed meshes, by rasterising signed depths.

A ray that crosses a closed surface enters and leaves it equally often, so the sum over all triangles
under a pixel of (distance along the ray) with a minus for entries and a plus for exits is the length of
the ray inside the mesh. Vertices are snapped to 1/256 pixel, which makes edge tests exact integer
arithmetic: every pixel centre on a shared edge belongs to exactly one of its two triangles.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from recon.errors import InputError
from recon.geometry import Camera

_SUBPIXEL = 256


@numba.njit(cache=True, fastmath=False, nogil=True)
def _accumulate(
    corners: npt.NDArray[np.int64],
    inverse_depth: npt.NDArray[np.float64],
    faces: npt.NDArray[np.int64],
    image: npt.NDArray[np.float64],
) -> None:
    rows, columns = image.shape
    for face in range(faces.shape[0]):
        i, j, k = faces[face]
        ax, ay = corners[i]
        bx, by = corners[j]
        cx, cy = corners[k]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        sign = 1.0
        if area < 0:
            j, k = k, j
            bx, by, cx, cy = cx, cy, bx, by
            area = -area
            sign = -1.0
        left = max((min(ax, bx, cx) + _SUBPIXEL - 1) // _SUBPIXEL, 0)
        right = min(max(ax, bx, cx) // _SUBPIXEL, columns - 1)
        top = max((min(ay, by, cy) + _SUBPIXEL - 1) // _SUBPIXEL, 0)
        bottom = min(max(ay, by, cy) // _SUBPIXEL, rows - 1)
        # Top-left rule: a pixel centre on an edge counts for one side only.
        bias_a = 0 if (cy - by > 0 or (cy == by and cx - bx < 0)) else -1
        bias_b = 0 if (ay - cy > 0 or (ay == cy and ax - cx < 0)) else -1
        bias_c = 0 if (by - ay > 0 or (by == ay and bx - ax < 0)) else -1
        for row in range(top, bottom + 1):
            y = row * _SUBPIXEL
            for column in range(left, right + 1):
                x = column * _SUBPIXEL
                wa = (cx - bx) * (y - by) - (cy - by) * (x - bx)
                wb = (ax - cx) * (y - cy) - (ay - cy) * (x - cx)
                wc = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                if wa + bias_a >= 0 and wb + bias_b >= 0 and wc + bias_c >= 0:
                    # 1 / depth is linear on the image of a plane.
                    inverse = (wa * inverse_depth[i] + wb * inverse_depth[j] + wc * inverse_depth[k]) / area
                    image[row, column] += sign / inverse


def path_lengths(
    vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int64], camera: Camera
) -> npt.NDArray[np.float64]:
    """Millimetres that the ray through each pixel centre runs inside a closed mesh.

    Args:
        vertices: (V, 3) in mm.
        faces: (F, 3) with outward (or all inward) winding.
        camera: the view.

    Returns:
        (rows, columns) lengths in mm, zero where the ray misses; negative where the surface is inside out.

    Raises:
        InputError: behind_source (some of the mesh does not lie between source and detector).
    """
    image = depth_sums(vertices, faces, camera)
    return np.asarray(image * np.sign(image.sum()) * camera.obliquity())


def depth_sums(
    vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int64], camera: Camera
) -> npt.NDArray[np.float64]:
    """(rows, columns) sums over faces of the depth in mm at which a ray meets them, signed by their side.

    Sums of parts of a mesh add up to that of the whole, which is the length of rays inside it along the
    optical axis, or minus that length.

    Args:
        vertices: (V, 3) in mm.
        faces: (F, 3), all of them turned alike; need not be closed.
        camera: the view.

    Raises:
        InputError: behind_source (some of the mesh does not lie between source and detector).
    """
    pixels, depth = camera.project(vertices)
    if not (depth > 0).all():
        raise InputError(
            "behind_source",
            "A mesh reaches behind the X-ray source, so it casts no shadow of its own",
            "Check the rig and the unit of the mesh: the knee lies at the isocentre, in millimetres",
        )
    corners = np.rint(pixels * _SUBPIXEL).astype(np.int64)
    image = np.zeros((camera.rows, camera.columns))
    _accumulate(corners, 1.0 / depth, faces.astype(np.int64), image)
    return image
