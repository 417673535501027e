"""The plane of the cut and its hinge, before any correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import Array, cross_section
from guides.errors import InputError
from guides.landmarks import Side, cross, unit
from guides.measures import Axes, Points, axes
from guides.osteotomy.placing import FOUND, Placing, drawn_to

START_BELOW_JOINT_MM = 37.0
"""Medial start of the opening cut below the medial joint line (35 to 40 mm)."""

HINGE_BELOW_JOINT_MM = (14.0, 22.0)
"""Where the line towards the fibular tip may pass the lateral cortex, below the lateral joint line."""

CLOSING_BELOW_JOINT_MM = 20.0
"""Upper cut of a closing wedge below the lateral joint line, parallel to it: above the tuberosity, and high
enough that a plate finds bone on both sides. An assumption of common teaching."""

CORTEX_MM = 10.0
"""Bone left between the end of the cut and the cortex at the hinge."""

JOINT_CLEARANCE_MM = 5.0
"""Bone between a cut that is placed by hand and the joint surfaces; less is no osteotomy."""


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
        hinge_placed: a person put the hinge where it is; it is not moved to keep the cortex.
    """

    point: Array
    normal: Array
    hinge: Array
    hinge_axis: Array
    medial: Array
    opens: int
    outline: Array
    start: Array
    hinge_placed: bool = False

    def directions(self, axis: Array) -> tuple[Array, Array]:
        """For a hinge axis in the plane: the unit directions to medial and from the hinge into the wedge."""
        medial = cross(axis, self.normal)
        medial = medial * np.sign(medial @ self.medial)
        return medial, medial * self.opens

    def hinge_along(self, axis: Array) -> Array:
        """The hinge point for a hinge axis in the plane: the full cortex kept, square to that axis."""
        if self.hinge_placed:
            return self.hinge
        away = self.directions(axis)[1]
        nearest = float(((self.outline - self.hinge) @ away).min())
        return np.asarray(self.hinge + away * (nearest + CORTEX_MM))


def cut_heights(points: Points, up: Array, opens: int) -> tuple[Array, Array]:
    """Heights along ``up``, mm, of a found cut's plane: where the saw enters, and across the bone from there.

    Args:
        points: positions of the leg, (..., 3).
        up: unit.
        opens: 1 for the cut of a medial opening wedge, -1 for the upper one of a lateral closing wedge.
    """
    medial, lateral = (points[f"plateau_{side}"] @ up for side in ("medial", "lateral"))
    if opens < 0:
        return lateral - CLOSING_BELOW_JOINT_MM, medial - CLOSING_BELOW_JOINT_MM
    # Towards the fibular tip, kept to usual heights.
    low, high = (lateral - below for below in reversed(HINGE_BELOW_JOINT_MM))
    return medial - START_BELOW_JOINT_MM, np.clip(points["fibula_tip"] @ up, low, high)


def find_cut(tibia: trimesh.Trimesh, points: Points, side: Side, placing: Placing = FOUND) -> Cut:
    """Cutting plane from the medial start point towards the fibular tip; a hinge that keeps 10 mm of cortex.

    The plane holds the antero-posterior direction of the leg, and the hinge axis runs along it: a wedge that
    opens about an axis square to the frontal plane corrects there and leaves the slope alone.

    Args:
        tibia: the bone.
        points: positions of the leg, mm.
        side: L or R.
        placing: start and hinge as far as they were placed by hand; a placed hinge aims the plane.

    Raises:
        InputError: ``cut_outside_bone`` when start point or hinge do not lie in bone, and for placed ones
            ``start_outside_bone``, ``hinge_outside_bone``, ``cut_too_steep`` or ``cut_through_joint``.
    """
    frame = axes(points, side)
    start = _medial_start(tibia, points, frame) if placing.start is None else placing.start
    medial = placing.medial(start, 1, frame)
    if medial is None:
        medial = _towards_fibula(start, points, frame)
    return _cut(tibia, start, medial, 1, frame, points, placing)


def _medial_start(tibia: trimesh.Trimesh, points: Points, frame: Axes) -> Array:
    """The most medial point of the section ``START_BELOW_JOINT_MM`` below the medial joint line."""
    start_height = cut_heights(points, frame.up, 1)[0]
    level = cross_section(tibia, frame.up * start_height, frame.up).reshape(-1, 3)
    if not len(level):
        raise outside()
    return np.asarray(level[np.argmax(level @ frame.medial)])


def _towards_fibula(start: Array, points: Points, frame: Axes) -> Array:
    """Unit direction to medial of a plane from the start to the fibular tip, kept to usual heights."""
    aim_height = cut_heights(points, frame.up, 1)[1]
    across = points["plateau_lateral_edge"] @ frame.medial - start @ frame.medial
    rise = aim_height - start @ frame.up
    return unit(-(across * frame.medial + rise * frame.up))


def find_closing_cut(tibia: trimesh.Trimesh, points: Points, side: Side, placing: Placing = FOUND) -> Cut:
    """Upper plane of a lateral closing wedge, along the joint line; its hinge keeps 10 mm of medial cortex.

    Args and errors are those of ``find_cut``; a start lies laterally here.
    """
    frame = axes(points, side)
    across = points["plateau_medial"] - points["plateau_lateral"]
    medial = unit(across - (across @ frame.anterior) * frame.anterior)
    if placing.start is None:
        level = points["plateau_lateral"] - CLOSING_BELOW_JOINT_MM * frame.up
        outline = cross_section(tibia, level, _upwards(medial, frame)).reshape(-1, 3)
        if not len(outline):
            raise outside()
        start = outline[np.argmin(outline @ medial)]
    else:
        start = placing.start
    aimed = placing.medial(start, -1, frame)
    return _cut(tibia, start, medial if aimed is None else aimed, -1, frame, points, placing)


def _upwards(medial: Array, frame: Axes) -> Array:
    """Unit normal of the plane through ``medial`` and anterior; up on a left leg and on a right one."""
    normal = np.cross(medial, frame.anterior)
    return np.asarray(normal * np.sign(normal @ frame.up))


def _cut(
    tibia: trimesh.Trimesh,
    start: Array,
    medial: Array,
    opens: int,
    frame: Axes,
    points: Points,
    placing: Placing,
) -> Cut:
    normal, away = _upwards(medial, frame), medial * opens
    outline = cross_section(tibia, start, normal).reshape(-1, 3)
    if not len(outline):
        raise outside()
    if placing.start is not None:
        start = drawn_to(outline, start)
    # The saw enters where the wedge is widest, so that the hinge has the least depth.
    depth = (outline - start) @ away
    if depth.min() > -2 * CORTEX_MM:
        raise outside()
    if placing.hinge is None:
        hinge = start + away * (float(depth.min()) + CORTEX_MM)
        back, front = chord(outline - hinge, medial, frame.anterior)
        hinge = hinge + frame.anterior * (back + front) / 2
    else:
        hinge = placing.hinge
        _check_hinge(outline, hinge, medial, away, frame.anterior)
    if placing.by_hand:
        _check_clear_of_joint(start, normal, points)
    axis = frame.anterior * np.sign(-np.cross(frame.anterior, medial) @ frame.up)
    return Cut(start, normal, hinge, axis, medial, opens, outline, start, placing.hinge is not None)


def _check_hinge(outline: Array, hinge: Array, medial: Array, away: Array, anterior: Array) -> None:
    """Refuse a placed hinge that does not lie in the bone, or leaves no depth for a saw."""
    depth = (outline - hinge) @ away
    inside = depth.min() < 0 and depth.max() > CORTEX_MM
    if inside:
        back, front = chord(outline - hinge, medial, anterior)
        inside = back <= 0 <= front
    if not inside:
        raise InputError(
            "hinge_outside_bone",
            "The hinge does not lie inside the tibia, or too near to where the saw enters",
            f"Move it into the bone, {CORTEX_MM:g} mm from the cortex opposite to the start",
        )


def _check_clear_of_joint(point: Array, normal: Array, points: Points) -> None:
    """Refuse a placed plane that runs into the joint."""
    joint = [place for name, place in points.items() if name.startswith("plateau_")]
    above = min(float((place - point) @ normal) for place in joint if place.ndim == 1)
    if above < JOINT_CLEARANCE_MM:
        raise InputError(
            "cut_through_joint",
            f"The cut runs within {JOINT_CLEARANCE_MM:g} mm of the joint surface",
            "Move its start or its hinge down",
        )


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
