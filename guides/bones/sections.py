"""Cross-sections of a mesh: outlines and their moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

from guides.bones.arrays import Array, Flags, Indices
from guides.bones.by_height import by_height


@dataclass(frozen=True)
class Sections:
    """Moments of the cross-sections of a mesh with a stack of parallel planes.

    Attributes:
        levels: (N,) heights along the axis, mm.
        area: (N,) mm2, zero where the plane misses the mesh.
        centroid: (N, 2) in the two in-plane directions, mm; NaN where the area is zero.
        covariance: (N, 2, 2) second central moment divided by the area, mm2.
    """

    levels: Array
    area: Array
    centroid: Array
    covariance: Array


def cross_section(mesh: trimesh.Trimesh, point: Array, normal: Array) -> Array:
    """The outline where a plane cuts a mesh, as unordered segments.

    Returns:
        (N, 2, 3) points in mm; seen against ``normal`` each segment has the solid on its left.
    """
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    heights = vertices @ normal - point @ normal
    above = heights > 0
    # A plane meets a few hundred triangles of a bone's hundred thousand: these are found first.
    if mesh.vertices.flags.writeable or mesh.faces.flags.writeable:
        return _segments(vertices, faces[_met(above, faces)], heights, normal)
    near, order = by_height(mesh).near(point, normal)
    return _segments(vertices, faces[np.sort(order[_met(above, near)])], heights, normal)


def _met(above: Flags, faces: Indices) -> Flags:
    """Which triangles have corners on either side."""
    corners = above.take(faces)
    met: Flags = (corners[:, 0] != corners[:, 1]) | (corners[:, 0] != corners[:, 2])
    return met


def _segments(vertices: Array, faces: NDArray[np.int64], heights: Array, normal: Array) -> Array:
    above = heights[faces] > 0
    count = above.sum(axis=1)
    crossed = (count == 1) | (count == 2)
    faces, above, count = faces[crossed], above[crossed], count[crossed]
    # Turn each triangle so that the vertex that stands alone on its side comes first.
    alone = np.where(count == 1, above.argmax(axis=1), (~above).argmax(axis=1))
    turn = (alone[:, None] + np.arange(3)) % 3
    faces = np.take_along_axis(faces, turn, axis=1)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    ha, hb, hc = (heights[faces[:, i]][:, None] for i in range(3))
    ab = a + (b - a) * (ha / (ha - hb))
    ac = a + (c - a) * (ha / (ha - hc))
    segments = np.stack([ab, ac], axis=1)
    # A lone vertex above gives (ab, ac) with the solid on the left, a lone vertex below the reverse.
    flip = np.einsum("ij,ij->i", np.cross(b - a, c - a), np.cross(ac - ab, normal)) < 0
    segments[flip] = segments[flip][:, ::-1]
    return segments


def sections(mesh: trimesh.Trimesh, levels: Array, axis: Array, across: Array, along: Array) -> Sections:
    """Area, centroid and covariance of the cross-sections at ``levels`` along a unit ``axis``.

    ``across`` and ``along`` are the in-plane unit directions of the moments, with ``across x along = axis``.
    Green's theorem over the outline segments, so neither ordering nor capping is needed.
    """
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    heights = vertices @ axis
    low, high = heights[faces].min(axis=1), heights[faces].max(axis=1)
    plane = np.column_stack([across, along])
    area = np.zeros(len(levels))
    centroid = np.full((len(levels), 2), np.nan)
    covariance = np.full((len(levels), 2, 2), np.nan)
    for index, level in enumerate(levels):
        near = faces[(low <= level) & (high > level)]
        if not len(near):
            continue
        p, q = (_segments(vertices, near, heights - level, axis) @ plane).transpose(1, 0, 2)
        twice = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
        total = twice.sum() / 2
        if total < 1.0:
            continue
        mean = ((p + q) * twice[:, None]).sum(axis=0) / (6 * total)
        second = (
            np.einsum("n,ni,nj->ij", twice, p, p)
            + np.einsum("n,ni,nj->ij", twice, q, q)
            + np.einsum("n,ni,nj->ij", twice, p + q, p + q)
        ) / (24 * total)
        area[index], centroid[index] = total, mean
        covariance[index] = second - np.outer(mean, mean)
    return Sections(np.asarray(levels, dtype=float), area, centroid, covariance)
