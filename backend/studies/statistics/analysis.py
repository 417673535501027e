"""Everything that a study reports of one question, from the two tables of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from backend.studies.statistics import blinding, icc, kappa, krippendorff, mixed
from backend.studies.statistics.describe import describe
from backend.studies.statistics.equivalence import equivalence
from backend.studies.statistics.paired import case_means, wilcoxon

# Codes of a guess of the source.
UNKNOWN, CT, XRAY = 0, 1, 2
_TOO_FEW = "fewer than two items have an answer of every rater"


def analyse(
    ct: ArrayLike, xray: ArrayLike, *, categories: Sequence[float] = (), margin: float | None = None
) -> dict[str, Any]:
    """Descriptions, tests, equivalence, mixed model and agreement, as plain data that JSON can hold.

    Args:
        ct, xray: (raters, cases), NaN where there is no answer; differences are CT minus X-ray.
        categories: points of the scale; without them no kappa, and alpha on the interval level only.
        margin: of equivalence, where one was registered.
    """
    one, two = np.asarray(ct, dtype=float), np.asarray(xray, dtype=float)
    means = case_means(one, two)
    result: dict[str, Any] = {
        "ct": asdict(describe(one, categories)),
        "xray": asdict(describe(two, categories)),
        "wilcoxon": asdict(wilcoxon(means[0] - means[1])) if means[0].size else None,
        "equivalence": asdict(equivalence(one, two, margin)) if margin and means[0].size > 1 else None,
        "mixed_model": _mixed_model(one, two) if min(one.shape) > 1 else None,
    }
    # Agreement of the raters on all items, whichever version.
    items = np.concatenate([one, two], axis=1).T
    return cast(dict[str, Any], _plain(result | {"agreement": _agreement(items, categories)}))


def _mixed_model(ct: np.ndarray, xray: np.ndarray) -> dict[str, Any] | None:
    """None where so few ratings leave nothing for the error, on which the search breaks off."""
    try:
        return asdict(mixed.fit(ct, xray))
    except np.linalg.LinAlgError:
        return None


def _plain(value: Any) -> Any:
    """The same with null for what is not a number: JSON has no other way to say it."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _agreement(items: np.ndarray, categories: Sequence[float]) -> dict[str, Any]:
    """Of (items, raters). What needs complete data takes the items that all raters have answered."""
    if items.shape[1] < 2:
        return {}
    complete = items[np.isfinite(items).all(axis=1)]
    told: dict[str, Any] = {
        "complete_items": len(complete),
        "alpha_interval": krippendorff.alpha(items, "interval"),
    }
    for key, coefficient in (("icc_2_1", icc.icc_single), ("icc_2_k", icc.icc_average)):
        told[key] = asdict(coefficient(complete) if len(complete) > 1 else icc.undefined(_TOO_FEW))
    if categories:
        told["alpha_ordinal"] = krippendorff.alpha(items, "ordinal")
        told["weighted_kappa"] = kappa.mean_cohen_kappa(items, categories)
        if len(complete):
            told["fleiss_kappa"] = asdict(kappa.fleiss_kappa(kappa.count_table(complete, categories)))
    return told


def blinding_of(ct: ArrayLike, xray: ArrayLike) -> dict[str, Any] | None:
    """Blinding indices from guesses (codes of this module), or none where an arm has no guesses.

    Guesses of one rater depend on each other, so that the intervals are narrower than they ought to be; the
    values are not touched by it.
    """
    arms = [np.asarray(arm, dtype=float) for arm in (ct, xray)]
    counts = np.array([[int((arm == guess).sum()) for arm in arms] for guess in (CT, XRAY, UNKNOWN)])
    if (counts.sum(axis=0) == 0).any():
        return None
    first, second = blinding.bang(counts)
    told = {
        "counts": counts.tolist(),
        "bang_ct": asdict(first),
        "bang_xray": asdict(second),
        "james": asdict(blinding.james(counts)),
    }
    return cast(dict[str, Any], _plain(told))
