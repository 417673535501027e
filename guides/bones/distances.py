"""Distances from points to a mesh."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from typing import Any

import numpy as np
import trimesh

from guides.bones.arrays import Array

KEPT = 3
"""Meshes whose search trees are kept: a design asks the same bone and guide many times over."""

PARALLEL = 0.999
"""Cosine from which the way to the nearest point is taken to run along the face's normal."""

ON_RIM = 1e-9
"""Barycentric coordinate below which a point of a face lies on its edge."""


def signed_distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    """Distance from (N, 3) points to the surface of a solid in mm, positive outside."""
    return _search(mesh).signed(points)


def distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    """Distance from (N, 3) points to the surface in mm, never negative."""
    return np.sqrt(_search(mesh).nearest(points)[0])


class _Search:
    """A tree over the triangles of one mesh, and the normals that tell inside from outside.

    The sign is that of the angle-weighted pseudonormal of the nearest face, edge or vertex (Baerentzen and
    Aanaes 2005, 10.1109/TVCG.2005.49).
    """

    def __init__(self, mesh: trimesh.Trimesh) -> None:
        import igl  # only the designer and the checks need it, and planning must start fast

        self._vertices = np.ascontiguousarray(mesh.vertices, dtype=np.float64)
        self._faces = np.ascontiguousarray(mesh.faces, dtype=np.int64)
        self._tree = igl.AABB()
        self._tree.init(self._vertices, self._faces)

    def nearest(self, points: Array) -> tuple[Array, Any, Array]:
        """(N,) squared distances, (N,) faces and (N, 3) points of the surface nearest to (N, 3) points."""
        points = np.ascontiguousarray(points, dtype=np.float64)
        found: tuple[Array, Any, Array] = self._tree.squared_distance(self._vertices, self._faces, points)
        return found

    def signed(self, points: Array) -> Array:
        """(N,) distances, positive outside."""
        squared, faces, closest = self.nearest(points)
        found, way = np.sqrt(squared), points - closest
        face_normals, _, _, _ = self._normals
        along = np.einsum("ni,ni->n", way, face_normals[faces])
        aslant = np.flatnonzero(np.abs(along) < PARALLEL * found)
        if len(aslant):
            normals = self._pseudonormals(faces[aslant], closest[aslant])
            along[aslant] = np.einsum("ni,ni->n", way[aslant], normals)
        return np.asarray(np.where(along < 0, -found, found))

    @cached_property
    def _normals(self) -> tuple[Array, Array, Array, Any]:
        """Of faces, of vertices by angle, of edges, and (F, 3) the edge opposite each corner of a face."""
        import igl

        by_angle = igl.PER_VERTEX_NORMALS_WEIGHTING_TYPE_ANGLE
        of_edges, _, edges = igl.per_edge_normals(
            self._vertices, self._faces, igl.PER_EDGE_NORMALS_WEIGHTING_TYPE_UNIFORM
        )
        return (
            igl.per_face_normals(self._vertices, self._faces, np.array([0.0, 0.0, 0.0])),
            igl.per_vertex_normals(self._vertices, self._faces, by_angle),
            of_edges,
            edges.reshape(3, -1).T,
        )

    def _pseudonormals(self, faces: Any, closest: Array) -> Array:
        """(N, 3) normals of the face, edge or vertex on which each closest point lies."""
        of_faces, of_vertices, of_edges, edges = self._normals
        a, b, c = (self._vertices[self._faces[faces, corner]] for corner in range(3))
        # Twice the areas of the parts of a face, each signed as the whole one is.
        normals = of_faces[faces]
        parts = [np.cross(q - closest, r - closest) for q, r in ((b, c), (c, a), (a, b))]
        weights = np.stack([np.einsum("ni,ni->n", part, normals) for part in parts], axis=1)
        outer = weights < ON_RIM * np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        count, rows = outer.sum(axis=1), np.arange(len(faces))
        edge = count == 1
        normals[edge] = of_edges[edges[faces[edge], outer[edge].argmax(axis=1)]]
        vertex = count >= 2
        corner = weights.argmax(axis=1)
        normals[vertex] = of_vertices[self._faces[faces[vertex], corner[rows[vertex]]]]
        return np.asarray(normals)


_kept: OrderedDict[int, _Search] = OrderedDict()


def _search(mesh: trimesh.Trimesh) -> _Search:
    """The search of a mesh, by its content: a moved or changed mesh is another one."""
    key = hash(mesh)
    if key not in _kept:
        _kept[key] = _Search(mesh)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]
