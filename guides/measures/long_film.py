"""What a person measured on a weight-bearing long-leg film, and the leg that it describes.

A knee-only image, or a CT of somebody lying, does not show HKA and JLCA under load. Where the film says
otherwise than the bones, the femur is turned in the frontal plane until the angles are the film's. An ankle
that is out of view lies where the mMPTA says that was measured on the film beside them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array
from guides.errors import InputError
from guides.landmarks import Landmark, Landmarks, Side, rotate
from guides.measures.angles import Points, axes, hka, jlca, mmpta, turn_to_varus

FILM_SPREAD_DEG = 0.7
"""Standard deviation of an angle read on a long-leg film; two readers and two exposures of one leg differ by
about as much. An assumption: published standard errors run from 0.4 to 1 degree."""

HKA_RANGE_DEG = (150.0, 210.0)
JLCA_RANGE_DEG = (-15.0, 15.0)

SAGITTAL = frozenset({"PTS_medial", "PTS_lateral"})
"""Measures that a film from in front says nothing of."""

Errors = tuple[float | Array, float | Array, float | Array]
"""Of HKA, JLCA and mMPTA as read on a film, degrees: numbers or (...) draws."""


@dataclass(frozen=True)
class LongFilm:
    """HKA and JLCA in degrees as read on a film, None where it was not read; signs as in ``MEASURES``.

    Attributes:
        reading: the film, the marks on it and their angles where they were measured here; None: typed.
    """

    hka: float | None = None
    jlca: float | None = None
    reading: Mapping[str, Any] | None = None

    @property
    def measured(self) -> frozenset[str]:
        """Names of the measures that the film gives."""
        names = {"HKA", "mFTA"} if self.hka is not None else set()
        return frozenset(names | ({"JLCA"} if self.jlca is not None else set()))

    @property
    def mmpta(self) -> float | None:
        """Degrees, where it was measured beside the other two."""
        return None if self.reading is None else float(self.reading["angles"]["mMPTA"])

    def check(self, landmarks: Landmarks) -> None:
        """Refuse angles that no leg has, and a film where there is no femur to turn.

        Raises:
            InputError: ``bad_long_film`` or ``measure_unavailable``.
        """
        for name, value, (low, high), meaning in (
            ("HKA", self.hka, HKA_RANGE_DEG, "180 is straight, below is varus"),
            ("JLCA", self.jlca, JLCA_RANGE_DEG, "positive when open laterally"),
        ):
            if value is not None and not low <= value <= high:
                raise InputError(
                    "bad_long_film",
                    f"{name} of {value:g} degrees, read on the long-leg film, is out of range",
                    f"Give degrees from {low:g} to {high:g}; {meaning}",
                )
        needs = {"hip_center", "femur_knee_center"} if self.hka is not None else set()
        needs |= {"femur_medial_distal", "femur_lateral_distal"} if self.jlca is not None else set()
        if not needs <= set(landmarks):
            raise InputError(
                "measure_unavailable",
                "The long-leg film cannot be used, because too little femur is in view",
                "Add the femur to the bones, or leave the film's angles out",
            )

    def applied(
        self, points: Points, side: Side, *, imputed: Collection[str], errors: Errors = (0.0, 0.0, 0.0)
    ) -> dict[str, Array]:
        """The leg with the film's angles.

        mMPTA turns an imputed ankle, and what is in view keeps its own. JLCA turns the whole femur. HKA turns
        the hip alone where the hip is imputed, or where JLCA is given too; else the whole femur, because
        bones that are in view keep their shape and the joint opens.

        Args:
            points: positions of the leg, (..., 3).
            side: L or R.
            imputed: names of the landmarks that lie out of view.
            errors: of the film.
        """
        turned = dict(points)
        if self.mmpta is not None and "ankle_center" in imputed:
            turned = _with_mmpta(turned, side, self.mmpta + errors[2])
        if self.jlca is not None:
            turned = turn_to_varus(turned, side, self.jlca + errors[1] - jlca(turned, side))
        if self.hka is not None:
            degrees = hka(turned, side) - self.hka - errors[0]
            alone = "hip_center" in imputed or self.jlca is not None
            turned = (
                turn_to_varus(turned, side, degrees, ("hip_center",))
                if alone
                else turn_to_varus(turned, side, degrees)
            )
        return turned

    def moved(self, landmarks: Landmarks, side: Side) -> Landmarks:
        """Landmarks of the leg on the film; those that it moved are ``measured``."""
        before = landmarks.positions()
        after = self.applied(before, side, imputed=imputed(landmarks))
        return Landmarks(
            {
                name: mark if np.array_equal(after[name], before[name]) else Landmark(after[name], "measured")
                for name, mark in landmarks.items()
            }
        )

    def to_document(self, landmarks: Landmarks, side: Side) -> dict[str, Any]:
        """The ``long_film`` part of a plan document: what was read, and where it puts landmarks."""
        moved = {n: m for n, m in self.moved(landmarks, side).items() if m.provenance == "measured"}
        document = {"HKA": self.hka, "JLCA": self.jlca, "landmarks": Landmarks(moved).to_document()}
        return document if self.reading is None else document | {"reading": dict(self.reading)}


NO_FILM = LongFilm()


def imputed(landmarks: Landmarks) -> frozenset[str]:
    """Names of the landmarks whose place comes from priors."""
    return frozenset(name for name, mark in landmarks.items() if mark.provenance == "imputed")


def _with_mmpta(points: Points, side: Side, wanted: float | Array) -> dict[str, Array]:
    """The ankle turned in the frontal plane about the middle of the plateau."""
    frame, pivot = axes(points, side), points["tibia_knee_center"]
    degrees = wanted - mmpta(points, side)
    ankle = rotate(points["ankle_center"] - pivot, np.cross(frame.up, frame.medial), degrees)
    return {**points, "ankle_center": pivot + ankle}
