"""The arms compared for raters and cases like these: both are drawn from many, and crossed.

Two ways to the same question. ``fit`` is the mixed model by restricted maximum likelihood, whatever is
missing; ``crossed`` needs complete data, iterates nothing, and lets a rater have an opinion of a case that
both arms share, since differences are free of it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from backend.studies.statistics.icc import mean_squares


@dataclass(frozen=True)
class ArmEffect:
    """First arm minus second, for raters and cases beyond these.

    Attributes:
        degrees_of_freedom: infinite where the normal approximation was used.
        variances: variance components by name, in squared points.
        converged: whether the fit ended where it should; always true without a fit.
    """

    difference: float
    standard_error: float
    degrees_of_freedom: float
    p: float
    low: float
    high: float
    variances: dict[str, float]
    converged: bool


def _effect(
    difference: float, error: float, freedom: float, variances: dict[str, float], converged: bool
) -> ArmEffect:
    reach = float(stats.t.ppf(0.975, freedom)) * error
    p = float(2 * stats.t.sf(abs(difference) / error, freedom)) if error > 0 else float(difference == 0)
    return ArmEffect(
        difference, error, freedom, p, difference - reach, difference + reach, variances, converged
    )


def crossed(first: ArrayLike, second: ArrayLike) -> ArmEffect:
    """Random raters and random cases, from the mean squares of the differences.

    ``Var(mean) = (MS_rater + MS_case - MS_error) / (raters cases)``, negative components taken as zero, with
    Satterthwaite's degrees of freedom (Biometrics Bulletin 2 (1946) 110-114, doi:10.2307/3002019).

    Args:
        first, second: (raters, cases), complete.

    Raises:
        ValueError: holes, or fewer than two raters or cases.
    """
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    raters, cases = differences.shape
    squares = mean_squares(differences.T)
    case, rater, error = squares.targets, squares.raters, squares.error
    # Without the maxima a small sample can give a variance below that of error alone.
    numerator = error + max(rater - error, 0) + max(case - error, 0)
    parts = []
    if rater > error:
        parts.append(rater**2 / (raters - 1))
    if case > error:
        parts.append(case**2 / (cases - 1))
    if len(parts) != 1:  # with one of the two, the error cancels
        parts.append(error**2 / ((raters - 1) * (cases - 1)))
    freedom = numerator**2 / sum(parts) if numerator > 0 else float("inf")
    return _effect(
        float(differences.mean()),
        float(np.sqrt(numerator / (raters * cases))),
        float(freedom),
        {
            "rater x arm": max(rater - error, 0) / cases,
            "case x arm": max(case - error, 0) / raters,
            "error": error,
        },
        True,
    )


def fit(first: ArrayLike, second: ArrayLike, *, interactions: bool = True) -> ArmEffect:
    """Score = arm + rater + case (+ rater x arm + case x arm) + error, all but the arm random, by REML.

    statsmodels' ``MixedLM`` with one group and variance components. Takes seconds at 10 x 40.

    Args:
        first, second: (raters, cases), NaN where there is no rating.
        interactions: whether the arms may differ from rater to rater and from case to case.

    Raises:
        ValueError: shapes differ, or nothing was rated in one of the arms.
    """
    # Imported late: statsmodels and pandas cost a second that most of the backend need not wait for.
    import pandas as pd
    import statsmodels.formula.api as smf

    arms = np.stack([np.asarray(first, dtype=float), np.asarray(second, dtype=float)])
    if arms.ndim != 3 or not np.isfinite(arms).any(axis=(1, 2)).all():
        raise ValueError("both arms need ratings, in tables of raters and cases")
    arm, rater, case = np.nonzero(np.isfinite(arms))
    frame = pd.DataFrame({"score": arms[arm, rater, case], "arm": 0.5 - arm, "rater": rater, "case": case})
    frame["rater_arm"] = frame["rater"].astype(str) + "/" + arm.astype(str)
    frame["case_arm"] = frame["case"].astype(str) + "/" + arm.astype(str)
    names = {"rater": "rater", "case": "case"}
    if interactions:
        names |= {"rater x arm": "rater_arm", "case x arm": "case_arm"}
    model = smf.mixedlm(
        "score ~ arm",
        frame,
        groups=np.ones(len(frame)),
        re_formula="0",
        vc_formula={name: f"0 + C({column})" for name, column in names.items()},
    )
    with warnings.catch_warnings():
        # A component at zero is a finding here, no failure; whether the fit ended is told.
        warnings.simplefilter("ignore")
        result = model.fit(reml=True, method=["lbfgs"])
    variances = dict(zip(model.exog_vc.names, map(float, result.vcomp), strict=True))
    return _effect(
        float(result.fe_params["arm"]),
        float(result.bse_fe["arm"]),
        float("inf"),
        variances | {"error": float(result.scale)},
        bool(result.converged),
    )
