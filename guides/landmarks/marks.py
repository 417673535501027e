"""Named points of one leg, each with how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from guides.bones import Array
from guides.errors import InputError

Provenance = Literal["auto", "edited", "imputed", "measured"]
"""Found on the bone, set by a person, taken from priors, or given by angles read on a long-leg film."""

REQUIRED = (
    "plateau_medial",
    "plateau_lateral",
    "plateau_medial_anterior",
    "plateau_medial_posterior",
    "plateau_lateral_anterior",
    "plateau_lateral_posterior",
    "plateau_medial_edge",
    "plateau_lateral_edge",
    "tibia_knee_center",
    "tibia_shaft_proximal",
    "tibia_shaft_distal",
    "ankle_center",
    "tuberosity",
    "fibula_tip",
    "ptfj",
)
"""What a plan cannot do without; the femoral ones may be absent."""


@dataclass(frozen=True)
class Landmark:
    """One named point with how it came about."""

    position: Array
    provenance: Provenance


class Landmarks(Mapping[str, Landmark]):
    """Named points of one leg."""

    def __init__(self, points: Mapping[str, Landmark]) -> None:
        self._points = dict(points)

    def __getitem__(self, name: str) -> Landmark:
        return self._points[name]

    def __iter__(self) -> Any:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def positions(self) -> dict[str, Array]:
        """Name to (3,) position, mm."""
        return {name: landmark.position for name, landmark in self.items()}

    def to_document(self) -> dict[str, dict[str, Any]]:
        """The ``landmarks`` part of a plan document."""
        return {
            name: {"position": [round(float(x), 4) for x in mark.position], "provenance": mark.provenance}
            for name, mark in self.items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Landmarks:
        """Read the ``landmarks`` part of a plan document; a bare ``[x, y, z]`` counts as edited.

        Raises:
            InputError: a required landmark is missing, or a position is not three numbers within ten metres.
        """
        points = {}
        for name, value in document.items():
            position = value["position"] if isinstance(value, Mapping) and "position" in value else value
            provenance = value.get("provenance", "edited") if isinstance(value, Mapping) else "edited"
            try:
                point = np.asarray(position, dtype=float)
            except (TypeError, ValueError):
                point = np.empty(0)
            # Ten metres are outside any room; the comparison refuses NaN as well.
            if point.shape != (3,) or not (np.abs(point) < 10_000).all():
                raise InputError(
                    "bad_landmark",
                    f"Landmark {name} is not a point",
                    "Give three finite numbers, LPS millimetres",
                )
            if provenance not in get_args(Provenance):
                raise InputError(
                    "bad_landmark",
                    f"Landmark {name} has no known provenance",
                    "Use auto, edited, imputed or measured",
                )
            points[name] = Landmark(point, cast(Provenance, provenance))
        missing = [name for name in REQUIRED if name not in points]
        if missing:
            raise InputError(
                "landmarks_missing",
                f"Landmarks missing: {', '.join(missing)}",
                "Let them be found again, or set them on the bone",
            )
        return cls(points)
