"""The arms compared for raters and cases like these: both are drawn from many, and crossed.

Two ways to the same question. ``fit`` is the mixed model by restricted maximum likelihood, whatever is
missing; ``crossed`` needs complete data, iterates nothing, and lets a rater have an opinion of a case that
both arms share, since differences are free of it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from backend.studies.statistics.icc import mean_squares


@dataclass(frozen=True)
class ArmEffect:
    """First arm minus second, for raters and cases beyond these.

    Attributes:
        degrees_of_freedom: null where the normal approximation was used.
        variances: variance components by name, in squared points.
        converged: whether the fit ended where it should; always true without a fit.
    """

    difference: float
    standard_error: float
    degrees_of_freedom: float | None
    p: float
    low: float
    high: float
    variances: dict[str, float]
    converged: bool


def _effect(
    difference: float, error: float, freedom: float | None, variances: dict[str, float], converged: bool
) -> ArmEffect:
    law = stats.norm() if freedom is None else stats.t(freedom)
    reach = float(law.ppf(0.975)) * error
    p = float(2 * law.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
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
    freedom = float(numerator**2 / sum(parts)) if numerator > 0 else None
    return _effect(
        float(differences.mean()),
        float(np.sqrt(numerator / (raters * cases))),
        freedom,
        {
            "rater x arm": max(rater - error, 0) / cases,
            "case x arm": max(case - error, 0) / raters,
            "error": error,
        },
        True,
    )


def fit(first: ArrayLike, second: ArrayLike) -> ArmEffect:
    """Score = arm + rater + case + rater x arm + case x arm + error, all but the arm random, by REML.

    statsmodels' ``MixedLM`` with one group and variance components, started from the mean squares: from its
    own start it was seen to stop far from the maximum and call it one.

    Args:
        first, second: (raters, cases), NaN where there is no rating.

    Raises:
        ValueError: shapes differ, or nothing was rated in one of the arms.
    """
    # Imported late: statsmodels and pandas cost a second that most of the backend need not wait for.
    import pandas as pd
    import statsmodels.formula.api as smf
    from statsmodels.regression.mixed_linear_model import MixedLMParams

    arms = np.stack([np.asarray(first, dtype=float), np.asarray(second, dtype=float)])
    if arms.ndim != 3 or not np.isfinite(arms).any(axis=(1, 2)).all():
        raise ValueError("both arms need ratings, in tables of raters and cases")
    arm, rater, case = np.nonzero(np.isfinite(arms))
    frame = pd.DataFrame({"score": arms[arm, rater, case], "arm": 0.5 - arm, "rater": rater, "case": case})
    frame["rater_arm"] = frame["rater"].astype(str) + "/" + arm.astype(str)
    frame["case_arm"] = frame["case"].astype(str) + "/" + arm.astype(str)
    names = {"rater": "rater", "case": "case", "rater x arm": "rater_arm", "case x arm": "case_arm"}
    model = smf.mixedlm(
        "score ~ arm",
        frame,
        groups=np.ones(len(frame)),
        re_formula="0",
        vc_formula={name: f"0 + C({column})" for name, column in names.items()},
    )
    means = np.nanmean(arms, axis=(1, 2))
    ratios = _start(arms)
    start = MixedLMParams.from_components(
        fe_params=np.array([means.mean(), means[0] - means[1]]),
        cov_re=np.zeros((0, 0)),
        vcomp=np.array([ratios[name] for name in model.exog_vc.names]),
    )
    with warnings.catch_warnings():
        # A component at zero is a finding here, no failure; whether the fit ended is told.
        warnings.simplefilter("ignore")
        result = model.fit(start_params=start, reml=True, method=["lbfgs"])
    variances = dict(zip(model.exog_vc.names, map(float, result.vcomp), strict=True))
    return _effect(
        float(result.fe_params["arm"]),
        float(result.bse_fe["arm"]),
        None,
        variances | {"error": float(result.scale)},
        bool(result.converged),
    )


def _start(arms: NDArray[np.float64]) -> dict[str, float]:
    """Variance components relative to the error, from mean squares with holes filled by rater and case means.

    On complete data they are the maximum itself where none is negative. None starts at zero, where the slope
    vanishes and the search would never leave.
    """
    with warnings.catch_warnings():
        # A rater or a case without any rating in an arm has no mean and gets that of the arm.
        warnings.simplefilter("ignore", RuntimeWarning)
        overall = np.nanmean(arms, axis=(1, 2), keepdims=True)
        rater = np.nan_to_num(np.nanmean(arms, axis=2, keepdims=True) - overall)
        case = np.nan_to_num(np.nanmean(arms, axis=1, keepdims=True) - overall)
    one, two = np.where(np.isfinite(arms), arms, overall + rater + case)
    raters, cases = one.shape
    apart, together = mean_squares((one - two).T), mean_squares((one + two).T)
    error = (apart.error + together.error) / 4
    components = {
        "rater": (together.raters - apart.raters) / 4 / cases,
        "case": (together.targets - apart.targets) / 4 / raters,
        "rater x arm": (apart.raters / 2 - error) / cases,
        "case x arm": (apart.targets / 2 - error) / raters,
    }
    floor = 3e-3
    if error == 0:
        return dict.fromkeys(components, floor)
    return {name: max(value / error, floor) for name, value in components.items()}
