"""The paired comparison of two arms: Wilcoxon's signed ranks on per-case means, exact with ties as well.

Source: Wilcoxon, Biometrics Bulletin 1 (1945) 80-83, doi:10.2307/3001968; the estimate and its interval:
Hodges & Lehmann 1963, doi:10.1214/aoms/1177704172.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True)
class PairedTest:
    """What a paired comparison says.

    Attributes:
        pairs: pairs that differ; others say nothing about the direction.
        statistic: sum of the ranks of positive differences.
        p: two-sided and exact, over all ways to flip signs.
        smallest_p: what p could have been at best with so many pairs and these ties.
        estimate: Hodges-Lehmann estimate of the difference, over all pairs.
        low, high: its interval, at ``confidence``, which is what was asked for or else the most that so few
            pairs allow.
    """

    pairs: int
    statistic: float
    p: float
    smallest_p: float
    estimate: float
    low: float
    high: float
    confidence: float


def case_means(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means over raters of each case in each arm, cases only that somebody rated in both arms.

    Args:
        first, second: (raters, cases), NaN where there is no rating; only raters who rated both versions of a
            case count for it, so that a harsh one weighs on both.

    Raises:
        ValueError: shapes differ.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 2:
        raise ValueError("two arms need tables of the same raters and cases")
    both = np.isfinite(one) & np.isfinite(two)
    rated = both.any(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        means = [np.nanmean(np.where(both, arm, np.nan), axis=0)[rated] for arm in (one, two)]
    return means[0], means[1]


def wilcoxon(differences: ArrayLike, confidence: float = 0.95) -> PairedTest:
    """Exact signed-rank test of differences, mid-ranks where they tie, zeros left out.

    Args:
        differences: (pairs,), first arm minus second.

    Raises:
        ValueError: no differences.
    """
    # Means of the same ratings in another order differ by rounding; ties must still tie.
    values = np.round(np.asarray(differences, dtype=float).ravel(), 9)
    if values.size == 0:
        raise ValueError("a paired test needs at least one pair")
    nonzero = values[values != 0]
    estimate, low, high, reached = _hodges_lehmann(values, confidence)
    if nonzero.size == 0:
        return PairedTest(0, 0.0, 1.0, 1.0, estimate, low, high, reached)
    # Doubled mid-ranks are whole numbers, so that the distribution of their sum can be counted.
    doubled = np.round(2 * stats.rankdata(np.abs(nonzero))).astype(int)
    chance = _sign_flips(doubled)
    statistic = int(doubled[nonzero > 0].sum())
    distance = np.abs(np.arange(chance.size) - doubled.sum() / 2)
    p = chance[distance >= abs(statistic - doubled.sum() / 2) - 1e-9].sum()
    return PairedTest(
        pairs=int(nonzero.size),
        statistic=statistic / 2,
        p=float(min(p, 1.0)),
        smallest_p=float(2.0 ** (1 - nonzero.size)),
        estimate=estimate,
        low=low,
        high=high,
        confidence=reached,
    )


def _sign_flips(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of each sum of positive ranks when every sign is a fair coin."""
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in ranks:
        moved = np.zeros_like(chance)
        moved[rank:] = chance[: chance.size - rank]
        chance = (chance + moved) / 2
    return chance


def _hodges_lehmann(values: NDArray[np.float64], confidence: float) -> tuple[float, float, float, float]:
    """Median of the Walsh averages, and the ones that bound it."""
    n = values.size
    rows, columns = np.triu_indices(n)
    walsh = np.sort((values[rows] + values[columns]) / 2)
    cumulative = np.cumsum(_sign_flips(np.arange(1, n + 1)))
    # The largest count that the smaller tail allows; with few pairs not even zero fits.
    outside = max(int(np.searchsorted(cumulative, (1 - confidence) / 2, side="right")), 1)
    reached = 1 - 2 * cumulative[outside - 1]
    return float(np.median(walsh)), float(walsh[outside - 1]), float(walsh[-outside]), float(reached)
