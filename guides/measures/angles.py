"""Angles and lengths of a leg from its landmarks, one function a measure.

Every function takes positions by landmark name, each (..., 3) in patient LPS mm, and broadcasts over leading
dimensions, so that the same code serves one leg and the thousands of draws that give an imputed measure its
band.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from guides.bones import Array
from guides.landmarks import Side, cross, rotate, unit

Points = Mapping[str, Array]


class Pose(dict[str, Array]):
    """Positions of one leg that stay as they are: its axes are worked out once for all measures."""

    def __init__(self, points: Points, side: Side) -> None:
        super().__init__(points)
        self._side = side

    @cached_property
    def axes(self) -> Axes:
        """As of ``axes``."""
        return _axes(self, self._side)


@dataclass(frozen=True)
class Axes:
    """Directions of the leg, each (..., 3): tibial mechanical axis upwards, two square to it."""

    up: Array
    medial: Array
    anterior: Array


def axes(points: Points, side: Side) -> Axes:
    """The frontal and sagittal planes: tibial mechanical axis and the line through both plateaus."""
    return points.axes if isinstance(points, Pose) else _axes(points, side)


def _axes(points: Points, side: Side) -> Axes:
    up = unit(points["tibia_knee_center"] - points["ankle_center"])
    across = points["plateau_medial"] - points["plateau_lateral"]
    medial = unit(across - _dot(across, up)[..., None] * up)
    anterior = cross(up, medial) if side == "L" else cross(medial, up)
    return Axes(up, medial, anterior)


def _dot(a: Array, b: Array) -> Array:
    # Several times quicker than a sum over so short an axis, which every band takes 4000 times.
    return np.asarray(np.einsum("...i,...i->...", a, b))


def _lean(vector: Array, frame: Axes) -> Array:
    """Degrees by which an upward vector leans medially in the frontal plane."""
    return np.degrees(np.arctan2(_dot(vector, frame.medial), _dot(vector, frame.up)))


def _rise(vector: Array, frame: Axes) -> Array:
    """Degrees by which a vector towards medial rises in the frontal plane."""
    return np.degrees(np.arctan2(_dot(vector, frame.up), _dot(vector, frame.medial)))


def mmpta(points: Points, side: Side) -> Array:
    """Medial proximal tibial angle in degrees: plateau line to tibial mechanical axis, medial side."""
    frame = axes(points, side)
    return 90 + _rise(points["plateau_medial"] - points["plateau_lateral"], frame)


def mldfa(points: Points, side: Side) -> Array:
    """Lateral distal femoral angle in degrees: distal condylar line to femoral mechanical axis."""
    frame = axes(points, side)
    lean = _lean(points["hip_center"] - points["femur_knee_center"], frame)
    rise = _rise(points["femur_medial_distal"] - points["femur_lateral_distal"], frame)
    return 90 + lean + rise


def jlca(points: Points, side: Side) -> Array:
    """Joint line convergence angle: femoral to tibial joint line, positive when open laterally, degrees."""
    frame = axes(points, side)
    femur = _rise(points["femur_medial_distal"] - points["femur_lateral_distal"], frame)
    tibia = _rise(points["plateau_medial"] - points["plateau_lateral"], frame)
    return tibia - femur


def slope_medial(points: Points, side: Side) -> Array:
    """Posterior slope of the medial plateau against the tibial mechanical axis, sagittal plane, degrees."""
    return _slope(points, side, "medial")


def slope_lateral(points: Points, side: Side) -> Array:
    """Posterior slope of the lateral plateau against the tibial mechanical axis, sagittal plane, degrees."""
    return _slope(points, side, "lateral")


def _slope(points: Points, side: Side, name: str) -> Array:
    frame = axes(points, side)
    line = points[f"plateau_{name}_anterior"] - points[f"plateau_{name}_posterior"]
    return np.degrees(np.arctan2(_dot(line, frame.up), _dot(line, frame.anterior)))


def hka(points: Points, side: Side) -> Array:
    """Hip-knee-ankle angle, frontal plane: 180 is straight, below is varus, above is valgus, degrees."""
    frame = axes(points, side)
    femur = _lean(points["hip_center"] - points["femur_knee_center"], frame)
    # The tibial axis is "up" by definition, so only the femur leans: medially in varus.
    return 180 - femur


def wbl(points: Points, side: Side) -> Array:
    """Weight-bearing line: where hip to ankle crosses the plateau, 0 % medial, 100 % lateral edge."""
    frame = axes(points, side)
    hip, ankle = points["hip_center"], points["ankle_center"]
    medial, lateral = points["plateau_medial_edge"], points["plateau_lateral_edge"]
    line = hip - ankle
    edge = lateral - medial
    # Intersect both lines in the frontal plane (medial, up coordinates).
    lu, lw = _dot(line, frame.medial), _dot(line, frame.up)
    eu, ew = _dot(edge, frame.medial), _dot(edge, frame.up)
    start = medial - ankle
    su, sw = _dot(start, frame.medial), _dot(start, frame.up)
    return 100 * (lu * sw - lw * su) / (lw * eu - lu * ew)


def obliquity(points: Points, side: Side) -> Array:
    """Joint line obliquity in degrees: plateau line to the line square to hip-ankle, positive medial up."""
    frame = axes(points, side)
    rise = _rise(points["plateau_medial"] - points["plateau_lateral"], frame)
    return rise + _lean(points["hip_center"] - points["ankle_center"], frame)


def mfta(points: Points, side: Side) -> Array:
    """Mechanical femorotibial angle in degrees from straight: valgus positive, varus negative."""
    return hka(points, side) - 180


def caton_deschamps(points: Points, _side: Side) -> Array:
    """Patellar height: articular edge to tibia over the articular length, seen along the plateau line.

    From the lower edge of the patella's articular surface to the anterosuperior angle of the tibia, divided
    by the length of that surface (Caton and Deschamps). A true lateral view looks along the plateau line,
    before a correction and after it.
    """
    across = unit(points["plateau_medial"] - points["plateau_lateral"])

    def seen(a: str, b: str) -> Array:
        vector = points[a] - points[b]
        flat = vector - _dot(vector, across)[..., None] * across
        return np.sqrt(_dot(flat, flat))

    height = seen("patella_articular_inferior", "plateau_anterior")
    return height / seen("patella_articular_superior", "patella_articular_inferior")


def leg_length(points: Points, _side: Side) -> Array:
    """Hip centre to ankle centre, mm."""
    return np.asarray(np.linalg.norm(points["hip_center"] - points["ankle_center"], axis=-1))


FEMORAL = (
    "hip_center", "femur_medial_distal", "femur_lateral_distal", "femur_medial_posterior",
    "femur_lateral_posterior", "femur_shaft_distal", "femur_shaft_proximal",
)  # fmt: skip
"""What turns when the femur turns about the centre of its condyles."""


def turn_to_varus(
    points: Points, side: Side, degrees: float | Array, names: Iterable[str] = FEMORAL
) -> dict[str, Array]:
    """Turn the femur in the frontal plane about the knee: HKA falls, JLCA rises by these degrees.

    Args:
        points: positions of the leg, (..., 3).
        side: L or R.
        degrees: towards varus, a number or (...) as the points broadcast.
        names: the femoral landmarks that turn; ``("hip_center",)`` leaves the condyles and JLCA alone.
    """
    frame = axes(points, side)
    axis, pivot = np.cross(frame.up, frame.medial), points["femur_knee_center"]
    turned = dict(points)
    for name in names:
        if name in points:
            turned[name] = pivot + rotate(points[name] - pivot, axis, degrees)
    return turned
