"""Uncertainty as a property of a mesh's vertices, in PLY files and out of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import trimesh

PROPERTY = "uncertainty_mm"


def with_uncertainty(mesh: trimesh.Trimesh, uncertainty: npt.NDArray[np.floating]) -> trimesh.Trimesh:
    """The mesh with (V,) millimetres at its vertices, in place; PLY files keep them."""
    mesh.vertex_attributes[PROPERTY] = np.asarray(uncertainty, np.float32)
    return mesh


def uncertainty_of(mesh: trimesh.Trimesh) -> npt.NDArray[np.float32] | None:
    """(V,) millimetres at the vertices of a mesh from a PLY file or ``with_uncertainty``; None without."""
    if PROPERTY in mesh.vertex_attributes:
        return np.asarray(mesh.vertex_attributes[PROPERTY], np.float32)
    # trimesh leaves properties that it does not know in the raw elements of the file.
    data = mesh.metadata.get("_ply_raw", {}).get("vertex", {}).get("data")
    names = getattr(getattr(data, "dtype", None), "names", None) or ()
    if PROPERTY not in names or len(data) != len(mesh.vertices):
        return None
    return np.asarray(data[PROPERTY], np.float32)
