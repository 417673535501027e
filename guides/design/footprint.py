"""Where the guide sits: local frame, outline on the bone, saw planes and places of the wires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guides.bones import Array, Flags
from guides.design.planes import SawPlane

RIM_MM = 1.6
"""Thickness in which the front and back rims end."""

DEPTH_MM = 32.0
STEEP_PERCENT = 4.0
"""How far below its highest point the guide may reach down round the bone, and the share of the face that may
lie lower: a tail round a steep edge would be thin and hold nothing."""


def lowest_of(heights: Array) -> float:
    """The w at which a guide over these bone heights ends towards the bone's far side, mm."""
    return max(float(np.percentile(heights, STEEP_PERCENT)) - 1, float(heights.max()) - DEPTH_MM)


@dataclass(frozen=True)
class Footprint:
    """The guide's local frame and extent.

    Local axes: u front to back along the bone (either way), v square to the cut towards proximal, w the
    withdrawal direction, outwards. The cut plane is v = 0.

    Attributes:
        origin: world point of the local origin, in the cut plane.
        basis: (3, 3) columns u, v, w in LPS, right-handed.
        u: low and high limit of the contact outline about and above the slot, mm.
        u_distal: low and high limit below it, within ``u``.
        v: low and high limit.
        neck: height below which the outline is ``u_distal`` wide.
        grid_u: nodes of the height map.
        grid_v: nodes of the height map.
        height: (U, V) bone height along w over the nodes; NaN beside the bone.
        front: 1 where u grows towards anterior, else -1.
        planes: the saw planes, the planned upper cut first.
        slot: low and high limit of the first slot along u.
        slot_end: outline beyond its ends, mm.
        label: low and high limit of the label along v.
        wires: (4, 2) u and v of the wires: two proximal, two distal.
        added: (U, V) nodes of contact area that was painted, inside the outline's own limits or not.
        relief: (U, V) mm by which the contact face keeps further off the bone than its clearance.
        outgrowths: (U, V) nodes inside the outline where the bone has grown out.
        bridged: (U, V) nodes that the guide bridges because the picture of the bone is least sure there.
    """

    origin: Array
    basis: Array
    u: tuple[float, float]
    u_distal: tuple[float, float]
    v: tuple[float, float]
    neck: float
    grid_u: Array
    grid_v: Array
    height: Array
    front: int
    planes: tuple[SawPlane, ...]
    slot: tuple[float, float]
    slot_end: float
    label: tuple[float, float]
    wires: Array
    added: Flags
    relief: Array
    outgrowths: Flags
    bridged: Flags

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Low and high limit along u and along v of the whole outline, with what was added."""
        if not self.added.any():
            return self.u, self.v
        rows, columns = np.nonzero(self.added)
        u, v = self.grid_u[rows], self.grid_v[columns]
        return (
            (min(self.u[0], float(u.min())), max(self.u[1], float(u.max()))),
            (min(self.v[0], float(v.min())), max(self.v[1], float(v.max()))),
        )

    @property
    def withdrawal(self) -> Array:
        """Unit direction in which the guide leaves the bone, LPS."""
        return np.asarray(self.basis[:, 2])

    def to_world(self, local: Array) -> Array:
        """Local (..., 3) points to LPS."""
        return np.asarray(self.origin + local @ self.basis.T)

    def to_local(self, world: Array) -> Array:
        """LPS (..., 3) points to local."""
        return np.asarray((world - self.origin) @ self.basis)

    def turned(self, direction: Array) -> Array:
        """A local direction in LPS."""
        return np.asarray(self.basis @ direction)

    def over(self, u: tuple[float, float], v: tuple[float, float]) -> Array:
        """Bone heights inside a rectangle, mm."""
        rows = (self.grid_u >= u[0]) & (self.grid_u <= u[1])
        columns = (self.grid_v >= v[0]) & (self.grid_v <= v[1])
        patch = self.height[np.ix_(rows, columns)]
        return np.asarray(patch[np.isfinite(patch)])

    @property
    def bottom(self) -> float:
        """Local w at which the guide ends towards the bone's far side."""
        lowest = lowest_of(self.over(self.u, self.v))
        if not self.added.any():
            return lowest
        return min(lowest, lowest_of(np.concatenate([self.over(self.u, self.v), self.height[self.added]])))

    def normals(self) -> Array:
        """(U, V, 3) outward unit normals of the bone over the nodes, local; NaN beside the bone."""
        step = float(self.grid_u[1] - self.grid_u[0])
        du, dv = np.gradient(self.height, step)
        normals = np.stack([-du, -dv, np.ones_like(du)], axis=-1)
        return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True))

    def surface(self) -> Array:
        """(N, 3) local points of the bone's surface as seen along w, under the outline's bounds."""
        u, v = np.meshgrid(self.grid_u, self.grid_v, indexing="ij")
        points = np.stack([u, v, self.height], axis=-1)[np.isfinite(self.height)]
        inside = (points[:, 0] > self.u[0]) & (points[:, 0] < self.u[1])
        return np.asarray(points[inside & (points[:, 1] > self.v[0]) & (points[:, 1] < self.v[1])])
