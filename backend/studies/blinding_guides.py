"""Guides to print that tell nothing but how they fit: no name engraved, no header, triangles as in the other.

A designed guide carries the arrow, the side and the first digits of its plan's hash. Arrow and side help the
surgeon; the hash names the plan, and with it the bones that it was made on, to whoever looks it up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import manifold3d
import numpy as np
import trimesh

from backend.studies.blinding_mesh import filled_up
from guides.design.label import text_solid, text_width
from guides.solids import from_mesh, placed, to_printable
from recon.errors import InputError

# Fillings reach so far into the walls around and above the plate: two faces in one plane leave slivers.
REACH_MM = 0.02
# What both versions have is a multiple of this and more than either had, so that both were cut finer.
FACES_STEP = 1024


def unlabelled(mesh: trimesh.Trimesh, report: Mapping[str, Any]) -> trimesh.Trimesh:
    """The guide with the strokes of the plan's hash filled; arrow and side stay.

    Args:
        mesh: the guide, mm, in the frame of its bones.
        report: of its design; without an engraving nothing is to fill.

    Raises:
        InputError: of the guide engine, ``not_a_solid`` or ``bad_label``: nothing is handed out half blinded.
    """
    engraving, label = report.get("engraving"), report.get("label")
    if not engraving or not label:
        return mesh
    side, _, name = str(label).partition(" ")
    # The plate is a millimetre longer than its letters at either end, in reports of any age.
    cell = (float(engraving["width_mm"]) - 2) / text_width(f"^ {label}", 1.0)
    depth = float(engraving["depth_mm"])
    guide = from_mesh(mesh)
    # Blanks in place of arrow and side keep the other letters where they are.
    strokes = text_solid(" " * (len(side) + 3) + name, cell, depth + 2 * REACH_MM)
    point = np.asarray(engraving["point"], dtype=float)
    out, along = (np.asarray(engraving[key], dtype=float) for key in ("direction", "along"))
    basis = np.column_stack([along, np.cross(out, along), out])
    for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        moved = strokes.translate((x * REACH_MM, y * REACH_MM, -depth - REACH_MM))
        guide = guide + placed(moved, basis, point)
    # A sheet of the plate's own outline, with the holes it has, over where the strokes were.
    sheet = guide ^ placed(_around(strokes), basis, point)
    return to_printable(_largest(guide + sheet.translate(tuple(4 * REACH_MM * out))))


def _around(strokes: manifold3d.Manifold) -> manifold3d.Manifold:
    """A thin layer below the plate's face, a little wider than the strokes, in the frame of the engraving."""
    low, high = np.reshape(strokes.bounding_box(), (2, 3))
    size = (high - low + 8 * REACH_MM)[:2]
    layer = manifold3d.Manifold.cube((*size, 3 * REACH_MM))
    return layer.translate((*(low - 4 * REACH_MM)[:2], -4 * REACH_MM))


def _largest(solid: manifold3d.Manifold) -> manifold3d.Manifold:
    """Without crumbs, should a stroke have reached beyond the plate."""
    return max(solid.decompose(), key=lambda part: float(part.volume()))


def alike(meshes: Sequence[trimesh.Trimesh]) -> list[trimesh.Trimesh]:
    """The same surfaces with one number of triangles, the longest edges halved.

    Raises:
        InputError: ``not_alike``: one of them holds triangles without an area that nothing can be made of.
    """
    wanted = FACES_STEP * (max(len(mesh.faces) for mesh in meshes) // FACES_STEP + 1)
    made = [filled_up(np.asarray(mesh.vertices, float), np.asarray(mesh.faces), wanted) for mesh in meshes]
    if any(len(faces) != wanted for _, faces in made):
        raise InputError("not_alike", "A guide's mesh is damaged", "Design the guide again")
    return [trimesh.Trimesh(points, faces, process=False) for points, faces in made]


def stl(mesh: trimesh.Trimesh) -> bytes:
    """Binary STL with an empty header, triangles in order of place."""
    corners = np.asarray(mesh.triangles, dtype="<f4")
    corners = corners[np.lexsort(corners.reshape(-1, 9).T[::-1])]
    records = np.zeros(
        len(corners), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("spare", "<u2")]
    )
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).astype(np.float64)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    records["normal"] = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    records["corners"] = corners
    return bytes(80) + np.uint32(len(corners)).astype("<u4").tobytes() + records.tobytes()
