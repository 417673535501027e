"""Intraclass correlation of a two-way random design: every rater rates every target.

Source: Shrout & Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological
Bulletin 86 (1979) 420-428, doi:10.1037/0033-2909.86.2.420.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of the two-way layout: between targets, between raters, and what is left."""

    targets: float
    raters: float
    error: float


@dataclass(frozen=True)
class Icc:
    """An intraclass correlation with its interval; NaN for what is undefined.

    Attributes:
        reason: why there is no value; empty where there is one.
    """

    value: float
    low: float
    high: float
    reason: str = ""


NOTHING_VARIES = "all ratings are the same"
BELOW_CHANCE = "the rated differ less among each other than raters disagree about them"


def mean_squares(ratings: ArrayLike) -> MeanSquares:
    """BMS, JMS and EMS of a complete table.

    Args:
        ratings: (targets, raters), at least 2 x 2, no missing values.

    Raises:
        ValueError: the table is too small or has holes.
    """
    table = np.asarray(ratings, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError("an intraclass correlation needs at least two targets and two raters")
    if not np.isfinite(table).all():
        raise ValueError("an intraclass correlation needs every rater's rating of every target")
    n, k = table.shape
    rows = table.mean(axis=1, keepdims=True)
    columns = table.mean(axis=0, keepdims=True)
    rest = table - rows - columns + table.mean()
    return MeanSquares(
        targets=float(k * rows.var(ddof=1)),
        raters=float(n * columns.var(ddof=1)),
        error=float((rest**2).sum() / ((n - 1) * (k - 1))),
    )


def icc_single(ratings: ArrayLike, confidence: float = 0.95) -> Icc:
    """ICC(2,1): how reliable the rating of one rater, drawn from many, is.

    ``(BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n)``, with the interval of their page 424. Undefined
    where nothing varies, and where few targets vary so much less than the error that the ratio leaves the
    range of a correlation.

    Args:
        ratings: (targets, raters), complete.

    Raises:
        ValueError: of ``mean_squares``.
    """
    n, k = np.shape(ratings)
    squares = mean_squares(ratings)
    b, j, e = squares.targets, squares.raters, squares.error
    # Squares of numbers that differ by rounding only are as good as zero beside the others.
    least = 1e-12 * max(b, j, e)
    denominator = b + (k - 1) * e + k * (j - e) / n
    if denominator <= least:
        return undefined(NOTHING_VARIES if max(b, j, e) == 0 else BELOW_CHANCE)
    value = float((b - e) / denominator)
    if value < -1 - 1e-9:
        return undefined(BELOW_CHANCE)
    if e <= least:
        # The ratio of raters to error has no meaning; without error the interval shrinks to the value.
        return Icc(value, value, value)
    ratio = j / e
    spread = n * (1 + (k - 1) * value) - k * value
    freedom = _ratio(
        (k - 1) * (n - 1) * (k * value * ratio + spread) ** 2,
        (n - 1) * k**2 * value**2 * ratio**2 + spread**2,
    )
    tail = 1 - (1 - confidence) / 2
    upper_f = float(stats.f.ppf(tail, n - 1, freedom))
    lower_f = float(stats.f.ppf(tail, freedom, n - 1))
    rest = k * j + (k * n - k - n) * e
    return Icc(
        value=value,
        low=_ratio(n * (b - upper_f * e), upper_f * rest + n * b),
        high=_ratio(n * (lower_f * b - e), rest + n * lower_f * b),
    )


def icc_average(ratings: ArrayLike, confidence: float = 0.95) -> Icc:
    """ICC(2,k): how reliable the mean of all these raters is.

    ``(BMS - EMS) / (BMS + (JMS - EMS) / n)``; the limits are those of ICC(2,1) stepped up by Spearman-Brown.
    Undefined with ICC(2,1), and where that is ``-1 / (k - 1)`` or below: the mean of the raters would vary
    less than not at all.

    Args:
        ratings: (targets, raters), complete.

    Raises:
        ValueError: of ``mean_squares``.
    """
    k = np.shape(ratings)[1]
    single = icc_single(ratings, confidence)

    def stepped_up(limit: float) -> float:
        divisor = 1 + (k - 1) * limit
        return k * limit / divisor if divisor > 1e-12 else np.nan

    value = stepped_up(single.value)
    if not np.isfinite(value):
        return undefined(single.reason or BELOW_CHANCE)
    return Icc(value, stepped_up(single.low), stepped_up(single.high))


def undefined(reason: str) -> Icc:
    """No coefficient, and why."""
    return Icc(np.nan, np.nan, np.nan, reason)


def _ratio(above: float, below: float) -> float:
    """NaN where it is no number, as where a quantile of F is infinite."""
    if not (np.isfinite(above) and np.isfinite(below)) or below == 0:
        return np.nan
    return float(above / below)
