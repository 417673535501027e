"""Bony outgrowths under the guide: they are soft at their rim, seen badly, and keep a guide from seating."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label
from scipy.spatial import cKDTree

from guides.bones import Array, Flags
from guides.design.footprint import Footprint
from guides.design.room import STEP_MM
from guides.landmarks import unit

INNER_MM, OUTER_MM = 6.0, 12.0
"""The healthy surface is taken from a ring about each place: an outgrowth is smaller than its hole, and the
bone's own form goes on over its width."""

HIGH_MM = 1.5
"""An outgrowth stands so far above the surface that the ring foretells."""

FOOT_MM = 0.5
"""It ends where it stands no more than this above it."""

NODES = 4
"""Every so many nodes of the height map are looked at, ..."""

RING_NODES = 3
"""... and every so many stand for the surface about them."""

LEAST_POINTS = 30

ROUNDS = 5
STILL_MM = 0.1

LARGEST_MM2 = 150.0
"""What stands out over more than this is the bone's own form."""


def find_bumps(footprint: Footprint) -> Flags:
    """Which nodes of a footprint's height map lie on an outgrowth, (U, V).

    A quadric through the ring about each place foretells the surface there; what stands above it is an
    outgrowth. Ridges and edges, which go on through the ring, are foretold.
    """
    height = above_surroundings(footprint)
    low = height > FOOT_MM
    names, count = label(low)
    if not count:
        return np.zeros_like(low)
    high = np.unique(names[(height > HIGH_MM) & low])
    area = np.bincount(names.ravel()) * STEP_MM**2
    return np.asarray(np.isin(names, [name for name in high if area[name] <= LARGEST_MM2]))


def above_surroundings(footprint: Footprint) -> Array:
    """(U, V) mm by which the bone stands above what its surroundings foretell; 0 outside the outline."""
    points, normals = _surface(footprint)
    rows, columns = (
        np.flatnonzero((grid > limits[0]) & (grid < limits[1]))
        for grid, limits in ((footprint.grid_u, footprint.u), (footprint.grid_v, footprint.v))
    )
    found = np.zeros_like(footprint.height)
    if len(points) < LEAST_POINTS:
        return found
    coarse = np.ix_(rows[::NODES], columns[::NODES])
    u, v = np.meshgrid(footprint.grid_u[rows[::NODES]], footprint.grid_v[columns[::NODES]], indexing="ij")
    places = np.stack([u, v, footprint.height[coarse]], axis=-1).reshape(-1, 3)
    seen = np.flatnonzero(np.isfinite(places[:, 2]))
    heights = np.zeros(len(places))
    heights[seen] = _above(places[seen], points, normals)
    spread = np.kron(heights.reshape(u.shape), np.ones((NODES, NODES)))
    found[np.ix_(rows, columns)] = spread[: len(rows), : len(columns)]
    return found


def _surface(footprint: Footprint) -> tuple[Array, Array]:
    """(N, 3) points and unit normals of the bone on and about the outline, in the local frame."""
    du, dv = np.gradient(footprint.height, STEP_MM)
    u, v = np.meshgrid(footprint.grid_u, footprint.grid_v, indexing="ij")
    (u0, u1), (v0, v1) = footprint.u, footprint.v
    near = (u > u0 - OUTER_MM) & (u < u1 + OUTER_MM) & (v > v0 - OUTER_MM) & (v < v1 + OUTER_MM)
    near &= np.isfinite(du) & np.isfinite(dv)
    part = (slice(None, None, RING_NODES),) * 2
    near = near[part]
    points = np.stack([u, v, footprint.height], axis=-1)[part][near]
    normals = np.stack([-du, -dv, np.ones_like(du)], axis=-1)[part][near]
    return points, unit(normals)


def _above(places: Array, points: Array, normals: Array) -> Array:
    """(P,) heights of (P, 3) places above the quadric through the ring about each, along the ring's mean
    normal; (N, 3) points of the surface with their unit normals."""
    heights = np.zeros(len(places))
    tree = cKDTree(points)
    most = int(tree.query_ball_point(places, OUTER_MM, return_length=True).max(initial=1))
    off, nearest = tree.query(places, np.arange(1, most + 1), distance_upper_bound=OUTER_MM)
    ring = (off > INNER_MM) & np.isfinite(off)
    enough = np.flatnonzero(ring.sum(axis=1) >= LEAST_POINTS)
    ring = ring[enough]
    about = np.where(ring, nearest[enough], 0)
    arm = points[about] - places[enough, None]
    out = unit((normals[about] * ring[..., None]).sum(axis=1))
    across = unit(np.cross(out, np.eye(3)[np.argmin(np.abs(out), axis=1)]))
    axes = np.stack([across, np.cross(out, across), out], axis=-1)
    x, y, z = np.moveaxis(arm @ axes, -1, 0)
    quarters = 2 * (x > 0) + (y > 0)
    columns = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    # Least absolute distances, by reweighting: a groove or a neighbour in the ring must not bend the quadric.
    weight = ring.astype(float)
    fit = np.zeros((len(ring), columns.shape[1], 1))
    for _ in range(ROUNDS):
        weighted = columns * weight[:, None]
        normal_equations = weighted @ columns.transpose(0, 2, 1)
        fit = np.linalg.pinv(normal_equations, hermitian=True) @ (weighted @ z[..., None])
        left = z - (fit.transpose(0, 2, 1) @ columns)[:, 0]
        weight = ring / np.maximum(np.abs(left), STILL_MM)
    # On all sides of it, or nothing is foretold.
    seen = np.all([(ring & (quarters == quarter)).any(axis=1) for quarter in range(4)], axis=0)
    heights[enough] = np.where(seen, -fit[:, 0, 0], 0.0)
    return heights
