"""Whether landmarks that a person moved still make a leg."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from guides.bones import Array
from guides.errors import InputError
from guides.landmarks.frame import Side

APART_MM = 5.0
"""By which one landmark must lie beyond the other; an anatomical distance is several times this."""

_ABOVE = (
    ("tibia_knee_center", "ankle_center"),
    ("tibia_shaft_proximal", "tibia_shaft_distal"),
    ("hip_center", "femur_knee_center"),
    ("femur_shaft_proximal", "femur_shaft_distal"),
)
_MEDIAL_OF = (
    ("plateau_medial", "plateau_lateral"),
    ("plateau_medial_edge", "plateau_lateral_edge"),
    ("femur_medial_distal", "femur_lateral_distal"),
)
_BEFORE = (
    ("plateau_medial_anterior", "plateau_medial_posterior"),
    ("plateau_lateral_anterior", "plateau_lateral_posterior"),
)


def check_consistency(points: Mapping[str, Array], side: Side) -> None:
    """Refuse landmarks that have been dragged past one another: every angle would come out wrong or not.

    Args:
        points: positions by name, patient LPS mm; those that are absent are not looked at.
        side: L or R.

    Raises:
        InputError: ``landmarks_contradict``.
    """
    medial = np.array([-1.0 if side == "L" else 1.0, 0.0, 0.0])
    for pairs, direction, words in (
        (_ABOVE, np.array([0.0, 0.0, 1.0]), "above"),
        (_MEDIAL_OF, medial, "medial of"),
        (_BEFORE, np.array([0.0, -1.0, 0.0]), "in front of"),
    ):
        for one, other in pairs:
            if one not in points or other not in points:
                continue
            if float((points[one] - points[other]) @ direction) < APART_MM:
                names = [name.replace("_", " ") for name in (one, other)]
                raise InputError(
                    "landmarks_contradict",
                    f"Landmark {names[0]} does not lie {words} {names[1]}",
                    "Move it back, or let it be found again",
                )
