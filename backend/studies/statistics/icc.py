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
    """An intraclass correlation with its interval."""

    value: float
    low: float
    high: float


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

    ``(BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n)``, with the interval of their page 424. NaN for
    what is undefined, as where nothing varies.

    Args:
        ratings: (targets, raters), complete.
    """
    n, k = np.shape(ratings)
    squares = mean_squares(ratings)
    b, j, e = squares.targets, squares.raters, squares.error
    denominator = b + (k - 1) * e + k * (j - e) / n
    if denominator == 0:
        return Icc(np.nan, np.nan, np.nan)
    value = (b - e) / denominator
    if e == 0:
        # The ratio of raters to error has no meaning; without error the interval shrinks to the value.
        return Icc(value, value, value)
    ratio = j / e
    spread = n * (1 + (k - 1) * value) - k * value
    divisor = (n - 1) * k**2 * value**2 * ratio**2 + spread**2
    if divisor == 0:
        return Icc(float(value), np.nan, np.nan)
    freedom = (k - 1) * (n - 1) * (k * value * ratio + spread) ** 2 / divisor
    tail = 1 - (1 - confidence) / 2
    upper_f = stats.f.ppf(tail, n - 1, freedom)
    lower_f = stats.f.ppf(tail, freedom, n - 1)
    rest = k * j + (k * n - k - n) * e
    return Icc(
        value=float(value),
        low=float(n * (b - upper_f * e) / (upper_f * rest + n * b)),
        high=float(n * (lower_f * b - e) / (rest + n * lower_f * b)),
    )


def icc_average(ratings: ArrayLike, confidence: float = 0.95) -> Icc:
    """ICC(2,k): how reliable the mean of all these raters is.

    ``(BMS - EMS) / (BMS + (JMS - EMS) / n)``; the limits are those of ICC(2,1) stepped up by Spearman-Brown.

    Args:
        ratings: (targets, raters), complete.
    """
    k = np.shape(ratings)[1]
    single = icc_single(ratings, confidence)

    def stepped_up(limit: float) -> float:
        divisor = 1 + (k - 1) * limit
        return k * limit / divisor if divisor else np.nan

    return Icc(stepped_up(single.value), stepped_up(single.low), stepped_up(single.high))
