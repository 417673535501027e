"""Surface meshes in, welded, closed and turned outwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from guides.errors import InputError


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
    """Weld, keep the largest part, close flat open ends and turn the normals outwards.

    Raises:
        InputError: ``open_mesh`` when holes remain that are not the flat cut of a field of view.
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
        mesh = _close_flat_ends(mesh)
    if not (mesh.is_watertight and mesh.is_winding_consistent):
        raise InputError(
            "open_mesh",
            f"The {name} mesh has holes or doubled surfaces",
            "Export it again as one closed surface, or reconstruct the knee again",
        )
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def _close_flat_ends(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Cap every boundary loop that lies in one plane to within 1.5 mm with a fan about its centre."""
    _, first, count = np.unique(mesh.edges_sorted, axis=0, return_index=True, return_counts=True)
    following = {int(a): int(b) for a, b in mesh.edges[first[count == 1]]}
    vertices, faces = [np.asarray(mesh.vertices)], [np.asarray(mesh.faces)]
    centres = len(mesh.vertices)
    while following:
        start = next(iter(following))
        loop, here = [], start
        while here in following:
            loop.append(here)
            here = following.pop(here)
        points = np.asarray(mesh.vertices)[loop]
        centre = points.mean(axis=0)
        flatness = np.abs(
            (points - centre) @ np.linalg.svd(points - centre, full_matrices=False)[2][-1]
        ).max()
        if here != start or len(loop) < 3 or flatness > 1.5:
            return mesh
        ring = np.array(loop)
        vertices.append(centre[None])
        # The cap runs along each boundary edge backwards, so that the winding stays consistent.
        faces.append(np.column_stack([np.roll(ring, -1), ring, np.full(len(ring), centres)]))
        centres += 1
    return trimesh.Trimesh(np.vstack(vertices), np.vstack(faces), process=False)
