"""The contact face of a guide, found in the printed mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, Flags
from guides.errors import InputError

SAMPLES = 400
"""Points that stand for the contact face in placements and under load."""

CROWD = 20
"""So many places are looked at for each point. Points drawn at random leave out now this crest of the bone,
now that one, and one guide on one bone then had 26, 51 or 75 % good placements, as it fell out. Over the 13
legs of ``tests.benchmarks.guide_ct_vs_xray`` 400 drawn are 9 % off what 1500 say, 400 spread evenly 3 %,
on average."""

FACING = 0.3
"""A face is meant to touch when its outward normal points into the bone by more than this cosine."""

FLAT_MM = 0.05
LEAST_AREA_MM2 = 50.0


@dataclass(frozen=True)
class Frame:
    """The guide's local frame: u along the bone's face, v square to the cut, w the way out."""

    origin: Array
    basis: Array

    @classmethod
    def of_report(cls, report: Mapping[str, Any]) -> Frame:
        """The frame that a design's report names."""
        footprint = report["footprint"]
        basis = np.column_stack([footprint["u"], footprint["v"], footprint["w"]])
        return cls(np.asarray(footprint["origin"], dtype=float), basis.astype(float))

    def local(self, world: Array) -> Array:
        """LPS (..., 3) points to the frame."""
        return np.asarray((world - self.origin) @ self.basis)

    def world(self, local: Array) -> Array:
        """(..., 3) points of the frame to LPS."""
        return np.asarray(self.origin + local @ self.basis.T)

    def mesh(self, mesh: trimesh.Trimesh) -> trimesh.Trimesh:
        """A mesh brought into the frame."""
        return trimesh.Trimesh(self.local(np.asarray(mesh.vertices)), mesh.faces, process=False)


@dataclass(frozen=True)
class Contact:
    """Points that stand for a contact face, in the guide's frame.

    Attributes:
        points: (N, 3) spread evenly by area.
        normals: (N, 3) outward normals of the guide, into the bone.
        area: of the contact face, mm2.
    """

    points: Array
    normals: Array
    area: float

    @classmethod
    def spread(cls, points: Array, normals: Array, areas: Array, count: int) -> Contact:
        """``count`` of many points, spread evenly over the face.

        They are counted off along stripes, up one and down the next, as wide as points are apart.

        Args:
            points: (M, 3) all over the face, at least one.
            normals: (M, 3) outward normals of the guide there.
            areas: (M,) mm2 that each stands for.
            count: number of points; some come twice where M is smaller.
        """
        total = float(areas.sum())
        stripe = np.floor(points[:, 0] / np.sqrt(total / count))
        along = np.where(stripe % 2 == 0, points[:, 1], -points[:, 1])
        order = np.lexsort((along, stripe))
        reached = np.cumsum(areas[order])
        at = np.searchsorted(reached, (np.arange(count) + 0.5) / count * reached[-1])
        chosen = order[at]
        return cls(points[chosen], normals[chosen], total)

    @property
    def centre(self) -> Array:
        """(3,) mean of the points."""
        return np.asarray(self.points.mean(axis=0))


@dataclass(frozen=True)
class PrintedContact(Contact):
    """The contact face of a printed guide, with the ``face`` as a mesh of its own."""

    face: trimesh.Trimesh


def find_contact(guide: trimesh.Trimesh, report: Mapping[str, Any], count: int = SAMPLES) -> PrintedContact:
    """The faces that look into the bone, see past the guide, and lie inside the outline's blunt rim.

    Args:
        guide: the printed mesh in the guide's frame.
        report: the design's report, for the outline.
        count: number of points.

    Raises:
        InputError: ``no_contact_face``.
    """
    facing = np.asarray(guide.face_normals[:, 2] < -FACING)
    outline = np.asarray(report["footprint"]["outline"], dtype=float)
    centres = guide.triangles_center
    # Where the bone falls away for good the guide ends in a flat, which is not meant to touch.
    facing &= centres[:, 2] > float(report["footprint"]["bottom_mm"]) + FLAT_MM
    index = np.flatnonzero(facing)
    index = index[inset(outline, centres[index, :2], float(report["footprint"]["rim_mm"]))]
    for region in report["footprint"].get("relief", []):
        # Made not to touch.
        index = index[~inset(np.asarray(region, dtype=float), centres[index, :2], 0.0)]
    down = np.array([0.0, 0.0, -1.0])
    ray: Any = guide.ray
    hidden = np.asarray(ray.intersects_any(centres[index] + 1e-3 * down, np.tile(down, (len(index), 1))))
    index = index[~hidden]
    if not len(index) or float(guide.area_faces[index].sum()) < LEAST_AREA_MM2:
        raise InputError(
            "no_contact_face",
            "No contact face was found in the guide where its report says that it lies",
            "Give the folder of one design with its own report.json, or design the guide again",
        )
    face = trimesh.Trimesh(guide.vertices, guide.faces[index], process=False)
    face.remove_unreferenced_vertices()
    crowd, faces = trimesh.sample.sample_surface(face, CROWD * count, seed=0)
    normals, areas = np.asarray(face.face_normals[faces]), np.full(len(crowd), face.area / len(crowd))
    even = Contact.spread(np.asarray(crowd), normals, areas, count)
    return PrintedContact(even.points, even.normals, even.area, face)


def inset(outline: Array, points: Array, margin: float) -> Flags:
    """Which (N, 2) points lie inside a polygon (M, 2) and at least ``margin`` off its edge."""
    u, v = points[:, 0].copy(), points[:, 1].copy()
    inside, nearest = np.zeros(len(points), dtype=bool), np.full(len(points), np.inf)
    # Edge by edge: all points against all edges at once would not fit into the processor's cache.
    for (a, b), (c, d) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        du, dv = c - a, d - b
        arm_u, arm_v = u - a, v - b
        share = np.clip((arm_u * du + arm_v * dv) / max(du * du + dv * dv, 1e-12), 0, 1)
        np.minimum(nearest, (arm_u - share * du) ** 2 + (arm_v - share * dv) ** 2, out=nearest)
        if b != d:
            inside ^= ((b > v) != (d > v)) & (arm_u < arm_v * (du / dv))
    return np.asarray(inside & (nearest >= margin**2))
