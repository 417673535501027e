"""The plane of the cut and its hinge, before any correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import Array, cross_section
from guides.errors import InputError
from guides.landmarks import Side, unit
from guides.measures import Axes, Points, axes

START_BELOW_JOINT_MM = 37.0
"""Medial start of the opening cut below the medial joint line (35 to 40 mm)."""

HINGE_BELOW_JOINT_MM = (14.0, 22.0)
"""Where the line towards the fibular tip may pass the lateral cortex, below the lateral joint line."""

CLOSING_BELOW_JOINT_MM = 20.0
"""Upper cut of a closing wedge below the lateral joint line, parallel to it: above the tuberosity, and high
enough that a plate finds bone on both sides. An assumption of common teaching."""

CORTEX_MM = 10.0
"""Bone left between the end of the cut and the cortex at the hinge."""


@dataclass(frozen=True)
class Cut:
    """The plane and hinge before any correction: what depends on the bone and not on the angle.

    Attributes:
        point: of the plane, mm.
        normal: unit, towards the proximal fragment.
        hinge: point of the hinge axis, mm.
        hinge_axis: unit; a right-hand turn of the distal fragment about it takes the ankle to lateral.
        medial: unit direction in the plane, square to the hinge axis.
        opens: 1 when the wedge lies medial of the hinge, -1 when it lies lateral.
        outline: (N, 3) ends of the segments of the tibia's outline in the plane, two a segment, mm.
        start: where the saw enters, mm.
    """

    point: Array
    normal: Array
    hinge: Array
    hinge_axis: Array
    medial: Array
    opens: int
    outline: Array
    start: Array

    def directions(self, axis: Array) -> tuple[Array, Array]:
        """For a hinge axis in the plane: the unit directions to medial and from the hinge into the wedge."""
        medial = np.cross(axis, self.normal)
        medial = medial * np.sign(medial @ self.medial)
        return medial, medial * self.opens

    def hinge_along(self, axis: Array) -> Array:
        """The hinge point for a hinge axis in the plane: the full cortex kept, square to that axis."""
        away = self.directions(axis)[1]
        nearest = float(((self.outline - self.hinge) @ away).min())
        return np.asarray(self.hinge + away * (nearest + CORTEX_MM))


def find_cut(tibia: trimesh.Trimesh, points: Points, side: Side) -> Cut:
    """Cutting plane from the medial start point towards the fibular tip; a hinge that keeps 10 mm of cortex.

    The plane holds the antero-posterior direction of the leg, and the hinge axis runs along it: a wedge that
    opens about an axis square to the frontal plane corrects there and leaves the slope alone.

    Raises:
        InputError: ``cut_outside_bone`` when start point or hinge do not lie in bone.
    """
    frame = axes(points, side)
    start_height = points["plateau_medial"] @ frame.up - START_BELOW_JOINT_MM
    level = cross_section(tibia, frame.up * start_height, frame.up).reshape(-1, 3)
    if not len(level):
        raise outside()
    start = level[np.argmax(level @ frame.medial)]
    joint = points["plateau_lateral"] @ frame.up
    tip = points["fibula_tip"] @ frame.up
    aim_height = np.clip(tip, joint - HINGE_BELOW_JOINT_MM[1], joint - HINGE_BELOW_JOINT_MM[0])
    across = points["plateau_lateral_edge"] @ frame.medial - start @ frame.medial
    rise = aim_height - start_height
    medial = unit(-(across * frame.medial + rise * frame.up))
    return _cut(tibia, start, medial, 1, frame)


def find_closing_cut(tibia: trimesh.Trimesh, points: Points, side: Side) -> Cut:
    """Upper plane of a lateral closing wedge, along the joint line; its hinge keeps 10 mm of medial cortex.

    Raises:
        InputError: ``cut_outside_bone``.
    """
    frame = axes(points, side)
    across = points["plateau_medial"] - points["plateau_lateral"]
    medial = unit(across - (across @ frame.anterior) * frame.anterior)
    level = points["plateau_lateral"] - CLOSING_BELOW_JOINT_MM * frame.up
    normal = _upwards(medial, frame)
    outline = cross_section(tibia, level, normal).reshape(-1, 3)
    if not len(outline):
        raise outside()
    return _cut(tibia, outline[np.argmin(outline @ medial)], medial, -1, frame)


def _upwards(medial: Array, frame: Axes) -> Array:
    """Unit normal of the plane through ``medial`` and anterior; up on a left leg and on a right one."""
    normal = np.cross(medial, frame.anterior)
    return np.asarray(normal * np.sign(normal @ frame.up))


def _cut(tibia: trimesh.Trimesh, start: Array, medial: Array, opens: int, frame: Axes) -> Cut:
    normal, away = _upwards(medial, frame), medial * opens
    outline = cross_section(tibia, start, normal).reshape(-1, 3)
    # The saw enters where the wedge is widest, so that the hinge has the least depth.
    depth = (outline - start) @ away
    if not len(outline) or depth.min() > -2 * CORTEX_MM:
        raise outside()
    hinge = start + away * (float(depth.min()) + CORTEX_MM)
    back, front = chord(outline - hinge, medial, frame.anterior)
    hinge = hinge + frame.anterior * (back + front) / 2
    axis = frame.anterior * np.sign(-np.cross(frame.anterior, medial) @ frame.up)
    return Cut(start, normal, hinge, axis, medial, opens, outline, start)


def chord(outline: Array, across: Array, along: Array) -> tuple[float, float]:
    """Both ends, along ``along``, of the outline's chord through the origin square to ``across``, mm.

    Raises:
        InputError: ``cut_outside_bone``: the line misses the outline.
    """
    depth, reach = (outline @ direction for direction in (across, along))
    (d0, d1), (a0, a1) = depth.reshape(-1, 2).T, reach.reshape(-1, 2).T
    crossed = (d0 > 0) != (d1 > 0)
    if not crossed.any():
        raise outside()
    share = d0[crossed] / (d0[crossed] - d1[crossed])
    crossings = a0[crossed] + share * (a1[crossed] - a0[crossed])
    return float(crossings.min()), float(crossings.max())


def outside() -> InputError:
    """The cut does not meet the bone."""
    return InputError(
        "cut_outside_bone",
        "The planned cut does not run through the tibia",
        "Check the landmarks of plateau, tuberosity and fibula",
    )
