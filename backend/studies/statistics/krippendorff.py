"""Krippendorff's alpha: any number of raters, any holes, three levels of measurement.

Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011),
https://repository.upenn.edu/asc_papers/43.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Level = Literal["nominal", "ordinal", "interval"]


def alpha(ratings: ArrayLike, level: Level) -> float:
    """``1 - observed / expected disagreement``, from the coincidences within targets.

    NaN where nothing can be paired or only one value was ever given.

    Args:
        ratings: (targets, raters), NaN where a rater gave none.
        level: what a difference between two values means.

    Raises:
        ValueError: the table has not two axes, or the level is unknown.
    """
    table = np.asarray(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError("alpha needs a table of targets and raters")
    values = np.unique(table[np.isfinite(table)])
    counts = np.stack([(table == value).sum(axis=1) for value in values], axis=1).astype(float)
    counts = counts[counts.sum(axis=1) >= 2]
    if not counts.size:
        return float("nan")
    given = counts.sum(axis=1)
    # Ordered pairs within a target, each target weighing as much as it has ratings.
    pairs = np.einsum("uc,uk,u->ck", counts, counts, 1 / (given - 1))
    pairs -= np.diag((counts / (given - 1)[:, None]).sum(axis=0))
    totals = pairs.sum(axis=1)
    difference = _difference(values, totals, level)
    expected = (np.outer(totals, totals) * difference).sum() / (totals.sum() - 1)
    if expected == 0:
        return float("nan")
    return float(1 - (pairs * difference).sum() / expected)


def _difference(
    values: NDArray[np.float64], totals: NDArray[np.float64], level: Level
) -> NDArray[np.float64]:
    """(values, values): the squared difference of two values at this level of measurement."""
    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "interval":
        return np.subtract.outer(values, values) ** 2
    if level == "ordinal":
        # Everything between two values and half of each: the distance of their mid-ranks.
        middle = np.cumsum(totals) - totals / 2
        return np.subtract.outer(middle, middle) ** 2
    raise ValueError(f"no level of measurement is called {level}")
