"""The corrected knee as surfaces to look at and to X-ray.

``simulate`` gives exact solids and takes a library that belongs into a process of its own: ``exact_knee``
shows what it has made. Without them pictures and path lengths do with less: ``corrected_knee`` gives surfaces
that close, whose caps may overlap themselves where an outline is not convex, and leaves the second cut out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from guides.osteotomy.second_cut import SecondCut
from guides.osteotomy.technique import TuberositySide
from guides.osteotomy.wedge import Osteotomy


@dataclass(frozen=True)
class CorrectedKnee:
    """The bones after a correction, patient LPS mm.

    Attributes:
        proximal: fragment of the tibia that stays.
        distal: fragment that has turned.
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
    """Cut the tibia by the first plane alone, turn the distal fragment, let the patella follow.

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
    return CorrectedKnee(proximal, turned, _others(bones, points, osteotomy, tuberosity))


def exact_knee(
    bones: BoneSet,
    points: Points,
    osteotomy: Osteotomy,
    fragments: tuple[trimesh.Trimesh, trimesh.Trimesh],
    tuberosity: TuberositySide = "distal",
    second: SecondCut | None = None,
) -> CorrectedKnee:
    """The knee with fragments that ``simulate`` made.

    Args:
        bones, points, osteotomy, tuberosity: as of ``corrected_knee``.
        fragments: proximal, and distal as it has turned.
        second: the second cut, if the fragments were made with one.
    """
    hinge, axis = osteotomy.hinge_point, osteotomy.hinge_axis
    planes = [(osteotomy.plane_point, osteotomy.plane_normal)]
    if isinstance(osteotomy, ClosingWedge):
        planes.append((hinge, osteotomy.distal_plane_normal))
    if second is not None:
        planes.append((second.point, second.normal))
    turned = [
        (hinge + rotate(p - hinge, axis, osteotomy.correction_deg), rotate(n, axis, osteotomy.correction_deg))
        for p, n in planes
    ]
    proximal, distal = (_sawn(mesh, cuts) for mesh, cuts in zip(fragments, (planes, turned), strict=True))
    return CorrectedKnee(proximal, distal, _others(bones, points, osteotomy, tuberosity))


def _others(
    bones: BoneSet, points: Points, osteotomy: Osteotomy, tuberosity: TuberositySide
) -> dict[Bone, trimesh.Trimesh]:
    """The bones beside the tibia; the patella has moved with the tuberosity."""
    others: dict[Bone, trimesh.Trimesh] = {bone: mesh for bone, mesh in bones.items() if bone != Bone.TIBIA}
    if Bone.PATELLA in others:
        tubercle = {"tuberosity": points["tuberosity"]}
        turn = (osteotomy.hinge_point, osteotomy.hinge_axis, osteotomy.correction_deg)
        shift = move(tubercle, *turn, tuberosity)["tuberosity"] - points["tuberosity"]
        others[Bone.PATELLA] = others[Bone.PATELLA].copy().apply_translation(shift)
    return others


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


ON_CUT_MM = 1e-3
"""A vertex this near to a plane lies in the cut: files carry single precision, 6e-5 mm at one metre."""


def _sawn(mesh: trimesh.Trimesh, planes: Sequence[tuple[Array, Array]]) -> trimesh.Trimesh:
    """The same surface with vertex normals as of ``_capped``: of the bone alone, along the cut at its rim."""
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    on = np.stack([np.abs((vertices - point) @ normal) < ON_CUT_MM for point, normal in planes])
    bone = faces[~on[:, faces].all(axis=2).any(axis=0)]
    a, b, c = vertices[bone].transpose(1, 0, 2)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, bone[:, corner], np.cross(b - a, c - a))
    for pattern in np.unique(on[:, on.any(axis=0)], axis=1).T:
        rim = (on == pattern[:, None]).all(axis=0)
        across = np.linalg.qr(np.stack([n for (_, n), cut in zip(planes, pattern, strict=True) if cut]).T)[0]
        normals[rim] -= normals[rim] @ across @ across.T
    # Inside a cut there is no bone surface: the normal is zero there, as in the middle of a fan.
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return _mesh(vertices, faces, np.divide(normals, length, out=np.zeros_like(normals), where=length > 1e-9))
