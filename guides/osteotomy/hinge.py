"""The hinge axis that changes the slope by what is wanted, usually by nothing."""

from __future__ import annotations

import numpy as np

from guides.bones import Array
from guides.landmarks import Side, rotate
from guides.measures import MEASURES, Points, slope_medial
from guides.osteotomy.cut import Cut
from guides.osteotomy.motion import move

MAX_HINGE_TURN_DEG = 30.0
"""How far the hinge axis may turn within the plane. Some 9 degrees make 1 of slope
(S0749-8063(20)31277-9)."""


def solved_hinge(
    cut: Cut, points: Points, side: Side, correction_deg: float, slope_change_deg: float = 0.0
) -> tuple[Array, Array]:
    """Hinge point and axis, turned within the plane until the medial slope changes as wanted (secant).

    The turn ends at ``MAX_HINGE_TURN_DEG``: the caller checks what slope was reached.
    """
    wanted = float(slope_medial(points, side)) + slope_change_deg
    slope = {name: points[name] for name in MEASURES["PTS_medial"].needs}

    def turned(yaw: float) -> tuple[Array, Array]:
        axis = rotate(cut.hinge_axis, cut.normal, yaw)
        return cut.hinge_along(axis), axis

    def miss(yaw: float) -> float:
        return float(slope_medial(move(slope, *turned(yaw), correction_deg), side)) - wanted

    a, b = 0.0, 2.0
    fa, fb = miss(a), miss(b)
    for _ in range(20):
        if abs(fa) < 1e-7 or fb == fa:
            break
        step = float(np.clip(a - fa * (b - a) / (fb - fa), -MAX_HINGE_TURN_DEG, MAX_HINGE_TURN_DEG))
        a, b, fb = step, a, fa
        fa = miss(a)
    return turned(a)
