"""Planning as it is drawn on a long-leg film: the constructions of Miniaci and of Dugdale."""

from __future__ import annotations

import numpy as np

from guides.bones import Array
from guides.landmarks import unit
from guides.measures import Axes


def plateau_crossing(hip: Array, ankle: Array, medial_edge: Array, lateral_edge: Array, frame: Axes) -> Array:
    """Where the line from hip to ankle meets the plateau line in the frontal plane, on that line, mm."""
    line, edge, start = ankle - hip, lateral_edge - medial_edge, medial_edge - hip
    lu, lw = line @ frame.medial, line @ frame.up
    eu, ew = edge @ frame.medial, edge @ frame.up
    su, sw = start @ frame.medial, start @ frame.up
    share = (lw * su - lu * sw) / (lu * ew - lw * eu)
    return np.asarray(medial_edge + share * edge)


def miniaci(hip: Array, ankle: Array, hinge: Array, target: Array, anterior: Array) -> float:
    """Miniaci's construction in the frontal plane, degrees (10.1177/26350254211032968).

    The ankle A moves on a circle about the hinge P to A', where the line from hip H through the target T
    meets it; the correction is the angle A P A'.

    Args:
        hip: H, LPS mm.
        ankle: A.
        hinge: P.
        target: T, on the plateau.
        anterior: unit normal of the frontal plane.
    """
    ray = unit(_flat(target - hip, anterior))
    start = _flat(hip - hinge, anterior)
    arm = _flat(ankle - hinge, anterior)
    along = start @ ray
    reach = -along + np.sqrt(along**2 - start @ start + arm @ arm)
    return _angle(arm, start + reach * ray)


def dugdale(hip: Array, ankle: Array, target: Array, anterior: Array) -> float:
    """Dugdale's construction in the frontal plane, degrees: what angle H T A lacks to 180.

    It turns the leg about the target on the plateau and not about the hinge, so that it falls short of
    Miniaci's by some tenths of a degree.

    Args:
        hip: H, LPS mm.
        ankle: A, before the correction.
        target: T, on the plateau.
        anterior: unit normal of the frontal plane.
    """
    return 180 - _angle(_flat(hip - target, anterior), _flat(ankle - target, anterior))


def jlca_compensation(jlca: float) -> float:
    """Degrees by which the joint line is counted on to close once the leg is valgus: (JLCA - 2) / 2, or none.

    Soft tissue that was slack in varus tightens: the review in PMC7481321 proposes to take a share of what
    JLCA exceeds its normal 2 degrees by off the planned correction, so that the leg does not end too far in
    valgus. How much it closes in one patient is not known beforehand (0.9 ± 1.2 degrees in 80 people,
    10.1186/s43019-020-00076-x), so that a plan uses it only on request.
    """
    return max(0.0, (jlca - 2) / 2)


def _flat(vector: Array, normal: Array) -> Array:
    return np.asarray(vector - (vector @ normal) * normal)


def _angle(a: Array, b: Array) -> float:
    return float(np.degrees(np.arccos(np.clip(unit(a) @ unit(b), -1, 1))))
