"""What an experiment found, in sentences that its figures alone decide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from recon.bones import Bone
from recon.experiments.definition import Condition, Experiment
from recon.experiments.results import Results

FIGURE = "p2s_assd_mm"
_STEPS = ("labelled only", "labelled + pseudo labels", "SSR-KD")


def findings(experiment: Experiment, results: Results) -> list[str]:
    """Sentences about the p2s ASSD of every condition against the reference, and about orders."""
    found = list(_against_reference(experiment, results))
    labels = {condition.label for condition in experiment.conditions}
    if set(_STEPS) <= labels:
        found += _steps(results)
    for series in dict.fromkeys(c.series for c in experiment.conditions if c.x is not None):
        found.append(_trend([c for c in experiment.conditions if c.series == series], series, results))
    for label in dict.fromkeys(condition.label for condition in experiment.conditions):
        missing = results.missing(label)
        if missing:
            found.append(
                f"{label}: bones in view that were left out: {missing}. Its distances are means of "
                "the others and flatter it."
            )
    return found


def difference(results: Results, label: str, reference: str, bone: Bone | None) -> dict[str, float]:
    """Millimetres of p2s ASSD that each person is worse under a condition than under the reference."""
    here, there = (results.by_person(name, bone, FIGURE) for name in (label, reference))
    return {person: here[person] - there[person] for person in here if person in there}


def _against_reference(experiment: Experiment, results: Results) -> Iterator[str]:
    seen = {experiment.reference}
    for condition in experiment.conditions:
        if condition.label in seen:
            continue
        seen.add(condition.label)
        yield _comparison(results, condition.label, experiment.reference)


def _comparison(results: Results, label: str, reference: str) -> str:
    here, there = (results.mean(name, None, FIGURE) for name in (label, reference))
    if here is None or there is None:
        return f"{label}: some bone was never reconstructed, so there is no average."
    by_bone = []
    for bone in Bone:
        one, other = (results.mean(name, bone, FIGURE) for name in (label, reference))
        if one is not None and other is not None:
            by_bone.append(f"{bone.label} {one - other:+.2f}")
    text = f"{label} against {reference}: {here:.2f} against {there:.2f} mm ({', '.join(by_bone)})"
    apart = difference(results, label, reference, None)
    if not apart:
        return f"{text}; other people, so nothing is paired."
    worse = sum(value > 0 for value in apart.values())
    spread = f"{min(apart.values()):+.2f} to {max(apart.values()):+.2f} mm a person"
    return f"{text}; worse in {worse} of {len(apart)} people ({spread})."


def _steps(results: Results) -> list[str]:
    means = [results.mean(label, None, FIGURE) for label in _STEPS]
    if any(mean is None for mean in means):
        return []
    figures = [mean for mean in means if mean is not None]
    text = ", ".join(f"{label} {mean:.2f}" for label, mean in zip(_STEPS, figures, strict=True))
    order = "is found" if figures[0] > figures[1] > figures[2] else "is not found"
    steps = []
    for before, after in pairwise(_STEPS):
        apart = difference(results, after, before, None)
        better = sum(value < 0 for value in apart.values())
        mean = float(np.mean(list(apart.values())))
        steps.append(f"from {before} to {after} {mean:+.2f} mm, better in {better} of {len(apart)} people")
    return [f"Steps of SSR-KD: {text} mm. The paper's order (each step helps) {order}: {'; '.join(steps)}."]


def _trend(conditions: list[Condition], series: str, results: Results) -> str:
    ordered = sorted(conditions, key=lambda c: c.x or 0.0)
    known = [(c, m) for c in ordered if (m := results.mean(c.label, None, FIGURE)) is not None]
    if len(known) < 2:
        return f"{series}: too few conditions with all four bones for a trend."
    figures = [mean for _, mean in known]
    steps = np.diff(figures)
    shape = (
        "falls at every step"
        if (steps < 0).all()
        else "rises at every step"
        if (steps > 0).all()
        else "neither falls nor rises throughout"
    )
    text = ", ".join(f"{mean:.2f} at {c.x:g}" for c, mean in known)
    return f"{series}: the average error {shape} ({text} mm)."
