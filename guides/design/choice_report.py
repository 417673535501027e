"""Which footprints were compared, how each did, and why the one that was built was taken: as a document."""

from __future__ import annotations

from typing import Any

import numpy as np

from guides.design.choice import BONES, SEED, Candidate, Choice
from guides.score.accuracy import GOOD_DEG, GOOD_MM


def choice_document(choice: Choice) -> dict[str, Any]:
    """Of the footprints that were put on plausible bones the figures; of all the first estimate's count."""
    built = choice.built
    tried = [candidate for candidate in choice.candidates if candidate.trial is not None]
    return {
        "simulated": True,
        "plausible_bones": BONES,
        "seed": SEED,
        "considered": len(choice.candidates),
        "tried": [_row(candidate, candidate is built) for candidate in tried],
        "reason": _reason(built, tried, len(choice.candidates)),
    }


def _row(candidate: Candidate, built: bool) -> dict[str, Any]:
    footprint, trial = candidate.footprint, candidate.trial
    assert trial is not None
    cuts = trial.cuts
    return {
        "built": built,
        "forward_deg": candidate.forward_deg,
        "reach_mm": [round(float(end), 1) for end in footprint.v],
        "span_mm": round(float(footprint.u[1] - footprint.u[0]), 1),
        "bridged": candidate.bridge,
        "expected_error": round(candidate.expected, 3),
        "within_tolerance_percent": round(trial.good_percent, 1),
        "cut_angle_deg": round(float(np.median(cuts.angle_deg)), 3),
        "cut_distance_mm": round(float(np.median(cuts.distance_mm)), 3),
        "contact_percent": round(trial.contact_percent, 1),
        "miss": round(trial.miss, 3),
    }


def _words(candidate: Candidate) -> str:
    low, high = candidate.footprint.v
    bridge = f", bridging the unsure face ({candidate.bridge})" if candidate.bridge else ""
    return f"{candidate.forward_deg:g} degrees forward, from {low:.0f} to {high:+.0f} mm{bridge}"


def _reason(built: Candidate, tried: list[Candidate], considered: int) -> str:
    if not tried:
        return f"{_words(built)}: the best of {considered} by a first estimate that became a sound solid"
    if built.trial is None:
        return f"{_words(built)}: no sound solid came out of those that were tried before it"
    text = (
        f"{_words(built)}: of {considered} footprints the {len(tried)} best by a first estimate were put on"
        f" {BONES} plausible bones; {_outcome(built)} of the cuts of this one are good"
        f" ({GOOD_DEG:g} degrees, {GOOD_MM:g} mm)"
    )
    others = [one for one in tried if one is not built]
    if not others:
        return text
    best = max(others, key=lambda one: one.good_percent)
    if tried.index(best) < tried.index(built):
        return f"{text}; no sound solid came out of a better one ({_words(best)}: {_outcome(best)})"
    text = f"{text}, of the next best ({_words(best)}) {_outcome(best)}"
    if best.good_percent >= built.good_percent:
        text += (
            f", which is alike; it misses by {best.miss:.2f} of what is good and this one by {built.miss:.2f}"
        )
    return text


def _outcome(candidate: Candidate) -> str:
    return f"{candidate.good_percent:.0f} %"
