"""Descriptive figures of an arm: mean and standard deviation, as in the paper's Fig. 3b and 4b, and more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Description:
    """One arm on one question.

    Attributes:
        n: ratings given; ``missing`` of those that could have been.
        standard_deviation: with n - 1, NaN below two ratings.
        counts: how often each point of the scale was chosen; empty where there is no scale.
    """

    n: int
    missing: int
    mean: float
    standard_deviation: float
    median: float
    lower_quartile: float
    upper_quartile: float
    counts: dict[str, int]


def describe(ratings: ArrayLike, categories: Sequence[float] = ()) -> Description:
    """Describe any array of ratings, NaN where there is none.

    Args:
        categories: points of the scale, used or not.
    """
    table = np.asarray(ratings, dtype=float).ravel()
    given = table[np.isfinite(table)]
    nan = float("nan")
    quartiles = np.quantile(given, [0.25, 0.5, 0.75]) if given.size else np.full(3, nan)
    return Description(
        n=int(given.size),
        missing=int(table.size - given.size),
        mean=float(given.mean()) if given.size else nan,
        standard_deviation=float(given.std(ddof=1)) if given.size > 1 else nan,
        median=float(quartiles[1]),
        lower_quartile=float(quartiles[0]),
        upper_quartile=float(quartiles[2]),
        counts={f"{point:g}": int((given == point).sum()) for point in categories},
    )
