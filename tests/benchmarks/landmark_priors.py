"""The priors of ``guides/landmarks/priors.py``, measured: whole legs against the same legs cropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import least_squares

from guides.bones import Array
from guides.landmarks import Frame, Priors, Side
from guides.landmarks.femur import hip_predictors
from guides.landmarks.frame import Line, unit
from guides.landmarks.priors import PRIORS, SHORT_VIEW_MM, Imputation

ANKLE_AT_LEAST_DEG = 1.2
"""Spread of the ankle's direction below which no fit goes: the published bound of 3 degrees
(10.1080/23335432.2021.1916406) allows as much, and LLP26 has no bowed leg."""

Sample = Mapping[str, float]


def sample(whole: Mapping[str, Array], part: Mapping[str, Array], side: Side) -> dict[str, float]:
    """What one person tells, from landmark positions of the whole leg and of the cropped one."""
    knee, ankle = whole["tibia_knee_center"], whole["ankle_center"]
    edges = part["plateau_medial_edge"] - part["plateau_lateral_edge"]
    tibia = Frame.of(part["tibia_shaft_proximal"] - part["tibia_shaft_distal"], edges, side)
    width, length = float(edges @ tibia.medial), float(np.linalg.norm(knee - ankle))
    here = part["tibia_knee_center"]
    shaft = Line(part["tibia_shaft_distal"], tibia.up)
    prolonged = _lean(here - shaft.at(float(here @ tibia.up) - length, tibia.up), tibia)
    true = _lean(knee - ankle, tibia)

    distal = np.array([part[f"femur_{name}_distal"] for name in ("medial", "lateral")])
    thigh = unit(part["femur_shaft_proximal"] - part["femur_shaft_distal"])
    femur = Frame.of(thigh, part["femur_medial_posterior"] - part["femur_lateral_posterior"], side)
    hip = whole["hip_center"] - distal.mean(axis=0)
    medial, anterior = _lean(hip, femur)
    aldfa, offset = hip_predictors(femur, distal, Line(part["femur_shaft_distal"], thigh))
    return {
        "tibia_per_width": length / width,
        "ankle_lateral_deg": true[0] - prolonged[0],
        "ankle_anterior_deg": prolonged[1] - true[1],
        "femur_per_width": float(np.linalg.norm(hip)) / width,
        "hip_medial_deg": medial,
        "hip_anterior_deg": anterior,
        "aldfa": aldfa,
        "offset": offset,
        # The lowest section that counts lies 4 mm above the end of the view.
        "in_view": float((here - part["tibia_shaft_distal"]) @ tibia.up) + 4,
    }


def _lean(upwards: Array, frame: Frame) -> tuple[float, float]:
    """Degrees by which an upward vector leans towards medial and towards anterior."""
    high = upwards @ frame.up
    return (
        float(np.degrees(np.arctan2(upwards @ frame.medial, high))),
        float(np.degrees(np.arctan2(upwards @ frame.anterior, high))),
    )


def per_short_mm(samples: Sequence[Sample], short: Sequence[Sample]) -> float:
    """Degrees that a millimetre of view less than ``SHORT_VIEW_MM`` adds to the ankle's place to anterior.

    Args:
        samples: the same people in the usual view.
        short: with less in view than that.
    """
    usual = np.mean([one["ankle_anterior_deg"] for one in samples])
    less = np.array([SHORT_VIEW_MM - one["in_view"] for one in short])
    more = np.array([one["ankle_anterior_deg"] for one in short]) - usual
    return float(less @ more / (less @ less))


def fit(
    samples: Sequence[Sample], ankle_anterior_per_short_mm: float = PRIORS.ankle_anterior_per_short_mm
) -> Priors:
    """Means, standard deviations, and the regression of the hip's place by a robust fit.

    One odd person must not turn the regression, but widens what it leaves open.
    """
    columns = {name: np.array([one[name] for one in samples]) for name in samples[0]}

    def spread(name: str, least: float = 0.0) -> Imputation:
        values = columns[name]
        return Imputation(float(values.mean()), max(float(values.std(ddof=1)), least))

    design = np.column_stack([np.ones(len(samples)), columns["aldfa"] - 80, columns["offset"]])

    def residual(coefficients: Array) -> Array:
        return np.asarray(columns["hip_medial_deg"] - design @ coefficients)

    found = least_squares(residual, [7.0, 0.0, 0.0], loss="soft_l1", f_scale=1.0).x
    left = float(np.sqrt((residual(found) ** 2).sum() / (len(samples) - len(found))))
    return Priors(
        people=len(samples),
        tibia_per_width=spread("tibia_per_width"),
        ankle_lateral_deg=spread("ankle_lateral_deg", ANKLE_AT_LEAST_DEG),
        ankle_anterior_deg=spread("ankle_anterior_deg", ANKLE_AT_LEAST_DEG),
        ankle_anterior_per_short_mm=ankle_anterior_per_short_mm,
        femur_per_width=spread("femur_per_width"),
        hip_medial_deg=Imputation(float(found[0]), left),
        hip_per_aldfa=float(found[1]),
        hip_per_shaft=float(found[2]),
        hip_anterior_deg=spread("hip_anterior_deg"),
    )


def rows(priors: Priors) -> list[list[object]]:
    """Name, mean or coefficient, and spread of each prior."""
    found: list[list[object]] = []
    for name, value in vars(priors).items():
        mean, spread = (value.mean, value.spread) if isinstance(value, Imputation) else (float(value), "-")
        found.append([name, mean, spread])
    return found
