"""HKA and JLCA as they follow from marks on a long-leg film, and what a plan keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guides.errors import InputError
from guides.landmarks import Side
from guides.measures.angles import Points, axes, hka, jlca, mldfa, mmpta
from guides.measures.film_points import FILM_POINTS, leg_on_film
from guides.measures.long_film import HKA_RANGE_DEG, JLCA_RANGE_DEG, LongFilm

JOINT_RANGE_DEG = (60.0, 120.0)
"""Of mLDFA and mMPTA: beyond it a mark stands on another bone."""

ROUNDING_DEG = 0.0501
"""By which an angle that is taken over may differ from the one that was measured: people see one decimal."""

_ANGLES = {
    "HKA": (hka, HKA_RANGE_DEG),
    "JLCA": (jlca, JLCA_RANGE_DEG),
    "mLDFA": (mldfa, JOINT_RANGE_DEG),
    "mMPTA": (mmpta, JOINT_RANGE_DEG),
}
_LEGS = {"L": "left", "R": "right"}


@dataclass(frozen=True)
class FilmAngles:
    """What marks on a film say.

    Attributes:
        angles: HKA, JLCA, mLDFA and mMPTA in degrees, as of ``MEASURES``.
        mirrored: the leg is shown as by a mirror: a left leg has its inner side on the right of the picture.
    """

    angles: dict[str, float]
    mirrored: bool


def measure_film(
    points: Mapping[str, Sequence[float]], pixel_spacing: Sequence[float], side: Side
) -> FilmAngles:
    """The angles of the leg on a film.

    Which side is medial follows from the marks, so that the angles are the same on a film that is mirrored or
    turned. They need no scale: the pixels' proportions are enough.

    Args:
        points: (column, row) in pixels by the names of ``FILM_POINTS``.
        pixel_spacing: distance of rows, then of columns, in any one unit.
        side: L or R, the patient's leg.

    Raises:
        InputError: as of ``leg_on_film``; ``film_points_swapped`` where medial and lateral marks contradict
            one another; ``film_angles_impossible``.
    """
    leg = leg_on_film(points, pixel_spacing)
    _check_medial(leg)
    angles = {}
    for name, (function, (low, high)) in _ANGLES.items():
        value = float(function(leg, side))
        if not low <= value <= high:
            raise InputError(
                "film_angles_impossible",
                f"The points on the film give {name} of {value:.1f} degrees, which no leg has",
                "Look at each point on the film again and move those that are not on their place",
            )
        angles[name] = round(value, 2)
    # Seen from in front the leg's front faces the viewer, which is towards -y.
    return FilmAngles(angles, bool(axes(leg, side).anterior[1] > 0))


def _check_medial(leg: Points) -> None:
    medial = axes(leg, "L").medial
    for joint, name in (("femur_{}_distal", "condyles"), ("talus_{}", "talar dome")):
        if (leg[joint.format("medial")] - leg[joint.format("lateral")]) @ medial <= 0:
            raise InputError(
                "film_points_swapped",
                f"Medial and lateral are the other way round at the {name} than at the plateau",
                "Exchange the two points at one of them: medial is the side of the other leg",
            )


def read_film(
    side: Side, hka: float | None, jlca: float | None, reading: Mapping[str, Any] | None
) -> LongFilm:
    """The film that a plan stands on, typed or measured.

    Args:
        side: L or R, the side of the plan.
        hka: degrees that are taken over, None where none are.
        jlca: likewise.
        reading: ``film_sha256``, ``points``, ``pixel_spacing`` and ``mirrored`` (whether a person says that
            the film is), and perhaps ``read_by`` and ``read_at``; None where the angles were typed.

    Raises:
        InputError: as of ``measure_film``; ``bad_film_reading``; ``film_side`` where the marks are those of
            the other leg or the film is mirrored and nobody said so; ``film_reading_differs``.
    """
    if reading is None:
        return LongFilm(hka, jlca)
    lacking = sorted({"film_sha256", "points", "pixel_spacing", "mirrored"} - set(reading))
    if lacking:
        raise InputError(
            "bad_film_reading",
            f"The reading of the long-leg film has no {', '.join(lacking)}",
            "Measure the film again",
        )
    found = measure_film(reading["points"], reading["pixel_spacing"], side)
    check_side(found, side, mirrored=bool(reading["mirrored"]))
    for name, given in (("HKA", hka), ("JLCA", jlca)):
        if given is None or not abs(given - found.angles[name]) <= ROUNDING_DEG:
            stated = "no angle" if given is None else f"{given:g} degrees"
            raise InputError(
                "film_reading_differs",
                f"{name} is given as {stated} but was measured as {found.angles[name]:.1f} degrees",
                "Use the angles of the film, or give both without its reading",
            )
    kept = {
        "film_sha256": str(reading["film_sha256"]),
        "points": {name: [round(float(x), 2) for x in reading["points"][name]] for name in FILM_POINTS},
        "pixel_spacing": [float(x) for x in reading["pixel_spacing"]],
        "mirrored": found.mirrored,
        "angles": found.angles,
    }
    said = {name: str(reading[name]) for name in ("read_by", "read_at") if reading.get(name)}
    return LongFilm(hka, jlca, kept | said)


def check_side(found: FilmAngles, side: Side, *, mirrored: bool) -> None:
    """Refuse marks on what looks like the other leg, unless a person says that the film is mirrored.

    Raises:
        InputError: ``film_side``.
    """
    if found.mirrored == mirrored:
        return
    edge = "right" if (side == "L") == found.mirrored else "left"
    usual = "a mirrored" if mirrored else "an unmirrored"
    raise InputError(
        "film_side",
        f"The inner side of the leg that was measured lies to the {edge} of the picture, as that of a"
        f" {_LEGS[side]} leg does not on {usual} film",
        f"Measure the {_LEGS[side]} leg, or say that the film is {'not ' if mirrored else ''}mirrored",
    )
