"""The statistics of studies beside scipy and statsmodels, and beside mean squares worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats import inter_rater
from statsmodels.stats.weightstats import ttost_paired

from backend.studies.statistics import equivalence, icc, kappa, mixed, paired
from tests.backend.studies.oracle import Oracle, ratings_of
from tests.backend.studies.worked_examples import FLEISS, MAIZE, SHROUT_FLEISS


def software() -> Iterator[Oracle]:
    """The same data through scipy and statsmodels, also where ties and holes make it hard."""
    generator = np.random.default_rng(20)
    exact = 1e-9
    yield Oracle("signed ranks of maize, p", paired.wilcoxon(MAIZE).p, 0.041259765625, exact, "scipy manual")
    tied = generator.integers(-3, 5, size=9) / 2
    theirs = stats.wilcoxon(tied, method=stats.PermutationMethod(n_resamples=np.inf))
    yield Oracle("signed ranks with ties, p", paired.wilcoxon(tied).p, float(theirs.pvalue), exact, "scipy")
    long = generator.normal(0.2, 1, 40)
    theirs = stats.wilcoxon(long, method="exact")
    yield Oracle("signed ranks of 40, p", paired.wilcoxon(long).p, float(theirs.pvalue), exact, "scipy")
    table = inter_rater.aggregate_raters(np.array(FLEISS))[0]
    ours = kappa.fleiss_kappa(kappa.count_table(FLEISS, range(1, 6))).value
    yield Oracle("Fleiss' kappa", ours, float(inter_rater.fleiss_kappa(table)), exact, "statsmodels")
    counts = generator.integers(0, 9, size=(4, 4))
    first, second = ratings_of(counts.tolist())
    quadratic = kappa.cohen_kappa(first, second, range(4), "quadratic")
    peer = inter_rater.cohens_kappa(counts, wt="quadratic", weights=np.arange(4))
    yield Oracle("quadratic kappa", quadratic.value, float(peer.kappa), exact, "statsmodels")
    yield Oracle(
        "quadratic kappa, error", quadratic.standard_error, float(peer.std_kappa), exact, "statsmodels"
    )
    several = generator.integers(1, 5, size=(30, 4))
    tables = [
        np.array([[np.sum((one == i) & (two == j)) for j in range(1, 5)] for i in range(1, 5)])
        for one, two in combinations(several.T, 2)
    ]
    pairwise = [inter_rater.cohens_kappa(table, wt="quadratic", weights=np.arange(4)) for table in tables]
    yield Oracle(
        "mean quadratic kappa of pairs",
        kappa.mean_cohen_kappa(several, range(1, 5)),
        float(np.mean([peer.kappa for peer in pairwise])),
        exact,
        "statsmodels",
    )
    one, two = arms(generator)
    ours_p = equivalence.equivalence(one, two, 0.25).p
    theirs_p = ttost_paired(one.mean(axis=0), two.mean(axis=0), -0.25, 0.25)[0]
    yield Oracle("equivalence, p", ours_p, float(theirs_p), exact, "statsmodels")
    yield from resampled(one, two)
    closed, fitted = mixed.crossed(one, two), mixed.fit(one, two)
    expected = balanced_components(one, two)
    yield Oracle(
        "mixed model, difference", fitted.difference, float((one - two).mean()), 1e-6, "mean squares"
    )
    yield Oracle(
        "mixed model, its error", fitted.standard_error, expected.pop("its error"), 2e-4, "mean squares"
    )
    for name, value in expected.items():
        yield Oracle(f"mixed model, {name}", fitted.variances[name], value, 2e-3, "mean squares")
    peer_error = error_of_differences(one - two)
    yield Oracle("crossed, its error", closed.standard_error, peer_error, 2e-4, "statsmodels MixedLM")
    targets = np.array(SHROUT_FLEISS, dtype=float)
    squares = icc.mean_squares(targets)
    k, n = 4, 6
    components = (squares.targets - squares.error) / k, (squares.raters - squares.error) / n, squares.error
    ours_icc = components[0] / sum(components)
    yield Oracle("ICC(2,1)", icc.icc_single(targets).value, ours_icc, exact, "variance components")


def resampled(one: np.ndarray, two: np.ndarray) -> Iterator[Oracle]:
    """The interval over resampled cases; both draw, so that their ends agree within what drawing leaves."""
    ours = equivalence.equivalence(one, two, 0.25, resamples=20000)
    theirs = stats.bootstrap(
        ((one - two).mean(axis=0),),
        np.mean,
        confidence_level=0.9,
        n_resamples=20000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    yield Oracle("equivalence, resampled low", ours.low, float(theirs.low), 0.01, "scipy bootstrap")
    yield Oracle("equivalence, resampled high", ours.high, float(theirs.high), 0.01, "scipy bootstrap")


def arms(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten raters, forty cases, two arms, every component well above zero."""
    shared = generator.normal(0, 0.6, (1, 40)) + generator.normal(0, 0.4, (10, 1))
    one, two = (
        3
        + shared
        + generator.normal(0, 0.4, (1, 40))
        + generator.normal(0, 0.3, (10, 1))
        + generator.normal(0, 0.5, (10, 40))
        for _ in range(2)
    )
    return one, two


def balanced_components(one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    """What REML must give on complete data: the mean squares of sums and differences, set to expectations."""
    raters, cases = one.shape
    apart, together = icc.mean_squares((one - two).T), icc.mean_squares((one + two).T)
    error = (apart.error + together.error) / 4
    return {
        "its error": float(np.sqrt((apart.raters + apart.targets - 2 * error) / (raters * cases))),
        "rater x arm": (apart.raters / 2 - error) / cases,
        "case x arm": (apart.targets / 2 - error) / raters,
        "rater": (together.raters - apart.raters) / 4 / cases,
        "case": (together.targets - apart.targets) / 4 / raters,
        "error": error,
    }


def error_of_differences(differences: np.ndarray) -> float:
    """Standard error of the mean of crossed differences by statsmodels alone."""
    rater, case = np.indices(differences.shape)
    frame = pd.DataFrame({"d": differences.ravel(), "rater": rater.ravel(), "case": case.ravel()})
    model = smf.mixedlm(
        "d ~ 1",
        frame,
        groups=np.ones(len(frame)),
        re_formula="0",
        vc_formula={"rater": "0 + C(rater)", "case": "0 + C(case)"},
    )
    return float(model.fit(reml=True).bse_fe["Intercept"])
