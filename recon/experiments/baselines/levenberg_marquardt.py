"""Levenberg-Marquardt minimisation for many residuals and few parameters.

The normal equations of some hundred parameters are solved in a millisecond however many pixels there are,
where a QR factorisation of all residuals, as MINPACK makes it, takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FIRST_DAMPING = 1e-3
_MOST_REJECTIONS = 5


def minimise(
    residuals: Callable[[Array], Array],
    jacobian: Callable[[Array], Array],
    start: Array,
    *,
    steps: int,
    tolerance: float = 1e-4,
) -> tuple[Array, int]:
    """Make the squared norm of residuals smaller.

    Marquardt's scaling by the diagonal, the damping by Nielsen's rule (Madsen, Nielsen and Tingleff, Methods
    for Non-Linear Least Squares Problems, 2004, algorithm 3.16).

    Args:
        residuals: (parameters,) to (residuals,).
        jacobian: (parameters,) to (residuals, parameters).
        start: (parameters,).
        steps: at most this many Jacobians.
        tolerance: relative gain of the squared norm at which to stop.

    Returns:
        The parameters, no worse than the start, and the number of Jacobians.
    """
    at, here = start, residuals(start)
    cost, damping, growth = float(here @ here), _FIRST_DAMPING, 2.0
    for step in range(1, steps + 1):
        slopes = jacobian(at)
        normal, downhill = slopes.T @ slopes, -slopes.T @ here
        scale = np.maximum(np.diag(normal), 1e-12)
        for _ in range(_MOST_REJECTIONS):
            move = np.linalg.solve(normal + np.diag(damping * scale), downhill)
            there = residuals(at + move)
            gain = cost - float(there @ there)
            if gain > 0:
                break
            damping, growth = damping * growth, growth * 2
        else:
            return at, step
        forecast = float(move @ (damping * scale * move + downhill))
        damping *= max(1 / 3, 1 - (2 * gain / forecast - 1) ** 3)
        growth = 2.0
        at, here, cost = at + move, there, cost - gain
        if gain < tolerance * cost:
            return at, step
    return at, steps
