"""Whether raters could tell the arms apart: the blinding indices of James and of Bang."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True)
class Index:
    """An index with its standard error and two-sided interval."""

    value: float
    standard_error: float
    low: float
    high: float


def _index(value: float, variance: float, confidence: float) -> Index:
    error = float(np.sqrt(max(variance, 0)))
    reach = float(stats.norm.ppf(1 - (1 - confidence) / 2)) * error
    return Index(float(value), error, float(value - reach), float(value + reach))


def _counts(counts: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(counts, dtype=float)
    if table.shape != (3, 2) or (table < 0).any() or (table.sum(axis=0) == 0).any():
        raise ValueError(
            "guesses need three rows (first arm, second, don't know) and two arms, neither empty"
        )
    return table


def bang(counts: ArrayLike, confidence: float = 0.95) -> tuple[Index, Index]:
    """One index an arm: share of right guesses minus share of wrong ones.

    1: all know; 0: as if guessed; -1: all guess the opposite. Bang, Ni & Davis, Controlled Clinical Trials 25
    (2004) 143-156, doi:10.1016/j.cct.2003.10.016, for three answers.

    Args:
        counts: (3, 2): guesses of the first arm, of the second and "don't know"; columns are the true arms.

    Raises:
        ValueError: another shape, negative counts, or an arm without guesses.
    """
    table = _counts(counts)
    total = table.sum(axis=0)
    first, second = (
        _index(right - wrong, (right + wrong - (right - wrong) ** 2) / n, confidence)
        for right, wrong, n in (
            (table[0, 0] / total[0], table[1, 0] / total[0], total[0]),
            (table[1, 1] / total[1], table[0, 1] / total[1], total[1]),
        )
    )
    return first, second


def james(counts: ArrayLike, confidence: float = 0.95) -> Index:
    """One index over both arms: 1 all "don't know", 0.5 as if guessed, 0 all know.

    James et al., Statistics in Medicine 15 (1996) 1421-1434. With ``d`` the share of "don't know", ``m`` that
    of guesses, ``W`` that of wrong ones and ``E`` the product of margins over the wrong cells, their
    ``(1 + d + (1 - d) K) / 2`` is ``d + W m^2 / (2 E)``; its variance follows by the delta method.

    Args:
        counts: (3, 2) as for ``bang``.

    Raises:
        ValueError: another shape, negative counts, or an arm without guesses.
    """
    table = _counts(counts)
    n = table.sum()
    share = table / n
    guesses, unknown = share[:2], share[2].sum()
    if guesses.sum() == 0:
        return Index(1.0, 0.0, 1.0, 1.0)
    m = guesses.sum()
    rows, columns = guesses.sum(axis=1), guesses.sum(axis=0)
    wrong = guesses[0, 1] + guesses[1, 0]
    by_chance = rows[0] * columns[1] + rows[1] * columns[0]
    if by_chance == 0:
        return Index(np.nan, np.nan, np.nan, np.nan)
    value = unknown + wrong * m**2 / (2 * by_chance)
    slope = np.ones((3, 2))
    is_wrong = 1 - np.eye(2)
    # What a guess in cell (i, j) adds to ``by_chance``: its column's wrong guess and its row's.
    margins = np.add.outer(columns[::-1], rows[::-1])
    slope[:2] = (
        is_wrong * m**2 / (2 * by_chance)
        + wrong * m / by_chance
        - wrong * m**2 * margins / (2 * by_chance**2)
    )
    variance = ((share * slope**2).sum() - (share * slope).sum() ** 2) / n
    return _index(value, variance, confidence)
