"""How high a mesh stands over a grid."""

from __future__ import annotations

import numpy as np
import trimesh

from guides.bones.arrays import Array


def height_map(mesh: trimesh.Trimesh, across: Array, along: Array, up: Array, u: Array, v: Array) -> Array:
    """Highest point of the mesh over each node of a regular grid.

    Args:
        mesh: the surface.
        across: unit direction of the columns, world LPS.
        along: unit direction of the rows.
        up: unit direction of height.
        u: (U,) evenly spaced grid coordinates along ``across``, mm.
        v: (V,) evenly spaced grid coordinates along ``along``, mm.

    Returns:
        (U, V) height along ``up`` in mm, NaN where the mesh is not met.
    """
    local = np.asarray(mesh.vertices) @ np.column_stack([across, along, up])
    triangles = local[np.asarray(mesh.faces)]
    step_u, step_v = u[1] - u[0], v[1] - v[0]
    low = np.stack(
        [
            np.ceil((triangles[..., 0].min(axis=1) - u[0]) / step_u),
            np.ceil((triangles[..., 1].min(axis=1) - v[0]) / step_v),
        ],
        axis=1,
    )
    high = np.stack(
        [
            np.floor((triangles[..., 0].max(axis=1) - u[0]) / step_u),
            np.floor((triangles[..., 1].max(axis=1) - v[0]) / step_v),
        ],
        axis=1,
    )
    low = np.maximum(low, 0).astype(np.int64)
    high = np.minimum(high, [len(u) - 1, len(v) - 1]).astype(np.int64)
    spans = np.maximum(high - low + 1, 0)
    cells = spans[:, 0] * spans[:, 1]
    owner = np.repeat(np.arange(len(cells)), cells)
    offset = np.arange(cells.sum()) - np.repeat(np.cumsum(cells) - cells, cells)
    row = low[owner, 0] + offset // np.maximum(spans[owner, 1], 1)
    column = low[owner, 1] + offset % np.maximum(spans[owner, 1], 1)
    a, b, c = (triangles[owner, i] for i in range(3))
    point = np.column_stack([u[row], v[column]])
    ab, ac, ap = (b - a)[:, :2], (c - a)[:, :2], point - a[:, :2]
    determinant = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (ap[:, 0] * ac[:, 1] - ap[:, 1] * ac[:, 0]) / determinant
        t = (ab[:, 0] * ap[:, 1] - ab[:, 1] * ap[:, 0]) / determinant
        height = a[:, 2] + s * (b - a)[:, 2] + t * (c - a)[:, 2]
        inside = (s >= -1e-9) & (t >= -1e-9) & (s + t <= 1 + 1e-9)
    grid = np.full((len(u), len(v)), -np.inf)
    np.maximum.at(grid, (row[inside], column[inside]), height[inside])
    grid[np.isinf(grid)] = np.nan
    return grid
