"""Whether two arms are the same within a margin that was registered before the first rating."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from backend.studies.statistics.paired import case_means


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests and an interval by resampling cases.

    Attributes:
        cases: how many cases both arms were rated on.
        difference: mean of the per-case differences, first arm minus second.
        margin: differences smaller than this do not matter.
        p: the larger of the two one-sided p.
        low, high: percentile interval of level 1 - 2 alpha over resampled cases, each with all its raters.
        equivalent: p < alpha.
        interval_inside: the resampled interval lies within the margin.
    """

    cases: int
    difference: float
    margin: float
    p: float
    low: float
    high: float
    equivalent: bool
    interval_inside: bool


def equivalence(
    first: ArrayLike,
    second: ArrayLike,
    margin: float,
    *,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 1,
) -> Equivalence:
    """TOST on per-case means (Schuirmann 1987, doi:10.1007/BF01068419) and a case-cluster bootstrap interval.

    The raters are these raters: what holds for others, the mixed model says. The interval is the percentile
    method with whole cases as clusters (Davison & Hinkley, "Bootstrap Methods and their Application", 1997).

    Args:
        first, second: (raters, cases), NaN where there is no rating.
        margin: in points of the scale.

    Raises:
        ValueError: the margin is not positive, or fewer than two cases were rated in both arms.
    """
    if not margin > 0:
        raise ValueError("equivalence needs a margin above zero")
    one, two = case_means(first, second)
    difference = one - two
    n = difference.size
    if n < 2:
        raise ValueError("equivalence needs at least two cases rated in both arms")
    mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(n)
    if error == 0:
        p = 0.0 if abs(mean) < margin else 1.0
    else:
        p = float(
            max(stats.t.sf((mean + margin) / error, n - 1), stats.t.cdf((mean - margin) / error, n - 1))
        )
    drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
    low, high = np.quantile(difference[drawn].mean(axis=1), [alpha, 1 - alpha])
    return Equivalence(
        cases=int(n),
        difference=float(mean),
        margin=float(margin),
        p=p,
        low=float(low),
        high=float(high),
        equivalent=bool(p < alpha),
        interval_inside=bool(-margin < low and high < margin),
    )
