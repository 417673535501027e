"""Start and hinge of the cut as a person places them by hand; what is not placed is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array
from guides.errors import InputError
from guides.landmarks import unit
from guides.measures import Axes

STEEPEST_DEG = 60.0
"""How far the cut may be inclined in the frontal plane: beyond this start and hinge lie over one another."""

START_OFF_BONE_MM = 25.0
"""How far from the bone's edge in the plane a start may be placed; it is drawn onto the edge."""


@dataclass(frozen=True)
class Placing:
    """What a person has placed, patient LPS mm; None where it is to be found.

    Attributes:
        start: where the saw enters; the plane runs through it, and it is drawn onto the cortex.
        hinge: a point of the hinge axis, which runs through it however much cortex that leaves.
    """

    start: Array | None = None
    hinge: Array | None = None

    @property
    def by_hand(self) -> bool:
        """Whether anything is placed."""
        return self.start is not None or self.hinge is not None

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Placing:
        """Read ``{"start_point": [x, y, z], "hinge_point": [x, y, z]}``, each optional.

        Raises:
            InputError: ``bad_cut`` when a point is not three finite numbers, or has another name.
        """
        points: dict[str, Array] = {}
        for name, value in (document or {}).items():
            if value is None:
                continue
            try:
                point = np.asarray(value, dtype=float)
            except (TypeError, ValueError):
                point = np.empty(0)
            if name not in ("start_point", "hinge_point") or point.shape != (3,):
                raise _bad(f"{name} of the cut is not a point that can be placed")
            # Ten metres are outside any room; the comparison refuses NaN as well.
            if not (np.abs(point) < 10_000).all():
                raise _bad(f"{name} of the cut is out of all bounds")
            points[name.removesuffix("_point")] = point
        return cls(**points)

    def to_document(self) -> dict[str, list[float]]:
        """The ``cut`` part of a plan document: what was placed."""
        found = {"start_point": self.start, "hinge_point": self.hinge}
        return {n: [round(float(x), 4) for x in p] for n, p in found.items() if p is not None}

    def medial(self, start: Array, opens: int, frame: Axes) -> Array | None:
        """Unit direction to medial from hinge and start, seen from in front; None without a placed hinge.

        Raises:
            InputError: ``cut_too_steep``.
        """
        if self.hinge is None:
            return None
        across = (start - self.hinge) * opens
        across = across - (across @ frame.anterior) * frame.anterior
        if not across @ frame.medial > np.cos(np.radians(STEEPEST_DEG)) * np.linalg.norm(across):
            raise InputError(
                "cut_too_steep",
                f"From its start to its hinge the cut is inclined by more than {STEEPEST_DEG:g} degrees",
                "Move the start or the hinge so that the hinge lies across the bone",
            )
        return unit(across)


FOUND = Placing()
"""Nothing is placed: start and hinge are found."""


def drawn_to(outline: Array, start: Array) -> Array:
    """The point of an outline, (N, 3) ends of segments, two a segment, that lies nearest to ``start``.

    Raises:
        InputError: ``start_outside_bone``.
    """
    a, b = outline.reshape(-1, 2, 3).transpose(1, 0, 2)
    along = b - a
    length = np.maximum((along * along).sum(axis=1), 1e-12)
    share = np.clip(((start - a) * along).sum(axis=1) / length, 0, 1)
    places = a + share[:, None] * along
    distance = np.linalg.norm(places - start, axis=1)
    if distance.min() > START_OFF_BONE_MM:
        raise InputError(
            "start_outside_bone",
            f"The start of the cut lies {distance.min():.0f} mm beside the tibia",
            "Move it onto the cortex where the saw is to enter",
        )
    return np.asarray(places[np.argmin(distance)])


def _bad(message: str) -> InputError:
    return InputError(
        "bad_cut", message, "Give start_point and hinge_point as three numbers, LPS millimetres"
    )
