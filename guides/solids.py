"""Between triangle meshes and manifold3d solids, with every status checked."""

from __future__ import annotations

import manifold3d
import numpy as np
import trimesh

from guides.bones import Array
from guides.errors import InputError


def from_mesh(mesh: trimesh.Trimesh) -> manifold3d.Manifold:
    """A solid from a closed mesh.

    Raises:
        InputError: ``not_a_solid`` when the mesh is no oriented closed surface.
    """
    solid = manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=np.array(mesh.vertices, dtype=np.float64, order="C"),
            tri_verts=np.array(mesh.faces, dtype=np.uint64, order="C"),
        )
    )
    return checked(solid, "the mesh")


def to_mesh(solid: manifold3d.Manifold) -> trimesh.Trimesh:
    """A triangle mesh in double precision from a solid."""
    mesh = solid.to_mesh64()
    return trimesh.Trimesh(
        np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts).astype(np.int64), process=False
    )


def signed_volume(mesh: trimesh.Trimesh) -> float:
    """Volume of a closed mesh in mm3, negative when its faces look inwards; nothing else is worked out."""
    a, b, c = np.moveaxis(np.asarray(mesh.triangles), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6


def checked(solid: manifold3d.Manifold, name: str) -> manifold3d.Manifold:
    """The solid itself; a failed or empty one is an error, never passed on in silence.

    Raises:
        InputError: ``not_a_solid``.
    """
    if solid.status() != manifold3d.Error.NoError or solid.is_empty():
        raise InputError(
            "not_a_solid",
            f"{name} is not a valid solid ({solid.status().name})",
            "Reconstruct the knee again, or export the bone as one closed surface",
        )
    return solid


def placed(solid: manifold3d.Manifold, basis: Array, origin: Array) -> manifold3d.Manifold:
    """Move a solid from local coordinates to the world; the columns of ``basis`` are the local axes."""
    return solid.transform(np.column_stack([basis, origin]))


GRID = 2.0**-14
"""Exported coordinates are multiples of this (6e-5 mm): exact in single precision up to 1024 mm, so that the
STL, the 3MF and the mesh in memory are the same shape to the last bit."""


def to_printable(solid: manifold3d.Manifold) -> trimesh.Trimesh:
    """A mesh that is still one closed surface after single-precision export and welding.

    Booleans leave vertices nanometres apart; a reader that welds equal vertices would find the mesh open
    there. So the vertices are rounded and welded here, the collapsed triangles dropped, and the result
    proven.

    Raises:
        InputError: ``not_a_solid`` when no tolerance gives a closed surface.
    """
    for tolerance in (0.0, 0.005, 0.02, 0.05):
        mesh = to_mesh(solid.as_original().simplify(tolerance) if tolerance else solid)
        mesh = trimesh.Trimesh(np.round(mesh.vertices / GRID) * GRID, mesh.faces, process=False)
        mesh.merge_vertices()
        faces = np.asarray(mesh.faces)
        distinct = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
        mesh.update_faces(distinct)
        mesh.remove_unreferenced_vertices()
        if mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0:
            return mesh
    raise InputError(
        "not_a_solid", "The guide is no closed surface after rounding", "Change a guide parameter slightly"
    )
