"""Contact area that a person paints on the bone: strokes of a round brush that add or take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from guides.bones import Array, Flags
from guides.errors import InputError

MOST_STROKES = 2000
RADIUS_MM = (1.0, 20.0)
FARTHEST_MM = 10_000.0


@dataclass(frozen=True)
class Stroke:
    """One touch of the brush: the bone's surface inside a ball.

    Attributes:
        centre: (3,) LPS mm.
        radius: mm.
        adds: whether it adds contact area; otherwise it takes it away.
    """

    centre: Array
    radius: float
    adds: bool

    def to_document(self) -> dict[str, Any]:
        """Plain data as ``read_strokes`` reads it."""
        centre = [round(float(x), 3) for x in self.centre]
        return {"centre": centre, "radius_mm": round(self.radius, 3), "add": self.adds}


def read_strokes(document: Any) -> tuple[Stroke, ...]:
    """Strokes in the order in which they were painted; None is none.

    Args:
        document: a list of ``{"centre": [x, y, z], "radius_mm": r, "add": true or false}``, LPS mm.

    Raises:
        InputError: ``bad_painting``.
    """
    if document is None:
        return ()
    if not isinstance(document, Sequence) or isinstance(document, str):
        raise _bad("it is no list of strokes")
    if len(document) > MOST_STROKES:
        raise _bad(f"{len(document)} strokes are more than the {MOST_STROKES} that are read")
    return tuple(_stroke(number, one) for number, one in enumerate(document, 1))


def _stroke(number: int, one: Any) -> Stroke:
    if not isinstance(one, dict) or set(one) != {"centre", "radius_mm", "add"}:
        raise _bad(f"stroke {number} is no object of centre, radius_mm and add")
    centre, radius = one["centre"], one["radius_mm"]
    numbers = [*centre, radius] if isinstance(centre, list | tuple) and len(centre) == 3 else []
    if not numbers or any(isinstance(x, bool) or not isinstance(x, int | float) for x in numbers):
        raise _bad(f"centre or radius of stroke {number} is not made of numbers")
    least, most = RADIUS_MM
    # The comparisons refuse NaN as well.
    if not least <= radius <= most or not all(abs(x) < FARTHEST_MM for x in centre):
        raise _bad(f"stroke {number} lies out of all bounds; its radius may be {least:g} to {most:g} mm")
    if not isinstance(one["add"], bool):
        raise _bad(f"stroke {number} says neither that it adds nor that it takes away")
    return Stroke(np.array(centre, dtype=float), float(radius), one["add"])


def _bad(what: str) -> InputError:
    return InputError(
        "bad_painting",
        f"The painted contact area cannot be used: {what}",
        'Give a list of {"centre": [x, y, z], "radius_mm": r, "add": true or false} in LPS millimetres',
    )


def painted(points: Array, strokes: Sequence[Stroke]) -> tuple[Flags, Flags]:
    """Which (..., 3) points the strokes add and which they take away; a later stroke goes over an earlier."""
    added = np.zeros(points.shape[:-1], dtype=bool)
    removed = np.zeros_like(added)
    for stroke in strokes:
        # Points beside the bone are NaN, which is inside nothing.
        inside = ((points - stroke.centre) ** 2).sum(axis=-1) < stroke.radius**2
        added = (added & ~inside) | (inside & stroke.adds)
        removed = (removed & ~inside) | (inside & (not stroke.adds))
    return added, removed
