"""Angles and lengths of a leg from its landmarks, one function a measure.

Every function takes positions by landmark name, each (..., 3) in patient LPS mm, and broadcasts over leading
dimensions, so that the same code serves one leg and the thousands of draws that give an imputed measure its
band.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array
from guides.landmarks import Landmarks, Side, rotate, unit
from guides.landmarks.priors import (
    ANKLE_ANTERIOR_DEG,
    ANKLE_LATERAL_DEG,
    FEMUR_PER_WIDTH,
    HIP_ANTERIOR_DEG,
    MLDFA_AT_ALDFA_80_DEG,
    TIBIA_PER_WIDTH,
)

Points = Mapping[str, Array]

SHAFT_MM = 50.0
"""Tibial shaft in view from which its axis is trusted (10.1080/23335432.2021.1916406)."""

DRAWS = 4000
BAND = (5.0, 95.0)
"""Percentiles of the stated band: it holds 90 % of the draws."""


@dataclass(frozen=True)
class Axes:
    """Directions of the leg, each (..., 3): tibial mechanical axis upwards, two square to it."""

    up: Array
    medial: Array
    anterior: Array


def axes(points: Points, side: Side) -> Axes:
    """The frontal and sagittal planes: tibial mechanical axis and the line through both plateaus."""
    up = unit(points["tibia_knee_center"] - points["ankle_center"])
    across = points["plateau_medial"] - points["plateau_lateral"]
    medial = unit(across - np.sum(across * up, axis=-1, keepdims=True) * up)
    anterior = np.cross(up, medial) if side == "L" else np.cross(medial, up)
    return Axes(up, medial, anterior)


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.sum(a * b, axis=-1))


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


@dataclass(frozen=True)
class Measure:
    """What a measure is called, how it is computed and where its definition comes from."""

    function: Callable[[Points, Side], Array]
    unit: str
    needs: tuple[str, ...]
    definition: str
    source: str


_TIBIA = ("plateau_medial", "plateau_lateral", "tibia_knee_center", "ankle_center")
_FEMUR = ("hip_center", "femur_knee_center")
_CONDYLES = ("femur_medial_distal", "femur_lateral_distal")
_EDGES = ("plateau_medial_edge", "plateau_lateral_edge")

MEASURES: dict[str, Measure] = {
    "mMPTA": Measure(
        mmpta, "deg", _TIBIA, "Plateau line to tibial mechanical axis, medial angle", "Paley; normal 87 ± 3"
    ),
    "mLDFA": Measure(
        mldfa, "deg", _TIBIA + _FEMUR + _CONDYLES,
        "Distal condylar line to femoral mechanical axis, lateral angle",
        "Paley; normal 87 to 90 (PMC7481321)",
    ),
    "JLCA": Measure(
        jlca, "deg", _TIBIA + _CONDYLES, "Femoral to tibial joint line, positive when open laterally",
        "Paley; normal 0 to 2 (PMC7481321)",
    ),
    "PTS_medial": Measure(
        slope_medial, "deg", (*_TIBIA, "plateau_medial_anterior", "plateau_medial_posterior"),
        "Posterior slope of the medial plateau against the tibial mechanical axis", "normal 7 to 10",
    ),
    "PTS_lateral": Measure(
        slope_lateral, "deg", (*_TIBIA, "plateau_lateral_anterior", "plateau_lateral_posterior"),
        "Posterior slope of the lateral plateau against the tibial mechanical axis", "normal 5 to 9",
    ),
    "HKA": Measure(
        hka, "deg", _TIBIA + _FEMUR,
        "Femoral to tibial mechanical axis; 180 straight, below varus, above valgus",
        "Paley; normal 178 to 181",
    ),
    "WBL": Measure(
        wbl, "%", _TIBIA + _FEMUR + _EDGES,
        "Hip to ankle line across the plateau, 0 medial edge, 100 lateral edge",
        "Fujisawa; target 62.5, Miniaci (10.1177/26350254211032968)",
    ),
    "JLO": Measure(
        obliquity, "deg", _TIBIA + _FEMUR,
        "Plateau line against the line square to hip to ankle, medial side up",
        "warn above 5 (PMC8822774)",
    ),
}  # fmt: skip


def drawn_points(landmarks: Landmarks, side: Side) -> dict[str, Array]:
    """Positions with every imputed hip and ankle replaced by (DRAWS, 3) draws from the priors.

    The draws are the same on every call: a plan must not change when it is computed again. With less shaft in
    view than ``SHAFT_MM`` the tibial axis is proportionally less sure.
    """
    points = landmarks.positions()
    generator = np.random.default_rng(20240)
    frame = axes(points, side)
    drawn: dict[str, Array] = dict(points)
    shaft = float(np.linalg.norm(points["tibia_shaft_proximal"] - points["tibia_shaft_distal"]))
    shortness = max(1.0, SHAFT_MM / max(shaft, 10.0))
    imputed = (
        ("ankle_center", "tibia_knee_center", ANKLE_LATERAL_DEG.spread * shortness,
         ANKLE_ANTERIOR_DEG.spread * shortness, TIBIA_PER_WIDTH),
        ("hip_center", "femur_knee_center", MLDFA_AT_ALDFA_80_DEG.spread,
         HIP_ANTERIOR_DEG.spread, FEMUR_PER_WIDTH),
    )  # fmt: skip
    for name, pivot, frontal_deg, sagittal_deg, per_width in imputed:
        frontal, sagittal, length = generator.standard_normal((3, DRAWS))
        if name not in landmarks or landmarks[name].provenance != "imputed":
            continue
        arm = points[name] - points[pivot]
        arm = rotate(arm, frame.anterior, frontal_deg * frontal)
        arm = rotate(arm, frame.medial, sagittal_deg * sagittal)
        drawn[name] = points[pivot] + arm * (1 + per_width.spread / per_width.mean * length[:, None])
    return drawn


def band(measure: Measure, drawn: Points, side: Side) -> tuple[float, float] | None:
    """The 90 % band of a measure over drawn points, None when nothing that it needs was drawn."""
    values = measure.function(drawn, side)
    if values.ndim == 0:
        return None
    low, high = np.percentile(values, BAND)
    return float(low), float(high)


def measures_document(
    landmarks: Landmarks,
    side: Side,
    after: Callable[[Points], Points],
) -> dict[str, dict[str, Any]]:
    """The ``measures`` part of a plan document; a measure whose landmarks are absent is left out.

    Args:
        landmarks: the leg before the correction.
        side: L or R.
        after: moves positions, drawn or not, as the correction does.
    """
    points = landmarks.positions()
    moved = after(points)
    drawn = drawn_points(landmarks, side)
    drawn_moved = after(drawn)
    document = {}
    for name, measure in MEASURES.items():
        if any(need not in points for need in measure.needs):
            continue
        provenances = {landmarks[need].provenance for need in measure.needs}
        before_band, after_band = band(measure, drawn, side), band(measure, drawn_moved, side)
        before = float(measure.function(points, side))
        document[name] = {
            "value": round(before, 4),
            "before": round(before, 4),
            "after": round(float(measure.function(moved, side)), 4),
            "unit": measure.unit,
            "band": None if before_band is None else [round(x, 2) for x in before_band],
            "band_after": None if after_band is None else [round(x, 2) for x in after_band],
            "provenance": next((p for p in ("imputed", "edited") if p in provenances), "auto"),
            "definition": measure.definition,
            "source": measure.source,
        }
    return document
