"""How sure a measure is: draws of what is out of view or in doubt, and the band that holds 90 % of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from guides.bones import Array
from guides.landmarks import PRIORS, Landmarks, Priors, Side, rotate
from guides.measures.angles import Points, axes
from guides.measures.definitions import Measure
from guides.measures.doubt import doubted
from guides.measures.long_film import FILM_SPREAD_DEG, NO_FILM, LongFilm, imputed

SHAFT_MM = 50.0
"""Tibial shaft in view from which its axis is trusted (10.1080/23335432.2021.1916406)."""

DRAWS = 4000
BAND = (5.0, 95.0)
"""Percentiles of the stated band: it holds 90 % of the draws."""


def drawn_points(
    landmarks: Landmarks,
    side: Side,
    film: LongFilm = NO_FILM,
    priors: Priors = PRIORS,
    doubt: Mapping[str, float] | None = None,
) -> dict[str, Array]:
    """Positions with every imputed hip and ankle replaced by (DRAWS, 3) draws from the priors.

    The draws are the same on every call: a plan must not change when it is computed again. With less shaft in
    view than ``SHAFT_MM`` the tibial axis is proportionally less sure. What a long-leg film gives is drawn
    about the film's value with the error of a reading.

    Args:
        landmarks: as they were found, before any film.
        side: L or R.
        film: what was read on a long-leg film.
        priors: those that the landmarks were imputed from.
        doubt: how far landmarks may be off on bones that are not sure of themselves, see ``doubts``.
    """
    points = landmarks.positions()
    deviations, film_errors = _deviations(priors)
    frame = axes(points, side)
    # Towards medial on either side, so that a mirrored leg has mirrored draws.
    towards_medial = np.cross(frame.up, frame.medial)
    drawn: dict[str, Array] = points | doubted(landmarks, side, doubt or {}, DRAWS)
    shaft = float(np.linalg.norm(points["tibia_shaft_proximal"] - points["tibia_shaft_distal"]))
    shortness = max(1.0, SHAFT_MM / max(shaft, 10.0))
    unseen = imputed(landmarks)
    ends_of_leg = (
        ("ankle_center", "tibia_knee_center", priors.ankle_lateral_deg.spread * shortness,
         priors.ankle_anterior_deg.spread * shortness, priors.tibia_per_width),
        ("hip_center", "femur_knee_center", priors.hip_medial_deg.spread,
         priors.hip_anterior_deg.spread, priors.femur_per_width),
    )  # fmt: skip
    towards_anterior = np.cross(frame.up, frame.anterior)
    for (name, pivot, frontal_deg, sagittal_deg, per_width), (frontal, sagittal, length) in zip(
        ends_of_leg, deviations, strict=True
    ):
        if name not in unseen:
            continue
        arm = points[name] - points[pivot]
        arm = rotate(arm, towards_medial, frontal_deg * frontal)
        arm = rotate(arm, towards_anterior, sagittal_deg * sagittal)
        drawn[name] = points[pivot] + arm * (1 + per_width.spread / per_width.mean * length[:, None])
    if film.measured:
        hka_error, jlca_error, mmpta_error = FILM_SPREAD_DEG * film_errors
        errors = (hka_error, jlca_error, mmpta_error)
        drawn = film.applied(drawn, side, imputed=unseen, errors=errors)
    return drawn


@lru_cache(maxsize=8)  # a hand that moves asks for the same many times a second
def _deviations(priors: Priors) -> tuple[Array, Array]:
    """(2, 3, DRAWS) for ankle and hip, (3, DRAWS) for the angles of a film, all in standard deviations."""
    generator = np.random.default_rng(20240)
    drawn = np.array([priors.deviations(generator, (3, DRAWS)) for _ in range(2)])
    errors = generator.standard_normal((3, DRAWS))
    drawn.flags.writeable = errors.flags.writeable = False  # they are shared
    return drawn, errors


def band(measure: Measure, drawn: Points, side: Side) -> tuple[float, float] | None:
    """The 90 % band of a measure over drawn points, None when nothing that it needs was drawn."""
    return bands([measure], drawn, side)[0]


def bands(measures: Sequence[Measure], drawn: Points, side: Side) -> list[tuple[float, float] | None]:
    """The same for several measures, in their order."""
    values = [measure.function(drawn, side) for measure in measures]
    spread = [found for found in values if found.ndim]
    both = iter(ends(np.array(spread)).T.tolist() if spread else ())
    return [tuple(next(both)) if found.ndim else None for found in values]


def ends(values: Array) -> Array:
    """(2, ...) percentiles of ``BAND`` along the last axis, those of ``np.percentile``.

    To sort a few thousand numbers takes a quarter of the time of finding four of them there.
    """
    ordered = np.sort(values, axis=-1)
    places = np.array(BAND) / 100 * (values.shape[-1] - 1)
    below = places.astype(int)
    share = places - below
    low, high = ordered[..., below], ordered[..., np.minimum(below + 1, values.shape[-1] - 1)]
    # From the nearer of the two, as there, digit for digit.
    found = np.where(share < 0.5, low + (high - low) * share, high - (high - low) * (1 - share))
    return np.moveaxis(found, -1, 0)
