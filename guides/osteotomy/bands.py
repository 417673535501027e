"""How sure the numbers of an osteotomy are: what the same plan comes to on the bone as it may truly be.

The draws are those of the measures (``drawn_points``): a landmark that lies elsewhere, or a hip and an ankle
that do, call for another correction to the same target and turn the hinge axis that keeps the slope. To them
comes the surface where the saw enters, where the hinge's cortex is, and where the wedge ends in front and at
the back. Nothing is planned again: one step of Newton's method gives each draw its correction and its hinge
axis, and all draws share the outline of the bone in the plane of the cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import trimesh

from guides.bones import Array, cross_section
from guides.bones.uncertainty import Uncertainty
from guides.landmarks import Side, rotate, unit
from guides.measures import BAND, MEASURES, PER_UNCERTAINTY, Points, axes, slope_medial
from guides.osteotomy.cut import CORTEX_MM, Cut, cut_heights
from guides.osteotomy.hinge import MAX_HINGE_TURN_DEG
from guides.osteotomy.motion import Correction
from guides.osteotomy.opening import MAX_CORRECTION_DEG, corner
from guides.osteotomy.placing import Placing
from guides.osteotomy.wedge import Osteotomy

FEW = 300
"""Draws of the many that the bands of measures rest on: each asks where the whole outline ends."""

LEAST_DEG = 0.5
"""Correction below which the hinge axis is not turned: it hardly moves anything."""

LOWER_MM = 2.0
"""How far below the cut the outline is looked at again, to tell how the bone tapers."""

ALONG_CUT_MM = 5.0
"""How far from the plane of the cut the surface tells how sure its outline is."""

POWER = (0.41, 0.25, 0.21, 0.22, 0.19)
"""Variance of an outline's errors by the waves around it, over that of the surface: the first is of outlines
that are larger or smaller all round. Measured in the planes of the cut of 18 reconstructed knees: 14 virtual
ones of the validation people and the four legs of HuBMAP. Shorter waves have less than 0.04 each."""

CORNERS = (1, -1)
"""In front and at the back."""

POINTS = 150
"""Of an outline, about."""

_SEED = 20242


@dataclass(frozen=True)
class Planned:
    """An osteotomy whose numbers are in doubt.

    Attributes:
        tibia: the bone.
        cut: plane, outline and hinge before the correction.
        osteotomy: the wedge.
        correction: its turn, and what the joint line is counted on to close.
        volume_mm3: of the wedge.
        target: measure and value that the correction is to reach; None where degrees were chosen.
        placing: start and hinge as far as a person placed them; these stay where they are.
    """

    tibia: trimesh.Trimesh
    cut: Cut
    osteotomy: Osteotomy
    correction: Correction
    volume_mm3: float
    target: tuple[str, float] | None
    placing: Placing


def osteotomy_bands(
    planned: Planned, points: Points, drawn: Points, side: Side, surface: Uncertainty | None
) -> dict[str, list[float] | None]:
    """90 % band of each number of an osteotomy by its name in the document; None where nothing is in doubt.

    Args:
        planned: what was planned on the bones as they are.
        points: the leg, mm.
        drawn: the same with (N, 3) draws for what is in doubt, N at least ``FEW``.
        side: L or R.
        surface: what the tibia says of its own surface; None where it says nothing.
    """
    leg = {name: place[:FEW] if place.ndim == 2 else place for name, place in drawn.items()}
    osteotomy, degrees = planned.osteotomy, planned.osteotomy.correction_deg
    needed = _needed(planned, leg, side)
    shape = _Shape.of(planned, points, leg, side, needed, surface)
    opened = 2 * np.sin(np.radians(needed) / 2) * osteotomy.GAP_SIGN
    gap = opened * shape.depth
    opening = osteotomy.KIND == Osteotomy.KIND
    frame = axes(leg, side)
    plateau = leg[osteotomy.HINGE_PLATEAU]
    found = {
        "correction_deg": needed,
        "gap_mm": gap,
        "gap_anterior_mm": opened * shape.front,
        "gap_posterior_mm": opened * shape.back,
        "cut_depth_mm": shape.depth,
        "lateral_cortex_mm" if opening else "medial_cortex_mm": shape.cortex,
        "hinge_below_joint_mm": np.einsum("...i,...i->...", plateau - osteotomy.hinge_point, frame.up),
        "wedge_volume_mm3": planned.volume_mm3 * shape.volume * (needed / degrees if degrees else 1.0),
    }
    if not opening:
        found["wedge_base_mm"] = -gap
    return {name: _band(values) for name, values in found.items()}


def _band(values: Array | float) -> list[float] | None:
    """The 90 % of the draws, to a hundredth; None where all are alike."""
    if np.ndim(values) == 0 or np.ptp(values) < 1e-6:
        return None
    return [round(float(x), 2) for x in np.percentile(values, BAND)]


def _needed(planned: Planned, leg: Points, side: Side) -> Array:
    """Degrees that bring each draw to the target, or those that were chosen."""
    degrees = planned.osteotomy.correction_deg
    if planned.target is None:
        return np.asarray(degrees)
    name, wanted = planned.target
    here, further = (
        MEASURES[name].function(planned.correction.by(turn).of_leg(leg, side), side)
        for turn in (degrees, degrees + 1)
    )
    return np.clip(degrees + (wanted - here) / (further - here), 0, MAX_CORRECTION_DEG)


def _turned(planned: Planned, points: Points, leg: Points, side: Side, needed: Array) -> Array:
    """Degrees about the plane's normal by which each draw's hinge axis differs from the planned one."""
    correction, normal = planned.correction, planned.osteotomy.plane_normal
    if correction.degrees < LEAST_DEG:
        return np.zeros(())
    slope = MEASURES["PTS_medial"].needs

    def change(where: Points, one: Correction) -> Array:
        bone = {name: where[name] for name in slope}
        return slope_medial(one.of_bone(bone), side) - slope_medial(bone, side)

    further = replace(correction, axis=rotate(correction.axis, normal, 1.0))
    missed = change(leg, correction.by(needed)) - change(points, correction)
    per_degree = change(points, further) - change(points, correction)
    return np.clip(-missed / per_degree, -MAX_HINGE_TURN_DEG, MAX_HINGE_TURN_DEG)


@dataclass(frozen=True)
class _Shape:
    """Of each draw, mm from the hinge axis: where the cut ends, in front and at the back too, and the cortex
    beyond the hinge; and how the volume of the wedge compares with the planned one at the same angle."""

    depth: Array
    front: Array
    back: Array
    cortex: Array
    volume: Array

    @classmethod
    def of(
        cls,
        planned: Planned,
        points: Points,
        leg: Points,
        side: Side,
        needed: Array,
        surface: Uncertainty | None,
    ) -> _Shape:
        cut, osteotomy = planned.cut, planned.osteotomy
        away = osteotomy.medial_direction * osteotomy.GAP_SIGN
        frame = axes(points, side)
        # Every point ends two segments.
        outline = cut.outline[:: max(2, 2 * (len(cut.outline) // (2 * POINTS)))]
        ways = np.column_stack([away, np.cross(cut.normal, away), frame.anterior])
        placed = (outline - osteotomy.hinge_point) @ ways
        turn = np.radians(_turned(planned, points, leg, side, needed))[..., None]
        depths, along = np.cos(turn) * placed[:, 0] + np.sin(turn) * placed[:, 1], placed[:, 2]
        if surface is not None:
            expected = surface.along(osteotomy.plane_point, cut.normal, ALONG_CUT_MM)
            further, outwards = _grown(placed, PER_UNCERTAINTY * (expected or 0.0))
            depths, along = depths + further * outwards[:, 0], along + further * outwards[:, 2]
        # A hinge that is found keeps its cortex whatever the axis; one that is placed stays where it is.
        nearest = depths.min(axis=-1)
        begin = 0.0 if cut.hinge_placed else nearest + CORTEX_MM
        depths, along = np.broadcast_arrays(depths, along)
        furthest = _centred(depths.max(axis=-1) - begin, placed[:, 0].max())
        front, back = (
            _centred(
                corner(depths, along, towards)[0] - begin,
                corner(placed[:, 0], placed[:, 2], towards)[0],
            )
            for towards in CORNERS
        )
        at_start, at_hinge, at_corners = _tapered(planned, points, leg, side, away)
        front, back = (depth + more for depth, more in zip((front, back), at_corners, strict=True))
        nearest, depth = nearest + at_hinge, furthest + at_start
        if not cut.hinge_placed:
            depth, front, back = depth - at_hinge, front - at_hinge, back - at_hinge
        width = np.ptp(along, axis=-1) / np.ptp(placed[:, 2])
        return cls(
            depth,
            front,
            back,
            # Sawn as deep as planned, from where the bone truly begins.
            -nearest if cut.hinge_placed else osteotomy.hinge_cortex_mm + depth - osteotomy.cut_depth_mm,
            (depth / osteotomy.cut_depth_mm) ** 2 * width,
        )


def _centred(drawn: Array, planned: Array) -> Array:
    """Draws about the planned value.

    An outline with errors added is rougher than the bone's, so that its corners would on average be others
    and further out.
    """
    return drawn + planned - np.median(drawn)


def _grown(outline: Array, deviation: float) -> tuple[Array, Array]:
    """(FEW, N) mm by which each draw's outline reaches further out, and (N, 3) the unit ways outwards.

    Args:
        outline: (N, 3) points: to where the wedge opens, the other coordinate in the plane, and to anterior.
        deviation: standard deviation of the outline, mm.
    """
    out = outline - outline.mean(axis=0)
    around = np.arctan2(out[:, 2], out[:, 0])  # to anterior, so that a mirrored leg has the same errors
    sizes = np.sqrt(np.array(POWER))[:, None]
    waves = np.arange(len(POWER))[:, None] * around
    shapes = np.concatenate([sizes * np.cos(waves), sizes[1:] * np.sin(waves[1:])])
    return deviation * _noise(len(shapes)) @ shapes, unit(out)


@lru_cache(maxsize=1)
def _noise(count: int) -> Array:
    """(FEW, count) standard normal errors, the same on every call."""
    return np.random.default_rng(_SEED).standard_normal((FEW, count))


def _tapered(
    planned: Planned, points: Points, leg: Points, side: Side, away: Array
) -> tuple[Array, Array, list[Array]]:
    """mm by which the outline reaches further at the start, less far back beyond the hinge, and further at
    its corners, because each draw has its plane at another height and tilts it another way to the front."""
    cut, frame = planned.cut, axes(points, side)
    heights = zip(
        cut_heights(leg, frame.up, cut.opens), cut_heights(points, frame.up, cut.opens), strict=True
    )
    lower = cross_section(planned.tibia, cut.point - LOWER_MM * frame.up, cut.normal).reshape(-1, 3)
    if not len(lower):
        return np.zeros(()), np.zeros(()), [np.zeros(())] * len(CORNERS)
    here, there = (
        ((outline - cut.start) @ away, (outline - cut.start) @ frame.anterior)
        for outline in (cut.outline, lower)
    )
    rises = [
        np.zeros(()) if fixed is not None else then - now
        for fixed, (then, now) in zip((planned.placing.start, planned.placing.hinge), heights, strict=True)
    ]
    tilt = axes(leg, side).anterior @ cut.normal
    corners = []
    for towards in CORNERS:
        (depth, ahead), (below, _) = (corner(*outline, towards) for outline in (here, there))
        corners.append((depth - below) / LOWER_MM * (rises[0] + ahead * tilt))
    at_start = (here[0].max() - there[0].max()) / LOWER_MM * rises[0]
    at_hinge = (here[0].min() - there[0].min()) / LOWER_MM * rises[1]
    return at_start, at_hinge, corners
