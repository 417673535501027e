"""What is marked on a long-leg film, and whether the marks can be those of a leg.

Marks are (column, row) in pixels of the film, the centre of its first pixel at (0, 0). The film's plane is
taken for the frontal plane of the leg, so that the measures of ``guides.measures.angles`` are those of the
film: x runs along the columns, z against the rows, y away from the viewer.

The centre of the hip is that of the circle through three marks on the outline of the femoral head; the
centres of the knee are the top of the intercondylar notch for the femoral axis and the middle between the
tibial spines for the tibial axis; that of the ankle is midway between the edges of the talar dome. Moreland
et al. 1987 (J Bone Joint Surg Am 69:745) describe these centres and found others of the knee alike. The joint
lines are Paley's: through the lowest points of both condyles, and along both plateaus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from guides.bones import Array
from guides.errors import InputError
from guides.measures.angles import Points

FILM_POINTS = {
    "femoral_head_1": "first point on the outline of the femoral head",
    "femoral_head_2": "second point on the outline of the femoral head",
    "femoral_head_3": "third point on the outline of the femoral head",
    "femoral_notch": "top of the intercondylar notch",
    "femur_medial_distal": "lowest point of the medial condyle",
    "femur_lateral_distal": "lowest point of the lateral condyle",
    "plateau_medial": "middle of the medial plateau",
    "plateau_lateral": "middle of the lateral plateau",
    "tibial_spines": "middle between the tibial spines",
    "talus_medial": "medial edge of the talar dome",
    "talus_lateral": "lateral edge of the talar dome",
}
"""Names of the marks in the order in which they are placed, and what each is."""

HEAD = tuple(name for name in FILM_POINTS if name.startswith("femoral_head"))

MINIMUM_PIXELS = 200.0
"""From hip to ankle; on a smaller picture the marks of a mouse are degrees apart."""

SMALLEST_CORNER_DEG = 10.0
"""Of the triangle on the femoral head: marks on an arc of less than 20 degrees say nothing of its centre."""

HEAD_SHARE = (0.012, 0.065)
"""Radius of the femoral head in lengths of the leg; 24 of 800 mm is 0.03."""

KNEE_SHARE = (0.38, 0.68)
"""Where between hip (0) and ankle (1) every mark of the knee lies; 430 of 800 mm is 0.54."""

LEAST_WIDTH_SHARE = 0.012
"""Between the medial and the lateral mark of a joint, in lengths of the leg: 10 of 800 mm."""


def circle(points: Array) -> tuple[Array, float]:
    """Centre (2,) and radius of the circle through (3, 2) points.

    Raises:
        InputError: ``film_circle`` where they are too near to one another or to a line.
    """
    sides = np.array([points[2] - points[1], points[0] - points[2], points[1] - points[0]])
    lengths = np.sort(np.linalg.norm(sides, axis=1))
    doubled_area = abs(float(sides[0, 0] * sides[1, 1] - sides[0, 1] * sides[1, 0]))
    # The smallest corner lies between the two longer sides.
    sine = doubled_area / max(float(lengths[1] * lengths[2]), 1e-12)
    if sine < np.sin(np.radians(SMALLEST_CORNER_DEG)):
        raise InputError(
            "film_circle",
            "The points on the femoral head lie too near to one another or to a line to tell its centre",
            "Place them far apart along its outline, for instance above, medial and lateral",
        )
    system = 2 * (points[1:] - points[0])
    squares = np.einsum("ij,ij->i", points, points)
    centre = np.linalg.solve(system, squares[1:] - squares[0])
    return centre, float(np.linalg.norm(points[0] - centre))


def checked_points(
    points: Mapping[str, Sequence[float]], pixel_spacing: Sequence[float]
) -> tuple[dict[str, Array], Array]:
    """Marks as (2,) arrays of pixels, and the (2,) size of a pixel along (column, row).

    Args:
        points: (column, row) by the names of ``FILM_POINTS``.
        pixel_spacing: distance of rows, then of columns, as DICOM has it, in any one unit.

    Raises:
        InputError: ``bad_pixel_spacing``, ``film_points_unknown``, ``film_points_missing``,
            ``bad_film_point``.
    """
    size = _numbers(pixel_spacing)
    if size is None or not (size > 0).all():
        raise InputError(
            "bad_pixel_spacing",
            "The film's pixels have no size",
            "Give the distance of rows and that of columns, both above 0",
        )
    unknown = sorted(set(points) - set(FILM_POINTS))
    if unknown:
        raise InputError(
            "film_points_unknown",
            f"On a long-leg film nothing is called {', '.join(unknown)}",
            f"Place {', '.join(FILM_POINTS)}",
        )
    missing = [meaning for name, meaning in FILM_POINTS.items() if name not in points]
    if missing:
        raise InputError(
            "film_points_missing",
            f"On the long-leg film {'this point is' if len(missing) == 1 else 'these points are'} missing: "
            f"{', '.join(missing)}",
            "Place every point",
        )
    places: dict[str, Array] = {}
    for name, point in points.items():
        place = _numbers(point)
        if place is None:
            raise InputError(
                "bad_film_point",
                f"The {FILM_POINTS[name]} is not a place on the film",
                "Give column and row in pixels",
            )
        places[name] = place
    return places, size[::-1]


def _numbers(pair: Sequence[float]) -> Array | None:
    """Two finite numbers, or None where there is anything else."""
    try:
        numbers = np.asarray(pair, dtype=float)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.shape == (2,) and np.isfinite(numbers).all() else None


def leg_on_film(points: Mapping[str, Sequence[float]], pixel_spacing: Sequence[float]) -> Points:
    """Landmarks of the leg in the film's plane, each (3,): what ``MEASURES`` needs, and the talus.

    Args:
        points: as of ``checked_points``.
        pixel_spacing: likewise; the landmarks are in its unit.

    Raises:
        InputError: as of ``checked_points`` and ``circle``; ``film_points_apart``: marks as on no leg.
    """
    places, size = checked_points(points, pixel_spacing)
    flat = {name: place * size for name, place in places.items()}
    hip, radius = circle(np.array([flat[name] for name in HEAD]))
    ankle = (flat["talus_medial"] + flat["talus_lateral"]) / 2
    _check_leg(flat, hip, radius, ankle, float(np.linalg.norm((ankle - hip) / size)))
    leg = {
        "hip_center": hip,
        "femur_knee_center": flat["femoral_notch"],
        "femur_medial_distal": flat["femur_medial_distal"],
        "femur_lateral_distal": flat["femur_lateral_distal"],
        "plateau_medial": flat["plateau_medial"],
        "plateau_lateral": flat["plateau_lateral"],
        "tibia_knee_center": flat["tibial_spines"],
        "talus_medial": flat["talus_medial"],
        "talus_lateral": flat["talus_lateral"],
        "ankle_center": ankle,
    }
    return {name: np.array([x, 0.0, -down]) for name, (x, down) in leg.items()}


def _check_leg(flat: Mapping[str, Array], hip: Array, radius: float, ankle: Array, pixels: float) -> None:
    """Refuse marks that lie as on no leg."""
    if pixels < MINIMUM_PIXELS:
        raise _apart(f"From hip to ankle there are only {pixels:.0f} pixels")
    line = ankle - hip
    length = float(np.linalg.norm(line))
    low, high = HEAD_SHARE
    if not low <= radius / length <= high:
        size = "small" if radius / length < low else "large"
        raise _apart(f"The circle through the points on the femoral head is too {size} for this leg")
    for name, place in flat.items():
        if name in HEAD or name.startswith("talus"):
            continue
        if not KNEE_SHARE[0] <= float((place - hip) @ line) / length**2 <= KNEE_SHARE[1]:
            raise _apart(f"The {FILM_POINTS[name]} does not lie where a knee is between hip and ankle")
    for joint in ("femur_{}_distal", "plateau_{}", "talus_{}"):
        medial, lateral = joint.format("medial"), joint.format("lateral")
        if np.linalg.norm(flat[medial] - flat[lateral]) < LEAST_WIDTH_SHARE * length:
            raise _apart(f"The {FILM_POINTS[medial]} lies on the {FILM_POINTS[lateral]}")


def _apart(what: str) -> InputError:
    return InputError(
        "film_points_apart",
        what,
        "Look at each point on the film again and move those that are not on their place",
    )
