"""Surface meshes in, welded, closed where a view cuts them off, and turned outwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist

from guides.bones.arrays import Array, Indices
from guides.errors import InputError

OPEN_END = {"femur": 1.0, "tibia": -1.0, "fibula": -1.0}
"""Which end a field of view cuts off, +1 the upper and -1 the lower one: the end away from the knee. The
patella has none."""

FLAT_MM = 1.5
"""By which the border of a cut end leaves its plane at most, and the bone that plane."""

WALL = 0.5
"""Largest mean cosine between the normal of a cut end and those of the faces along it: a shaft meets its cut
at a right angle (0), where a hole in a joint surface lies in that surface (nearly 1)."""

END_MM = 30.0
"""Within so much of a bone's top or bottom a hole is said to be at its end."""


def read_mesh(path: Path) -> trimesh.Trimesh:
    """Load one surface mesh as it is in the file.

    Raises:
        InputError: the file is no surface mesh.
    """
    try:
        mesh: trimesh.Trimesh = trimesh.load_mesh(path, process=False)
        faces, vertices = np.asarray(mesh.faces), np.asarray(mesh.vertices)
        usable = len(faces) >= 4 and bool(np.isfinite(vertices).all())
    except Exception as error:  # trimesh raises whatever its parser trips on
        raise _not_a_mesh(path) from error
    if not usable:
        raise _not_a_mesh(path)
    return mesh


def _not_a_mesh(path: Path) -> InputError:
    return InputError(
        "not_a_mesh", f"{path.name} is not a readable surface mesh", "Export it again as binary PLY"
    )


def clean(mesh: trimesh.Trimesh, name: str) -> trimesh.Trimesh:
    """Weld, keep the largest part, cap the end that the view cut off and turn the normals outwards.

    Args:
        mesh: the surface as it was read, patient LPS mm.
        name: of the bone.

    Raises:
        InputError: ``open_mesh`` where it is open elsewhere. No other hole is filled: what the surface would
            be there is not known, and a flat patch in a plateau turns the joint line unseen.
    """
    mesh = mesh.copy(include_cache=False)
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    mesh.update_faces(mesh.nondegenerate_faces())
    mesh.remove_unreferenced_vertices()
    graph: Any = trimesh.graph
    parts = graph.connected_component_labels(mesh.face_adjacency, node_count=len(mesh.faces))
    if parts.any():
        mesh.update_faces(parts == np.argmax(np.bincount(parts)))
        mesh.remove_unreferenced_vertices()
    if not mesh.is_watertight:
        mesh = _close_cut_end(mesh, name)
    if not (mesh.is_watertight and mesh.is_winding_consistent):
        raise _open(name, "has triangles that face both ways, or edges that more than two of them share")
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def _open(name: str, what: str) -> InputError:
    return InputError(
        "open_mesh",
        f"The {name} mesh {what}",
        "Close it in the software that made it and export it again as one closed surface, or reconstruct the"
        " knee again",
    )


def _close_cut_end(mesh: trimesh.Trimesh, name: str) -> trimesh.Trimesh:
    """Cap the borders where a field of view ends the bone, each with a fan about its centre.

    Raises:
        InputError: ``open_mesh``, with how large and where the widest other hole is.
    """
    _, first, count = np.unique(mesh.edges_sorted, axis=0, return_index=True, return_counts=True)
    single = first[count == 1]
    border, beside = mesh.edges[single], mesh.edges_face[single]
    points = np.asarray(mesh.vertices)
    vertices, faces, holes = [points], [np.asarray(mesh.faces)], []
    for own in _borders(border, len(points)):
        ring = points[border[own, 0]]
        if _is_cut_end(mesh, ring, beside[own], name):
            # The cap runs along each border edge backwards, so that the winding stays consistent.
            centre = np.full(len(own), len(points) + len(vertices) - 1)
            faces.append(np.column_stack([border[own, ::-1], centre]))
            vertices.append(ring.mean(axis=0)[None])
        else:
            holes.append(ring)
    if holes:
        raise _open(name, _described(holes, points))
    return trimesh.Trimesh(np.vstack(vertices), np.vstack(faces), process=False)


def _borders(edges: Indices, vertices: int) -> list[Indices]:
    """Which of (E, 2) border edges hang together, as indices of edges, one array a hole."""
    links = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (vertices, vertices))
    label = connected_components(links, directed=False)[1][edges[:, 0]]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(edges) else []


def _is_cut_end(mesh: trimesh.Trimesh, ring: Array, beside: Indices, name: str) -> bool:
    """Whether a border is where the view ends: flat, at the bone's far end, and across its walls.

    Args:
        mesh: the bone.
        ring: (N, 3) points of the border, mm.
        beside: (N,) the faces along it.
        name: of the bone.
    """
    away = OPEN_END.get(name)
    if away is None:
        return False
    points = np.asarray(mesh.vertices)
    centre = ring.mean(axis=0)
    normal: Array = np.linalg.svd(ring - centre, full_matrices=False)[2][-1]
    normal = normal * (away * np.sign(normal[2]))
    flat = np.abs((ring - centre) @ normal).max() <= FLAT_MM
    last = ((points - centre) @ normal).max() <= FLAT_MM
    across = np.abs(mesh.face_normals[beside] @ normal).mean() <= WALL
    return bool(flat and last and across and away * normal[2] > np.sqrt(0.5))


def _described(holes: list[Array], points: Array) -> str:
    """How many holes a bone has, how wide the widest is, and where."""
    widths = [float(pdist(hole[:: max(1, len(hole) // 200)]).max()) for hole in holes]
    widest = int(np.argmax(widths))
    x, y, z = middle = holes[widest].mean(axis=0)
    below, above = points[:, 2].max() - middle[2], middle[2] - points[:, 2].min()
    where = f"{below:.0f} mm below its top"
    if min(below, above) < END_MM:
        where = f"at its {'upper' if below < above else 'lower'} end"
    count = "a hole" if len(holes) == 1 else f"holes, {len(holes)} in all, the widest"
    return f"has {count} {widths[widest]:.1f} mm across {where}, near ({x:.0f}, {y:.0f}, {z:.0f}) mm"
