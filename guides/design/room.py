"""Which part of the bone's face a guide may take: where it faces outwards and nothing else lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import Array, height_map
from guides.errors import InputError
from guides.measures import Axes, Points
from guides.osteotomy import Osteotomy

STEP_MM = 0.5
STEEPEST = float(np.sin(np.radians(10)))
"""Contact counts where the outward normal and the withdrawal direction agree at least this far: as little as
the printed layer needs to be withdrawn, because the edges round which it reaches are what keeps the guide
from sliding and rolling."""

FACING_SHARE = 0.65
"""Share of a row along the leg that must do so; where the bone has fallen away the guide ends early."""

BEYOND_MM = 16.0
"""How far beyond the guide the bone is looked at: somebody may paint contact there."""

TENDON_MARGIN_MM = 9.0
"""Kept free beside the tuberosity for the patellar tendon."""

FIBULA_MARGIN_MM = 5.0
"""Kept free in front of the fibula by a lateral guide."""


@dataclass(frozen=True)
class Face:
    """The bone's face as seen along a withdrawal direction, in the local frame of that direction.

    Attributes:
        origin, basis: the frame, as of ``Footprint``.
        grid_u, grid_v: nodes, mm.
        height: (U, V) mm along w, NaN beside the bone.
        front: 1 where u grows towards anterior, else -1.
        tuberosity: (3,) local.
        up: (3,) the leg's axis, local.
        fibula: (N, 3) local points in front of which a lateral guide must end; None elsewhere.
    """

    origin: Array
    basis: Array
    grid_u: Array
    grid_v: Array
    height: Array
    front: int
    tuberosity: Array
    up: Array
    fibula: Array | None

    def run(self, v: tuple[float, float]) -> tuple[float, float]:
        """Widest run of u between two heights where the bone faces outwards and nothing is in the way."""
        du, dv = np.gradient(self.height, STEP_MM)
        facing = np.nan_to_num(1 / np.sqrt(1 + du**2 + dv**2))
        rows = (self.grid_v > v[0]) & (self.grid_v < v[1])
        forward = self.front * self.grid_u
        # The tendon runs up the leg from the tuberosity, not square to the cut.
        lean = self.up[0] / self.up[1]
        tendon = min(self.front * (self.tuberosity[0] + (at - self.tuberosity[1]) * lean) for at in v)
        free = (np.mean(facing[:, rows] > STEEPEST, axis=1) > FACING_SHARE) & (
            forward < tendon - TENDON_MARGIN_MM
        )
        if self.fibula is not None:
            # The head lies further back than the neck: each height has its own limit.
            level = (self.fibula[:, 1] > v[0]) & (self.fibula[:, 1] < v[1])
            if level.any():
                free &= forward > (self.front * self.fibula[level, 0]).max() + FIBULA_MARGIN_MM
        edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(int), [0]])))
        runs = [
            (float(self.grid_u[a]), float(self.grid_u[b - 1]))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
        return max(runs, key=lambda run: run[1] - run[0], default=(0.0, 0.0))


def face_from(
    tibia: trimesh.Trimesh,
    fibula: trimesh.Trimesh | None,
    osteotomy: Osteotomy,
    points: Points,
    leg: Axes,
    direction: Array,
    reach: tuple[float, float],
) -> Face:
    """Look at the tibia along a direction in the cut plane.

    Args:
        tibia: the bone.
        fibula: the other one, kept free by lateral guides; None where it is unknown.
        osteotomy: the planned cut.
        points: landmarks.
        leg: directions of the leg.
        direction: unit, LPS, in the cut plane.
        reach: v from which and to which the guide may extend, mm.

    Raises:
        InputError: ``cut_outside_bone``.
    """
    normal = osteotomy.plane_normal
    basis = np.column_stack([np.cross(normal, direction), normal, direction])
    start = osteotomy.start_point
    origin = start - normal * ((start - osteotomy.plane_point) @ normal)
    local = (np.asarray(tibia.vertices) - origin) @ basis
    near = local[np.abs(local[:, 1]) < 45]
    if not len(near):
        raise InputError("cut_outside_bone", "The planned cut does not run through the tibia", "Plan again")
    grid_u = np.arange(near[:, 0].min(), near[:, 0].max(), STEP_MM)
    grid_v = np.arange(reach[0] - BEYOND_MM, reach[1] + BEYOND_MM, STEP_MM)
    base = origin @ basis
    height = height_map(tibia, basis[:, 0], basis[:, 1], basis[:, 2], grid_u + base[0], grid_v + base[1])
    front = int(np.sign(leg.anterior @ basis[:, 0]))
    other = None
    if osteotomy.GAP_SIGN < 0:
        other = points["ptfj"][None] if fibula is None else np.asarray(fibula.vertices)
        other = (other - origin) @ basis
        if fibula is None:
            # Nobody knows where it goes from the joint: it is taken to run straight along the guide.
            other = np.column_stack([np.full(len(grid_v), other[0, 0]), grid_v, np.zeros(len(grid_v))])
    return Face(
        origin,
        basis,
        grid_u,
        grid_v,
        height - base[2],
        front,
        (points["tuberosity"] - origin) @ basis,
        leg.up @ basis,
        other,
    )


def narrowed(run: tuple[float, float], width: float) -> tuple[float, float]:
    """The middle of a run, at most so wide."""
    middle, half = (run[0] + run[1]) / 2, min(width, run[1] - run[0]) / 2
    return middle - half, middle + half


def crossing(face: Face, value: Callable[[Array], Array], v: float) -> list[float]:
    """The u at which a function of local points changes sign along the bone's surface at height v."""
    column = int(np.argmin(np.abs(face.grid_v - v)))
    heights = face.height[:, column]
    seen = np.flatnonzero(np.isfinite(heights))
    points = np.column_stack([face.grid_u[seen], np.full(len(seen), v), heights[seen]])
    values = value(points)
    changes = np.flatnonzero((values[:-1] > 0) != (values[1:] > 0))
    return [float(face.grid_u[seen[i]]) for i in changes]
