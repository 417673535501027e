"""Closed meshes to voxels, exactly: a voxel belongs to a mesh where its centre does."""

from __future__ import annotations

from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
# Centres are shifted by a ten-thousandth of a voxel, so that none lies on an edge of a mesh made on a grid.
_OFF_GRID = np.array([1.37e-4, 2.71e-4, 0.0])


def voxelise(
    vertices: Array,
    faces: npt.NDArray[np.int64],
    *,
    origin: Array,
    shape: tuple[int, int, int],
    spacing: float,
) -> npt.NDArray[np.bool_]:
    """Voxels whose centres lie inside a closed mesh.

    Args:
        vertices: (V, 3) in mm.
        faces: (F, 3) of a watertight mesh; the winding does not matter.
        origin: (3,) centre of the voxel [0, 0, 0], mm.
        shape: (Z, Y, X) of the result.
        spacing: edge of a voxel, mm.

    Returns:
        (Z, Y, X) bool.
    """
    grid = (np.asarray(vertices) - origin) / spacing - _OFF_GRID
    flips = np.zeros((shape[1], shape[2], shape[0] + 1), dtype=np.uint8)
    _toggle(grid[np.asarray(faces)], flips)
    inside = np.bitwise_xor.accumulate(flips, axis=2)[:, :, :-1]
    return np.asarray(inside.transpose(2, 0, 1).astype(bool))


@numba.njit(cache=True)
def _toggle(triangles: npt.NDArray[np.float64], flips: npt.NDArray[np.uint8]) -> None:
    """Flip, for every column of voxels that a triangle crosses, all voxels from the crossing upwards."""
    height, width, depth = flips.shape
    for t in range(triangles.shape[0]):
        ax, ay, az = triangles[t, 0]
        bx, by, bz = triangles[t, 1]
        cx, cy, cz = triangles[t, 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        for y in range(max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(max(ay, by, cy))) + 1):
            for x in range(max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(max(ax, bx, cx))) + 1):
                if _meets(ax, ay, bx, by, cx, cy, x, y):
                    wa = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                    wb = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                    z = wa * az + wb * bz + (1.0 - wa - wb) * cz
                    flips[y, x, min(max(int(np.ceil(z)), 0), depth - 1)] ^= 1


def coverage(
    vertices: Array,
    faces: npt.NDArray[np.int64],
    *,
    origin: Array,
    shape: tuple[int, int, int],
    spacing: float,
    samples: int = 3,
) -> npt.NDArray[np.float32]:
    """Share of each voxel that lies inside a closed mesh: its partial volume.

    Exact along z; across, ``samples`` x ``samples`` lines stand for a voxel.

    Args:
        vertices: (V, 3) in mm.
        faces: (F, 3) of a watertight mesh, outward normals. Where it runs through itself inside out, nothing.
        origin: (3,) centre of the voxel [0, 0, 0], mm.
        shape: (Z, Y, X) of the result.
        spacing: edge of a voxel, mm.
        samples: lines a voxel along x and along y.

    Returns:
        (Z, Y, X) float32 in [0, 1].
    """
    grid = (np.asarray(vertices) - origin) / spacing + 0.5
    grid[:, :2] = grid[:, :2] * samples - 0.5
    grid -= _OFF_GRID
    share = np.zeros(shape, dtype=np.float32)
    _enter(grid[np.asarray(faces)], share, samples)
    for below, layer in pairwise(share):
        layer += below
    return np.clip(share, 0.0, 1.0, out=share)


@numba.njit(cache=True)
def _enter(triangles: npt.NDArray[np.float64], change: npt.NDArray[np.float32], samples: int) -> None:
    """Add, where a line along z crosses the mesh, what changes for all voxels from there upwards."""
    depth, height, width = change.shape
    weight = 1.0 / (samples * samples)
    rows, columns = height * samples, width * samples
    for t in range(triangles.shape[0]):
        ax, ay, az = triangles[t, 0]
        bx, by, bz = triangles[t, 1]
        cx, cy, cz = triangles[t, 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        step = -weight if area > 0.0 else weight
        for y in range(max(0, int(np.ceil(min(ay, by, cy)))), min(rows - 1, int(max(ay, by, cy))) + 1):
            for x in range(max(0, int(np.ceil(min(ax, bx, cx)))), min(columns - 1, int(max(ax, bx, cx))) + 1):
                if _meets(ax, ay, bx, by, cx, cy, x, y):
                    wa = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                    wb = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                    z = max(wa * az + wb * bz + (1.0 - wa - wb) * cz, 0.0)
                    if z < depth:
                        k, row, column = int(z), y // samples, x // samples
                        change[k, row, column] += step * (k + 1 - z)
                        if k + 1 < depth:
                            change[k + 1, row, column] += step * (z - k)


@numba.njit(inline="always")
def _meets(ax: float, ay: float, bx: float, by: float, cx: float, cy: float, x: float, y: float) -> bool:
    """Whether the line along z through (x, y) meets a triangle.

    Each edge is tested in one direction only, whichever triangle asks: no gap, no overlap.
    """
    inside_a = _left_of(bx, by, cx, cy, x, y)
    inside_b = _left_of(cx, cy, ax, ay, x, y)
    inside_c = _left_of(ax, ay, bx, by, x, y)
    return bool(inside_a == inside_b and inside_b == inside_c)


@numba.njit(inline="always")
def _left_of(px: float, py: float, qx: float, qy: float, x: float, y: float) -> bool:
    if (px, py) > (qx, qy):
        return not (px - qx) * (y - qy) - (py - qy) * (x - qx) >= 0.0
    return bool((qx - px) * (y - py) - (qy - py) * (x - px) >= 0.0)
