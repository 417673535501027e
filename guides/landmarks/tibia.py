"""Landmarks of the tibia: plateau, knee and ankle centre, shaft, tuberosity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import Array, cross_section, sections
from guides.errors import InputError
from guides.landmarks.frame import FULL_LENGTH_MM, Frame, Line, Side, shaft_line, unit
from guides.landmarks.marks import Landmark
from guides.landmarks.plateau import find_plateau, find_spines, knee_center
from guides.landmarks.priors import Priors

SHORTEST_TIBIA_MM = 56.0
"""Below the joint line: start point 33 mm, guide 23 mm. With less in view the direction of a shaft that is
not seen is off by more than a plan bears (``priors.SHORT_VIEW_MM``)."""

SHAFT_BELOW_MM, SHAFT_SHARE = 60.0, 0.6
"""Below the joint line the shaft begins, or after this share of what is in view."""

FIT_BELOW_MM, FIT_SHARE = 70.0, 0.64
"""Where its line is fitted: the flare of the metaphysis bends the uppermost centroids. In the training people
of LLP26 the ankle's frontal direction spreads by 0.94 degrees from a fit that begins at 50 mm, 0.86 at 60 and
0.84 at 70; deeper down too little shaft is left."""


def find_tibial(tibia: trimesh.Trimesh, side: Side, priors: Priors) -> tuple[dict[str, Landmark], Frame]:
    """Every landmark of the tibia; the ankle is imputed from the shaft where the bone ends before it.

    Returns:
        The landmarks, and the directions of the tibia: along its mechanical axis, as far as it is known.

    Raises:
        InputError: ``tibia_too_short``.
    """
    vertices = np.asarray(tibia.vertices)
    medial = np.array([-1.0, 0, 0]) if side == "L" else np.array([1.0, 0, 0])
    frame = Frame.of(np.array([0.0, 0, 1]), medial, side)
    length = float(np.ptp(vertices @ frame.up))
    if length < SHORTEST_TIBIA_MM:
        raise _too_short(length, "in view")
    full = length > FULL_LENGTH_MM
    for _ in range(3):
        top, bottom = float((vertices @ frame.up).max()), _lowest_level(tibia, frame, full)
        if full:
            up = _plateau_centroid(tibia, frame, top) - _ankle(tibia, frame)
        else:
            start = top - max(min(65.0, 0.55 * (top - bottom)), 40.0)
            up = shaft_line(tibia, frame, bottom + 4, start).direction
        frame = Frame.of(up, frame.medial, side)
        frame = Frame.of(frame.up, _widest_direction(tibia, frame), side)
    if not full:
        # The slope is an angle to the mechanical axis, so the plateau is looked at along it.
        ankle = _imputed_ankle(find_plateau(tibia, frame), _shaft(tibia, frame, full=False), frame, priors)
        frame = Frame.of(knee_center(find_plateau(tibia, frame)) - ankle, frame.medial, side)
    found = find_plateau(tibia, frame)
    knee, shaft = knee_center(found), _shaft(tibia, frame, full=full)
    points = {**found, **find_spines(tibia, frame)}
    marks = {name: Landmark(point, "auto") for name, point in points.items()}
    marks["tibia_knee_center"] = Landmark(knee, "auto")
    for name, level in (("tibia_shaft_proximal", shaft.top), ("tibia_shaft_distal", shaft.bottom)):
        marks[name] = Landmark(shaft.line.at(level, frame.up), "auto")
    if full:
        marks["ankle_center"] = Landmark(_ankle(tibia, frame), "auto")
    else:
        marks["ankle_center"] = Landmark(ankle, "imputed")
    marks["plateau_anterior"] = Landmark(anterior_angle(tibia, frame), "auto")
    bottom = _lowest_level(tibia, frame, full)
    marks["tuberosity"] = Landmark(_tuberosity(tibia, frame, float(knee @ frame.up), bottom), "auto")
    return marks, frame


def _too_short(length: float, where: str) -> InputError:
    return InputError(
        "tibia_too_short",
        f"Only {length:.0f} mm of tibia are {where}",
        f"Use images that show at least {SHORTEST_TIBIA_MM:.0f} mm of tibia below the joint line",
    )


@dataclass(frozen=True)
class _Shaft:
    """The usable shaft: its line, the heights between which it runs, and what is seen below the joint, mm."""

    line: Line
    top: float
    bottom: float
    in_view: float


def _shaft(tibia: trimesh.Trimesh, frame: Frame, *, full: bool) -> _Shaft:
    """The shaft from ``SHAFT_BELOW_MM`` down."""
    joint = float(knee_center(find_plateau(tibia, frame)) @ frame.up)
    bottom = _lowest_level(tibia, frame, full)
    below = joint - bottom
    if below < SHORTEST_TIBIA_MM:
        raise _too_short(below, "in view below the joint line")
    low = bottom + (0.25 * below if full else 4)
    line = shaft_line(tibia, frame, low, joint - min(FIT_BELOW_MM, FIT_SHARE * below))
    return _Shaft(line, joint - min(SHAFT_BELOW_MM, SHAFT_SHARE * below), low, below)


def _imputed_ankle(plateau: dict[str, Array], shaft: _Shaft, frame: Frame, priors: Priors) -> Array:
    """Where the prolonged shaft ends in most people; the knee centre does not lie on that line."""
    knee = knee_center(plateau)
    width = float((plateau["plateau_medial_edge"] - plateau["plateau_lateral_edge"]) @ frame.medial)
    length = priors.tibia_per_width.mean * width
    down = unit(shaft.line.at(float(knee @ frame.up) - length, frame.up) - knee)
    aside = np.tan(np.radians([priors.ankle_lateral_deg.mean, priors.ankle_anterior(shaft.in_view)]))
    return knee + length * unit(down - aside[0] * frame.medial + aside[1] * frame.anterior)


def _lowest_level(tibia: trimesh.Trimesh, frame: Frame, full: bool) -> float:
    """Lowest height at which a section is whole.

    The edge of a field of view need not be square to the shaft, and half a section has its centroid beside
    the axis: a section counts when it has at least three quarters of the area of the one 6 mm above.
    """
    bottom = float((np.asarray(tibia.vertices) @ frame.up).min())
    if full:
        return bottom
    levels = bottom + np.arange(1.0, 41.0)
    area = sections(tibia, levels, frame.up, *frame.in_plane).area
    whole = area[:-6] > 0.75 * area[6:]
    return float(levels[np.argmax(whole)]) - 1 if whole.any() else bottom


def _ankle(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """Centre of the tibial plafond: the distal faces that look down, malleolus left out."""
    heights = tibia.triangles_center @ frame.up
    tip = float((np.asarray(tibia.vertices) @ frame.up).min())
    down = tibia.face_normals @ frame.up < -0.85
    plafond = down & (heights > tip + 5) & (heights < tip + 25)
    weight = tibia.area_faces[plafond]
    return np.asarray(np.average(tibia.triangles_center[plafond], axis=0, weights=weight))


def _plateau_centroid(tibia: trimesh.Trimesh, frame: Frame, top: float) -> Array:
    across, along = frame.in_plane
    cut = sections(tibia, np.arange(top - 16, top - 9, 2.0), frame.up, across, along)
    centre = np.nanmean(cut.centroid, axis=0)
    return np.asarray(centre[0] * across + centre[1] * along + (top - 6) * frame.up)


def _widest_direction(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """Mediolateral axis: the long axis of the sections 10 to 18 mm below the spines."""
    top = float((np.asarray(tibia.vertices) @ frame.up).max())
    across, along = frame.in_plane
    cut = sections(tibia, np.arange(top - 18, top - 9, 1.0), frame.up, across, along)
    direction = np.linalg.eigh(np.nanmean(cut.covariance, axis=0))[1][:, -1]
    direction = direction * np.sign(direction[0])
    return np.asarray(direction[0] * across + direction[1] * along)


def anterior_angle(tibia: trimesh.Trimesh, frame: Frame) -> Array:
    """The anterosuperior angle of the plateau: what stands out most halfway between up and anterior."""
    vertices = np.asarray(tibia.vertices)
    top = vertices[vertices @ frame.up > (vertices @ frame.up).max() - 30]
    reach = top @ (frame.up + frame.anterior)
    return np.asarray(top[reach > reach.max() - 0.5].mean(axis=0))


def _tuberosity(tibia: trimesh.Trimesh, frame: Frame, joint: float, bottom: float) -> Array:
    """The point that stands out most in front of the chord from the anterior rim to the shaft."""
    levels = np.arange(10.0, min(75.0, joint - bottom - 3), 1.0)
    front = []
    for level in levels:
        outline = cross_section(tibia, frame.up * (joint - level), frame.up).reshape(-1, 3)
        # The front may be flat or stepped: the middle of what lies within 1.5 mm of the foremost point.
        reach = outline @ frame.anterior
        foremost = outline[np.argmax(reach)]
        across = outline[reach > reach.max() - 1.5] @ frame.medial
        middle = (across.min() + across.max()) / 2
        front.append(foremost + frame.medial * (middle - foremost @ frame.medial))
    profile = np.array(front) @ frame.anterior
    chord = np.interp(levels, levels[[0, -1]], profile[[0, -1]])
    window = (levels >= 18) & (levels <= 55)
    best = int(np.argmax(np.where(window, profile - chord, -np.inf)))
    return np.asarray(front[best])
