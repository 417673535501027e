"""One bone as raters get it: every mesh with as many triangles as any other, in one order, on one grid.

What a file says besides the shape (how many vertices, in which order, how finely rounded, in which frame)
tells one software from another. Here nothing of it is left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import trimesh

from backend.imaging.engine import DISPLAY_FACES, simplified
from guides.errors import InputError as NotASolid
from guides.solids import from_mesh, to_mesh
from recon.errors import InputError

FACES = DISPLAY_FACES
# Closed surfaces have FACES / 2 + 2 vertices, more for each further piece, fewer for each handle.
VERTICES = 9_216
STEP_MM = 0.01
SLOT_BYTES = 4 + VERTICES * 12 + FACES * 6

Points = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int64]


def cut_to(mesh: trimesh.Trimesh, low: float, high: float) -> trimesh.Trimesh:
    """What lies between two heights, mm, closed where the mesh was closed."""
    for height, normal in ((low, 1.0), (high, -1.0)):
        if np.isfinite(height):
            mesh = _cut(mesh, np.array([0.0, 0.0, height]), np.array([0.0, 0.0, normal]))
    return mesh


def _cut(mesh: trimesh.Trimesh, point: Points, normal: Points) -> trimesh.Trimesh:
    try:
        solid = from_mesh(mesh)
    except NotASolid:
        # An open surface has no inside to close the cut with.
        return trimesh.intersections.slice_mesh_plane(mesh, normal, point)
    return to_mesh(solid.trim_by_plane(normal, float(normal @ point)))


def remeshed(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The same surface in exactly ``FACES`` triangles, on a grid of ``STEP_MM``, in one canonical order.

    Raises:
        InputError: ``no_surface``; ``too_many_pieces``: so many that the triangles do not suffice.
    """
    if len(mesh.faces) == 0:
        raise InputError("no_surface", "A bone has no surface", "Import or reconstruct it again")
    while len(mesh.faces) < FACES:
        mesh = mesh.subdivide()
    mesh = simplified(mesh, FACES)
    points, faces = np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces, dtype=np.int64)
    if len(faces) <= FACES:
        points, faces = filled_up(points, faces, FACES)
        points, faces = _canonical(points, faces)
    if len(faces) != FACES or len(points) > VERTICES:
        raise InputError(
            "too_many_pieces",
            "A bone is in too many pieces to be shown like the others",
            "Remove loose pieces from its mesh",
        )
    return trimesh.Trimesh(points, faces, process=False)


def filled_up(points: Points, faces: Faces, wanted: int) -> tuple[Points, Faces]:
    """As many triangles as are wanted, by halving the longest edges; the surface stays where it is.

    Edges that are the longest of all triangles at them are halved together, the longest of these first.

    Args:
        points, faces: (n, 3) and (m, 3), vertices shared by neighbours.
        wanted: at least m; fewer come where nothing but collapsed triangles is left to halve.
    """
    while (missing := wanted - len(faces)) > 0:
        edges, of_face = np.unique(
            np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0, return_inverse=True
        )
        of_face = of_face.reshape(-1, 3)
        lengths = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
        # Ranks, not lengths: among equally long edges one has to come first in every triangle.
        rank = np.empty(len(edges), dtype=np.int64)
        rank[np.argsort(lengths, kind="stable")] = np.arange(len(edges))
        longest = of_face[np.arange(len(faces)), rank[of_face].argmax(axis=1)]
        halved = np.bincount(longest, minlength=len(edges)) == np.bincount(
            of_face.ravel(), minlength=len(edges)
        )
        at_edge = np.flatnonzero(halved[longest])
        if not len(at_edge):
            break
        # A whole edge at a time: its triangles lie side by side in this order.
        at_edge = at_edge[np.argsort(-rank[longest[at_edge]], kind="stable")][:missing]
        middles, place = np.unique(longest[at_edge], return_inverse=True)
        middle = len(points) + place
        points = np.vstack([points, points[edges[middles]].mean(axis=1)])
        split = faces[at_edge]
        halves = [
            np.where(split == edges[longest[at_edge], end][:, None], middle[:, None], split) for end in (0, 1)
        ]
        faces = np.concatenate([np.delete(faces, at_edge, axis=0), *halves])
    return points, faces


def _canonical(points: Points, faces: Faces) -> tuple[Points, Faces]:
    """Used vertices only, rounded and ordered by place; triangles begin with their first vertex, in order."""
    used, faces = np.unique(faces, return_inverse=True)
    faces = faces.reshape(-1, 3)
    points = np.round(points[used] / STEP_MM) * STEP_MM
    order = np.lexsort(points.T)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    faces = rank[faces]
    turn = (np.arange(3) + faces.argmin(axis=1)[:, None]) % 3
    faces = np.take_along_axis(faces, turn, axis=1)
    return points[order], faces[np.lexsort(faces.T[::-1])]


def packed(mesh: trimesh.Trimesh | None) -> bytes:
    """``SLOT_BYTES`` of a bone: number of triangles, uint32; vertices, float32; triangles, uint16.

    Little-endian; vertices are padded with zeros to ``VERTICES``; all zeros is no bone.
    """
    if mesh is None:
        return bytes(SLOT_BYTES)
    points = np.zeros((VERTICES, 3), "<f4")
    points[: len(mesh.vertices)] = mesh.vertices
    return (
        np.uint32(FACES).astype("<u4").tobytes()
        + points.tobytes()
        + np.asarray(mesh.faces).astype("<u2").tobytes()
    )
