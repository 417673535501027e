"""Degrees of correction that bring a measure to its target."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from guides.errors import InputError
from guides.landmarks import Side
from guides.measures import MEASURES, Points
from guides.osteotomy.motion import Correction
from guides.osteotomy.opening import MAX_CORRECTION_DEG

PRECISION_DEG = 1e-9
"""Of the solution: far below what a document's decimals show."""


def solve_correction(
    correction: Callable[[float], Correction], points: Points, side: Side, measure: str, target: float
) -> float:
    """Degrees that bring a measure (HKA, WBL or mMPTA) to its target, by Brent's method.

    Args:
        correction: what so many degrees are, with hinge and technique.
        points: the leg before.
        side: L or R.
        measure: its name; it must rise with the correction.
        target: value to reach, in the measure's unit.

    Raises:
        InputError: ``measure_unavailable``, or ``target_out_of_reach``.
    """
    definition = MEASURES[measure]
    if any(need not in points for need in definition.needs):
        raise InputError(
            "measure_unavailable",
            f"{measure} cannot be computed from these bones",
            "Add the femur to the bones, or give the correction in degrees",
        )

    @cache  # both ends are asked for twice
    def after(degrees: float) -> float:
        return float(definition.function(correction(degrees).of_leg(points, side), side))

    low, high = 0.0, MAX_CORRECTION_DEG
    if not after(low) <= target <= after(high):
        raise InputError(
            "target_out_of_reach",
            f"{measure} is {after(low):.1f} now and {after(high):.1f} after {high:g} degrees;"
            f" {target:g} is outside",
            "Choose a target between the two",
        )
    from scipy.optimize import brentq  # whoever gives degrees need not wait for it

    return float(brentq(lambda degrees: after(degrees) - target, low, high, xtol=PRECISION_DEG))
