"""Directions and surface points of a tibia, that implants are placed by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import manifold3d
import numpy as np
import numpy.typing as npt
import trimesh

from recon.bones import Bone, BoneSet
from recon.errors import InputError

Array = npt.NDArray[np.float64]

_PLATEAU_MM = 12.0  # below the highest point: plateau and eminence, above the tuberosity
_AXIS_MM = (30.0, 100.0)  # below the plateau: where the axis of the shaft is taken from
_FAR_MM = 120.0  # from the axis: outside every leg


@dataclass(frozen=True, eq=False)
class TibialFrame:
    """A tibia with its own directions.

    Attributes:
        mesh: the tibia, mm.
        centre: (3,) middle of the plateau, at the height of its highest point.
        up: (3,) unit vector along the shaft, to proximal.
        medial: (3,) unit vector along the width of the plateau.
        anterior: (3,) unit vector at right angles to both.
    """

    mesh: trimesh.Trimesh
    centre: Array
    up: Array
    medial: Array
    anterior: Array

    @classmethod
    def of(cls, bones: BoneSet, side: Literal["L", "R"], *, length: float) -> TibialFrame:
        """The frame of the tibia of a knee whose leg runs along z, within some 30 degrees.

        Args:
            bones: with a closed tibia, LPS mm.
            side: of the leg.
            length: mm of tibia that the implant needs.

        Raises:
            InputError: no_tibia, bone_too_short.
        """
        if Bone.TIBIA not in bones:
            raise InputError("no_tibia", "The implant needs a tibia, and there is none", "Give the tibia")
        mesh = bones[Bone.TIBIA]
        points, weights = np.asarray(mesh.triangles_center), np.asarray(mesh.area_faces)
        below = points[:, 2].max() - points[:, 2]
        if below.max() < length:
            raise InputError(
                "bone_too_short",
                f"The implant needs {length:.0f} mm of tibia, and there are {below.max():.0f} mm",
                "Give a longer tibia",
            )
        depths = [min(depth, below.max() - 6) for depth in _AXIS_MM]
        upper, lower = (_mean(points, weights, np.abs(below - depth) < 6) for depth in depths)
        up = (upper - lower) / np.linalg.norm(upper - lower)
        height = points @ up
        plateau = height > height.max() - _PLATEAU_MM
        centre = _mean(points, weights, plateau)
        centre = centre + (float((mesh.vertices @ up).max()) - centre @ up) * up
        flat = points[plateau] - centre
        flat -= np.outer(flat @ up, up)
        _, directions = np.linalg.eigh(flat.T @ (flat * weights[plateau, None]))
        medial = directions[:, 2]  # the plateau is half as wide again as deep
        medial = medial - (medial @ up) * up
        medial *= np.sign(medial[0]) * (-1 if side == "L" else 1) / np.linalg.norm(medial)
        anterior = np.cross(up, medial)
        return cls(mesh, centre, up, medial, -anterior if anterior[1] > 0 else anterior)

    def outward(self, degrees: float) -> Array:
        """(3,) unit vector off the medial face, turned from medial towards anterior by some degrees."""
        angle = np.deg2rad(degrees)
        return np.asarray(np.cos(angle) * self.medial + np.sin(angle) * self.anterior)

    def surface(self, points: Array, outward: Array) -> Array:
        """(N,) mm from each of (N, 3) points outwards to where the bone ends; NaN beside the bone."""
        _, ray, far = self._hits(points + _FAR_MM * outward, -outward)
        first = np.full(len(points), np.inf)
        np.minimum.at(first, ray, far)
        return np.where(np.isfinite(first), _FAR_MM - first, np.nan)

    def way_through(self, start: Array, direction: Array) -> float:
        """Millimetres from a point (3,) along a direction to where the bone ends for good."""
        _, _, far = self._hits(start[None] - _FAR_MM * direction, direction)
        return float(far.max() - _FAR_MM) if len(far) else 0.0

    def _hits(self, origins: Array, direction: Array) -> tuple[Array, npt.NDArray[np.int64], Array]:
        """Where rays meet the bone: points, number of the ray, and distance."""
        at, ray, _ = self.mesh.ray.intersects_location(origins, np.tile(direction, (len(origins), 1)))
        return at, ray, np.asarray((at - origins[ray]) @ direction)


def _mean(points: Array, weights: Array, where: npt.NDArray[np.bool_]) -> Array:
    return np.asarray(np.average(points[where], axis=0, weights=weights[where]))


def frame_matrix(x: Array, y: Array, z: Array, origin: Array) -> Array:
    """(3, 4) that takes a solid made along x, y, z to given unit vectors and a given origin."""
    return np.column_stack([x, y, z, origin])


def rod(
    start: Array, direction: Array, length: float, radius: float, *, tip: float = 0.0
) -> manifold3d.Manifold:
    """A round rod from a point (3,) along a unit vector; its last ``tip`` mm are a cone."""
    across = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])
    across /= np.linalg.norm(across)
    solid = manifold3d.Manifold.cylinder(length - tip, radius, circular_segments=24)
    if tip > 0:
        point = manifold3d.Manifold.cylinder(tip, radius, 0.1, circular_segments=24)
        solid += point.translate((0, 0, length - tip))
    return solid.transform(frame_matrix(across, np.cross(direction, across), direction, start))


def slab(inner: Array, outer: Array) -> trimesh.Trimesh:
    """The closed body between two (rows, columns, 3) grids of points that do not cross."""
    rows, columns = inner.shape[:2]
    index = np.arange(2 * rows * columns).reshape(2, rows, columns)

    def quads(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """Triangles between two rows of point numbers."""
        return [np.stack([a[:-1], a[1:], b[1:]], 1), np.stack([a[:-1], b[1:], b[:-1]], 1)]

    low, high = index
    faces = []
    for row in range(rows - 1):
        faces += quads(low[row + 1], low[row]) + quads(high[row], high[row + 1])
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        turned = edge in (np.s_[-1], np.s_[:, 0])
        faces += quads(high[edge], low[edge]) if turned else quads(low[edge], high[edge])
    mesh = trimesh.Trimesh(
        np.concatenate([inner.reshape(-1, 3), outer.reshape(-1, 3)]), np.concatenate(faces), process=False
    )
    if mesh.volume < 0:
        mesh.invert()
    return mesh
