"""What a reader of a long-leg film marks, where the landmarks of the bones are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

HEAD_MM = 23.0
"""Radius at which the head is marked; its centre is what counts."""
TALUS_MM = 14.0


def marked_places(places: Mapping[str, np.ndarray], frame: Any) -> dict[str, np.ndarray]:
    """The points in space, mm, that the marks of ``guides.measures.FILM_POINTS`` are put on.

    Args:
        places: landmarks of a whole leg.
        frame: its axes.
    """
    marks = {
        "femoral_notch": places["femur_knee_center"],
        "tibial_spines": places["tibia_knee_center"],
        "talus_medial": places["ankle_center"] + TALUS_MM * frame.medial,
        "talus_lateral": places["ankle_center"] - TALUS_MM * frame.medial,
    }
    for name in ("femur_medial_distal", "femur_lateral_distal", "plateau_medial", "plateau_lateral"):
        marks[name] = places[name]
    for index, degrees in enumerate((80, 10, 200), start=1):
        turn = np.radians(degrees)
        around = np.cos(turn) * frame.medial + np.sin(turn) * frame.up
        marks[f"femoral_head_{index}"] = places["hip_center"] + HEAD_MM * around
    return marks
