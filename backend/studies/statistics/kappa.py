"""Agreement beyond chance on scales with few points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True)
class Kappa:
    """A kappa with its asymptotic standard error and interval."""

    value: float
    standard_error: float
    low: float
    high: float


def agreement_weights(count: int, weights: Weights) -> NDArray[np.float64]:
    """(count, count): 1 on the diagonal, less the further two points of the scale are apart."""
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count))).astype(float)
    power = 1 if weights == "linear" else 2
    lost = apart > 0 if weights == "none" else (apart / max(count - 1, 1)) ** power
    shares: NDArray[np.float64] = 1.0 - lost
    return shares


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    categories: Sequence[float],
    weights: Weights = "quadratic",
    confidence: float = 0.95,
) -> Kappa:
    """Weighted kappa of two raters: Cohen 1968, doi:10.1037/h0026256.

    Standard error: Fleiss, Cohen & Everitt 1969, doi:10.1037/h0028106. NaN where both use one category only.

    Args:
        first, second: one value an item, each among ``categories``.
        categories: every point of the scale in order, used or not.

    Raises:
        ValueError: unlike lengths, none at all, or a value that is no category.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 1 or one.size == 0:
        raise ValueError("two raters need as many ratings as each other, and at least one")
    points = np.asarray(categories, dtype=float)
    if not (np.isin(one, points).all() and np.isin(two, points).all()):
        raise ValueError("a rating is no point of the scale")
    observed = np.zeros((len(points), len(points)))
    places = {point: place for place, point in enumerate(points)}
    np.add.at(observed, ([places[v] for v in one], [places[v] for v in two]), 1 / one.size)
    weight = agreement_weights(len(points), weights)
    rows, columns = observed.sum(axis=1), observed.sum(axis=0)
    agreed = (weight * observed).sum()
    by_chance = rows @ weight @ columns
    if np.isclose(by_chance, 1):
        return Kappa(np.nan, np.nan, np.nan, np.nan)
    value = (agreed - by_chance) / (1 - by_chance)
    mean_weights = np.add.outer(weight @ columns, rows @ weight)
    variance = (
        (observed * (weight - mean_weights * (1 - value)) ** 2).sum() - (value - by_chance * (1 - value)) ** 2
    ) / (one.size * (1 - by_chance) ** 2)
    error = float(np.sqrt(max(variance, 0)))
    reach = stats.norm.ppf(1 - (1 - confidence) / 2) * error
    return Kappa(float(value), error, float(value - reach), float(value + reach))


def mean_cohen_kappa(
    ratings: ArrayLike, categories: Sequence[float], weights: Weights = "quadratic"
) -> float:
    """Mean of the weighted kappas of all pairs of raters: Light 1971, doi:10.1037/h0031643.

    Args:
        ratings: (targets, raters); a pair is compared on the targets that both have rated, NaN is none.
    """
    table = np.asarray(ratings, dtype=float)
    values = []
    for one, two in combinations(table.T, 2):
        both = np.isfinite(one) & np.isfinite(two)
        if both.any():
            values.append(cohen_kappa(one[both], two[both], categories, weights).value)
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


@dataclass(frozen=True)
class FleissKappa:
    """Fleiss' kappa, that of each category, and how far from chance alone it is."""

    value: float
    categories: tuple[float, ...]
    z: float
    p: float


def count_table(ratings: ArrayLike, categories: Sequence[float]) -> NDArray[np.int64]:
    """(targets, categories): how many raters chose each point, from (targets, raters)."""
    table = np.asarray(ratings, dtype=float)
    return np.stack([(table == point).sum(axis=1) for point in categories], axis=1)


def fleiss_kappa(counts: ArrayLike) -> FleissKappa:
    """Kappa of many raters on a nominal scale: Fleiss 1971, doi:10.1037/h0031619.

    The z is that against no agreement, with the standard error of Fleiss, Nee & Landis 1979,
    doi:10.1037/0033-2909.86.5.974. NaN where only one category was ever chosen.

    Args:
        counts: (targets, categories), the same number of raters in every row.

    Raises:
        ValueError: rows with unlike numbers of raters, or fewer than two.
    """
    table = np.asarray(counts, dtype=float)
    n = table.shape[0]
    raters = table.sum(axis=1)
    if (raters != raters[0]).any() or raters[0] < 2:
        raise ValueError("Fleiss' kappa needs the same number of raters, two or more, for every target")
    m = raters[0]
    share = table.sum(axis=0) / (n * m)
    rest = share * (1 - share)
    if rest.sum() == 0:
        return FleissKappa(np.nan, (np.nan,) * len(share), np.nan, np.nan)
    apart = (table * (m - table)).sum(axis=0) / (n * m * (m - 1))
    value = 1 - apart.sum() / rest.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(rest > 0, 1 - apart / rest, np.nan)
    error = np.sqrt(2 * (rest.sum() ** 2 - (rest * (1 - 2 * share)).sum()) / (n * m * (m - 1))) / rest.sum()
    z = value / error
    return FleissKappa(float(value), tuple(map(float, each)), float(z), float(2 * stats.norm.sf(abs(z))))
