"""The medial opening wedge: hinge, depths and gaps of a correction, and its second cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from guides.bones import Array
from guides.errors import InputError
from guides.landmarks import Side, unit
from guides.measures import Points, axes, slope_medial
from guides.osteotomy.cut import Cut, chord
from guides.osteotomy.hinge import MAX_HINGE_TURN_DEG, solved_hinge
from guides.osteotomy.motion import move
from guides.osteotomy.technique import TuberositySide
from guides.osteotomy.wedge import Osteotomy

MAX_CORRECTION_DEG = 20.0
"""Beyond this no single wedge is sensible: an opening passes 20 mm."""

BIPLANAR_DEG = 110.0
"""Between the cut towards the hinge and the second one behind the tuberosity. An assumption of common
teaching."""

TUBEROSITY_MM = 12.0
"""Bone in front of the second cut, at the level of the first. An assumption of common teaching."""

_CORNER_DEG = np.arange(20.0, 71.0, 10.0)
"""Directions from where the wedge opens furthest towards the front or the back whose furthest points make up
a corner. The one of 45 degrees alone slides along a blunt outline: where the surface is off by its standard
deviation, the depth in front is off by 6.8 and that at the back by 1.6 of them, their mean by 1.4 and 1.1
(20 training people of LLP26, errors of the surface as in ``tests.benchmarks.landmark_slides``)."""


def check_correction(correction_deg: float) -> None:
    """Refuse an angle that no single wedge makes.

    Raises:
        InputError: ``correction_out_of_range``.
    """
    if not 0 <= correction_deg <= MAX_CORRECTION_DEG:
        raise InputError(
            "correction_out_of_range",
            f"A correction of {correction_deg:g} degrees by one wedge is out of range",
            f"Choose a correction from 0 to {MAX_CORRECTION_DEG:g} degrees",
        )


def final_hinge(
    cut: Cut, points: Points, side: Side, correction_deg: float, slope_change_deg: float
) -> tuple[Array, Array]:
    """Hinge point and axis of a correction, with the wanted change of slope reached.

    Raises:
        InputError: ``slope_out_of_reach``.
    """
    hinge, axis = solved_hinge(cut, points, side, correction_deg, slope_change_deg)
    reached = float(
        slope_medial(move(points, hinge, axis, correction_deg), side) - slope_medial(points, side)
    )
    if slope_change_deg and abs(reached - slope_change_deg) > 0.05:
        raise InputError(
            "slope_out_of_reach",
            f"A correction of {correction_deg:.1f} degrees changes the slope by {reached:+.1f} at most with"
            f" the hinge axis turned {MAX_HINGE_TURN_DEG:g} degrees; {slope_change_deg:+g} is outside",
            "Choose a smaller change of slope, or a larger correction",
        )
    return hinge, axis


def corner(depths: Array, along: Array, towards: int) -> tuple[Array, Array]:
    """Where a corner of the wedge lies on the mean of its points: from the hinge axis, and to anterior, mm.

    A corner is where the outline turns from the side on which the wedge ends to its front or its back; its
    points are the furthest in directions between the two. In front, where the tibia's medial face is flat,
    they lie at both ends of that face, and the mean is about its middle.

    Args:
        depths: (..., N) of the outline's points, from the hinge axis into the wedge, mm.
        along: (..., N) of the same to anterior, mm.
        towards: 1 for the corner in front, -1 for that at the back.
    """
    turns = np.radians(_CORNER_DEG)
    reaches = (np.cos(turn) * depths + towards * np.sin(turn) * along for turn in turns)
    furthest = np.stack([reach.argmax(axis=-1) for reach in reaches], axis=-1)
    depth, ahead = (np.take_along_axis(values, furthest, -1).mean(axis=-1) for values in (depths, along))
    return depth, ahead


def corner_depths(outline: Array, hinge: Array, away: Array, anterior: Array) -> tuple[float, float]:
    """Of an (N, 3) outline, mm from the hinge axis: the corners in front and at the back."""
    depths, along = (outline - hinge) @ away, (outline - hinge) @ anterior
    front, back = (float(corner(depths, along, towards)[0]) for towards in (1, -1))
    return front, back


def open_wedge(
    cut: Cut, points: Points, side: Side, correction_deg: float, slope_change_deg: float = 0.0
) -> Osteotomy:
    """The osteotomy of a correction in degrees: hinge axis for the wanted slope, depths and gaps.

    The gap of a point at distance L from the hinge axis is its chord, 2 L sin(correction / 2).

    Raises:
        InputError: ``correction_out_of_range`` or ``slope_out_of_reach``.
    """
    check_correction(correction_deg)
    hinge, axis = final_hinge(cut, points, side, correction_deg, slope_change_deg)
    medial, away = cut.directions(axis)
    depth = (cut.outline - hinge) @ away
    front, back = corner_depths(cut.outline, hinge, away, axes(points, side).anterior)
    of_depth = 2 * np.sin(np.radians(correction_deg) / 2)
    return Osteotomy(
        plane_point=cut.point,
        plane_normal=cut.normal,
        hinge_point=hinge,
        hinge_axis=axis,
        medial_direction=medial,
        correction_deg=correction_deg,
        cut_depth_mm=float(depth.max()),
        gap_mm=float(of_depth * depth.max()),
        gap_anterior_mm=float(of_depth * front),
        gap_posterior_mm=float(of_depth * back),
        lateral_cortex_mm=float(-depth.min()),
        start_point=cut.start,
    )


def retrotubercular(
    cut: Cut, osteotomy: Osteotomy, points: Points, side: Side, tuberosity: TuberositySide
) -> dict[str, Any]:
    """The second cut of a biplanar osteotomy, behind the tuberosity, as a part of the plan document.

    It starts in the first cut and runs upwards where the tuberosity stays with the distal fragment, downwards
    where it stays with the proximal one, and forwards by what ``BIPLANAR_DEG`` exceeds a right angle.

    Returns:
        ``plane_point`` and ``plane_normal`` (forwards, to the tuberosity), ``angle_deg`` between the cuts and
        ``tuberosity_thickness_mm``, the bone in front of it at the level of the first cut.

    Raises:
        InputError: ``cut_outside_bone``.
    """
    normal, medial = osteotomy.plane_normal, osteotomy.medial_direction
    anterior = axes(points, side).anterior
    forward = unit(anterior - (anterior @ normal) * normal - (anterior @ medial) * medial)
    tubercle = points["tuberosity"] - ((points["tuberosity"] - cut.point) @ normal) * normal
    back, front = chord(cut.outline - tubercle, medial, forward)
    thickness = min(TUBEROSITY_MM, (front - back) / 3)
    turn = np.radians(BIPLANAR_DEG)
    upwards = 1 if tuberosity == "distal" else -1
    along = -np.cos(turn) * forward + upwards * np.sin(turn) * normal
    facing = np.cross(medial, along)
    facing = facing * np.sign(facing @ forward)
    return {
        "plane_point": [round(float(x), 6) for x in tubercle + (front - thickness) * forward],
        "plane_normal": [round(float(x), 6) for x in facing],
        "angle_deg": BIPLANAR_DEG,
        "tuberosity_thickness_mm": round(thickness, 4),
    }
