"""The lateral closing wedge: bone is removed laterally, the distal fragment turns up about a medial hinge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from guides.bones import Array
from guides.landmarks import Side, rotate
from guides.measures import Points, axes
from guides.osteotomy.cut import Cut
from guides.osteotomy.opening import check_correction, corner_depths, final_hinge
from guides.osteotomy.technique import Kind
from guides.osteotomy.wedge import Osteotomy


@dataclass(frozen=True)
class ClosingWedge(Osteotomy):
    """A lateral closing wedge, turned as an opening one is, about a hinge near the medial cortex.

    ``plane_point`` and ``plane_normal`` are the upper cut; the lower one holds the hinge axis, and the turn
    brings it onto the upper one. Gaps are negative: so much bone is removed. ``cut_depth_mm`` runs from the
    hinge to the lateral cortex, and ``lateral_cortex_mm`` is zero, because the saw enters there.
    """

    distal_plane_normal: Array
    medial_cortex_mm: float
    wedge_base_mm: float

    KIND: ClassVar[Kind] = "lateral_closing_wedge"
    GAP_SIGN: ClassVar[int] = -1
    HINGE_PLATEAU: ClassVar[str] = "plateau_medial"

    @property
    def hinge_cortex_mm(self) -> float:
        """Bone left beyond the hinge."""
        return self.medial_cortex_mm


def close_wedge(
    cut: Cut, points: Points, side: Side, correction_deg: float, slope_change_deg: float = 0.0
) -> ClosingWedge:
    """The closing wedge of a correction in degrees, from a cut that ``find_closing_cut`` found.

    The base of the wedge at distance L from the hinge axis is its chord, 2 L sin(correction / 2).

    Raises:
        InputError: ``correction_out_of_range`` or ``slope_out_of_reach``.
    """
    check_correction(correction_deg)
    hinge, axis = final_hinge(cut, points, side, correction_deg, slope_change_deg)
    medial, away = cut.directions(axis)
    depth = (cut.outline - hinge) @ away
    front, back = corner_depths(cut.outline, hinge, away, axes(points, side).anterior)
    of_depth = 2 * np.sin(np.radians(correction_deg) / 2)
    base = float(of_depth * depth.max())
    return ClosingWedge(
        plane_point=cut.point,
        plane_normal=cut.normal,
        hinge_point=hinge,
        hinge_axis=axis,
        medial_direction=medial,
        correction_deg=correction_deg,
        cut_depth_mm=float(depth.max()),
        gap_mm=-base,
        gap_anterior_mm=-float(of_depth * front),
        gap_posterior_mm=-float(of_depth * back),
        lateral_cortex_mm=0.0,
        start_point=cut.start,
        distal_plane_normal=rotate(cut.normal, axis, -correction_deg),
        medial_cortex_mm=float(-depth.min()),
        wedge_base_mm=base,
    )
