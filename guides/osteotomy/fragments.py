"""The corrected knee as surfaces to look at and to X-ray, without a solid engine.

``simulate`` gives exact solids and takes a library that belongs into a process of its own. Pictures and path
lengths need less: surfaces that close, caps that may overlap themselves where an outline is not convex.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, Bone, BoneSet, Indices
from guides.landmarks import rotate, unit
from guides.measures import Points
from guides.osteotomy.closing import ClosingWedge
from guides.osteotomy.cut import outside
from guides.osteotomy.motion import move
from guides.osteotomy.technique import TuberositySide
from guides.osteotomy.wedge import Osteotomy


@dataclass(frozen=True)
class CorrectedKnee:
    """The bones after a correction, patient LPS mm.

    Attributes:
        proximal: fragment of the tibia that stays.
        distal: fragment that has turned; it takes the tuberosity along only as far as that lies below the
            first cut, because the second one is left out here.
        others: the other bones; the patella has moved with the tuberosity.
    """

    proximal: trimesh.Trimesh
    distal: trimesh.Trimesh
    others: Mapping[Bone, trimesh.Trimesh]

    @property
    def meshes(self) -> dict[Bone, trimesh.Trimesh]:
        """One mesh a bone, the tibia in two parts."""
        parts = [self.proximal, self.distal]
        faces = np.vstack([parts[0].faces, np.asarray(parts[1].faces) + len(parts[0].vertices)])
        vertices, normals = (
            np.vstack([getattr(part, name) for part in parts]) for name in ("vertices", "vertex_normals")
        )
        return {**self.others, Bone.TIBIA: _mesh(vertices, faces, normals)}


def corrected_knee(
    bones: BoneSet, points: Points, osteotomy: Osteotomy, tuberosity: TuberositySide = "distal"
) -> CorrectedKnee:
    """Cut the tibia, turn the distal fragment, let the patella follow.

    Args:
        bones: before the correction.
        points: landmarks before it; only the tuberosity is looked at.
        osteotomy: cut and turn.
        tuberosity: the fragment that keeps it.

    Raises:
        InputError: ``cut_outside_bone``: the plane does not divide the tibia.
    """
    tibia, normal = bones[Bone.TIBIA], osteotomy.plane_normal
    proximal = _capped(tibia, osteotomy.plane_point, normal)
    distal = _capped(tibia, osteotomy.plane_point, -normal)
    if isinstance(osteotomy, ClosingWedge):
        # Medial of the hinge the lower plane runs above the upper one, so that nothing is removed there.
        distal = _capped(distal, osteotomy.hinge_point, -osteotomy.distal_plane_normal)
    hinge, axis, degrees = osteotomy.hinge_point, osteotomy.hinge_axis, osteotomy.correction_deg
    turned = _mesh(
        hinge + rotate(np.asarray(distal.vertices) - hinge, axis, degrees),
        np.asarray(distal.faces),
        rotate(np.asarray(distal.vertex_normals), axis, degrees),
    )
    others: dict[Bone, trimesh.Trimesh] = {bone: mesh for bone, mesh in bones.items() if bone != Bone.TIBIA}
    if Bone.PATELLA in others:
        tubercle = {"tuberosity": points["tuberosity"]}
        shift = move(tubercle, hinge, axis, degrees, tuberosity)["tuberosity"] - points["tuberosity"]
        others[Bone.PATELLA] = others[Bone.PATELLA].copy().apply_translation(shift)
    return CorrectedKnee(proximal, turned, others)


def _mesh(vertices: Array, faces: Indices, normals: Array) -> trimesh.Trimesh:
    return trimesh.Trimesh(vertices, faces, vertex_normals=normals, process=False)


def _capped(mesh: trimesh.Trimesh, point: Array, normal: Array) -> trimesh.Trimesh:
    """The part of a closed mesh on the side of the normal, closed by a fan over the cut.

    Vertex normals of the rim lie in the cut and that of the fan's centre is zero: whoever moves vertices
    along them, to find the inside of the cortex, leaves the cut open to the marrow as a saw does.
    """
    intersections: Any = trimesh.intersections
    vertices, faces = intersections.slice_faces_plane(mesh.vertices, mesh.faces, normal, point)[:2]
    part = trimesh.Trimesh(vertices, faces, process=False)
    if not len(part.faces) or len(part.faces) == len(mesh.faces):
        raise outside()
    part.merge_vertices()
    _, first, count = np.unique(part.edges_sorted, axis=0, return_index=True, return_counts=True)
    rim = part.edges[first[count == 1]]
    vertices, normals = np.asarray(part.vertices), np.array(part.vertex_normals)
    places = np.unique(rim)
    normals[places] = unit(normals[places] - (normals[places] @ normal)[:, None] * normal)
    # The fan runs along each edge of the rim backwards, so that the winding stays consistent.
    fan = np.column_stack([rim[:, 1], rim[:, 0], np.full(len(rim), len(vertices))])
    return _mesh(
        np.vstack([vertices, vertices[places].mean(axis=0)]),
        np.vstack([part.faces, fan]),
        np.vstack([normals, np.zeros(3)]),
    )
