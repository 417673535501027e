"""The scores as a document, with reasons in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from guides.bones import Array
from guides.score.accuracy import GOOD_DEG, GOOD_MM, Cuts
from guides.score.bands import GUIDANCE, accuracy_score, fitting_score, stability_score
from guides.score.contact import Frame
from guides.score.freedom import Freedom
from guides.score.stability import Stability


def fitting_document(contact_percent: float, gaps: Array, tolerance: float, area: float) -> dict[str, Any]:
    """Score and reason of the fit; ``gaps`` are gap minus clearance of every point, mm."""
    far = float(np.percentile(np.abs(gaps), 95))
    reason = (
        f"{contact_percent:.0f} % of the contact face ({area:.0f} mm2) lies within {tolerance:g} mm of the"
        f" planned gap; 95 % of it within {far:.1f} mm"
    )
    return {
        "score": fitting_score(contact_percent),
        "contact_percent": round(contact_percent, 2),
        "contact_area_mm2": round(area, 1),
        "gap_error_p95_mm": round(far, 3),
        "reason": reason,
    }


def stability_document(held: Stability, free: Stability, frame: Frame) -> dict[str, Any]:
    """Scores with wires (the one that counts, because the saw runs with wires in) and without."""
    return {
        "score": stability_score(held.lost_percent),
        "score_without_wires": stability_score(free.lost_percent),
        "with_wires": _held(held, frame),
        "without_wires": _held(free, frame),
        "reason": (
            f"With its wires the guide loses {held.lost_percent:.0f} % of its contact under the saw and"
            f" slides {held.slide_mm:.1f} mm at most; held by hand alone it loses {free.lost_percent:.0f} %"
        ),
    }


def _held(found: Stability, frame: Frame) -> dict[str, Any]:
    return {
        "lost_percent": round(found.lost_percent, 2),
        "slide_mm": round(found.slide_mm, 3),
        "lift_mm": round(found.lift_mm, 3),
        "worst_push": _vector(frame.basis @ found.direction),
    }


def accuracy_document(cuts: Cuts, noise_mm: float, seed: int) -> dict[str, Any]:
    """Score, spread and reason of the placements."""
    good = 100 * float(cuts.good.mean())
    score = accuracy_score(good)
    angle, distance = cuts.angle_deg, cuts.distance_mm
    return {
        "score": score,
        "within_tolerance_percent": round(good, 2),
        "placements": len(angle),
        "seed": seed,
        "surface_noise_mm": noise_mm,
        "cut_angle_deg": _spread(angle),
        "cut_distance_mm": _spread(distance),
        "hinge_distance_mm": _spread(cuts.hinge_mm),
        "hka_change_deg": _spread(cuts.hka_deg),
        "pts_change_deg": _spread(cuts.pts_deg),
        "reason": (
            f"{good:.0f} % of {len(angle)} placements cut within {GOOD_DEG:g} degrees and {GOOD_MM:g} mm of"
            f" the plan, {GUIDANCE[score - 1]} guidance; median {np.median(angle):.1f} degrees and"
            f" {np.median(distance):.1f} mm"
        ),
    }


def freedom_document(found: Freedom, frame: Frame) -> dict[str, Any]:
    """The weakest motion as an arrow in LPS, in numbers and in words."""
    what = _slide_words(found.arrow) if found.slides else _turn_words(found.arrow)
    condition = round(found.condition, 1) if np.isfinite(found.condition) else None
    return {
        "kind": "slide" if found.slides else "turn",
        "point": _vector(frame.world(found.centre)),
        "direction": _vector(frame.basis @ found.arrow),
        "slide": _vector(frame.basis @ found.slide),
        "turn": _vector(frame.basis @ found.turn),
        "condition": condition,
        "resistance": round(found.resistance, 4),
        "reason": (
            f"The guide resists least when it {what}: 1 mm of it changes the gaps by"
            f" {found.resistance:.2f} mm"
        ),
    }


def _slide_words(arrow: Array) -> str:
    names = ("slides across the bone, front to back", "slides along the bone", "lifts off the bone")
    return names[int(np.argmax(np.abs(arrow)))]


def _turn_words(arrow: Array) -> str:
    names = ("rocks up and down the bone", "rolls round the bone", "twists on the bone")
    return names[int(np.argmax(np.abs(arrow)))]


def _spread(values: Array) -> dict[str, float]:
    return {
        "mean": round(float(values.mean()), 3),
        "median": round(float(np.median(values)), 3),
        "p95": round(float(np.percentile(values, 95)), 3),
        "max": round(float(values.max()), 3),
    }


def _vector(values: Array) -> list[float]:
    return [round(float(x), 6) for x in values]
