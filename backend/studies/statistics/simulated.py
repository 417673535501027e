"""The simulated surgeon's scores against those of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats


def against_people(
    simulated: Mapping[tuple[int, str], Mapping[str, float]],
    cases: Sequence[int],
    people: Mapping[str, Mapping[str, Sequence[float | None]]],
) -> dict[str, Any]:
    """For each score, every guide's simulated score beside the mean of people, and how they go together.

    Args:
        simulated: scores by question, for each case number and arm.
        cases: case numbers in the order of ``people``.
        people: by question and arm, mean over raters of each case, none where nobody rated.

    Returns:
        By question: ``pairs`` of case, arm, simulated, people; ``mean_difference`` (simulated minus people);
        Spearman's ``rho`` (Am J Psychol 15 (1904) 72-101, doi:10.2307/1412159) with its two-sided ``p`` by
        permutation, both null below four guides or where either does not vary.
    """
    told: dict[str, Any] = {}
    keys = sorted({key for scores in simulated.values() for key in scores} & people.keys())
    for key in keys:
        pairs = [
            {"case": case, "arm": arm, "simulated": scores[key], "people": people[key][arm][place]}
            for place, case in enumerate(cases)
            for arm in people[key]
            if (scores := simulated.get((case, arm))) and people[key][arm][place] is not None
        ]
        if pairs:
            told[key] = {"pairs": pairs, **_agreement(pairs)}
    return told


def _agreement(pairs: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    one, two = (np.array([pair[name] for pair in pairs], dtype=float) for name in ("simulated", "people"))
    found: dict[str, float | None] = {"mean_difference": float((one - two).mean()), "rho": None, "p": None}
    if len(one) < 4 or not np.ptp(one) or not np.ptp(two):
        return found

    def rho(values: np.ndarray) -> float:
        return float(stats.spearmanr(values, two).statistic)

    test = stats.permutation_test(
        (one,), rho, permutation_type="pairings", n_resamples=9999, rng=np.random.default_rng(1)
    )
    return found | {"rho": float(test.statistic), "p": float(test.pvalue)}
