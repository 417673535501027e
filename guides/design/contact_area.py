"""The contact face beyond the automatic outline: painted area, and relief where the guide must not touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import manifold3d
import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, label
from skimage import measure

from guides.bones import Array, Flags
from guides.design.footprint import Footprint
from guides.design.osteophytes import find_bumps
from guides.design.painting import Stroke, painted
from guides.design.room import STEP_MM
from guides.design.solid_parts import rounded

RELIEF_MM = 1.5
"""Gap besides the clearance where contact was taken away: the guide bridges such a place."""

AROUND_MM = 2.5
"""The relief is whole so far beyond what it keeps clear of, less half its taper."""

TAPER_MM = 1.5
"""Width over which the relief sets in."""

FLATTEST = float(np.sin(np.radians(8)))
"""Added contact must face the way out at least so far: the flank of the bone beyond holds nothing."""


def with_area(footprint: Footprint, strokes: Sequence[Stroke], bumps: Flags | None = None) -> Footprint:
    """The footprint with what was painted, and clear of what it bridges and of bony outgrowths.

    Both are relieved unless somebody painted contact there: a person's word goes over what was found.
    ``bumps`` are the (U, V) nodes on outgrowths; None looks for them, which takes longest of all this.
    """
    u, v = np.meshgrid(footprint.grid_u, footprint.grid_v, indexing="ij")
    local = np.stack([u, v, footprint.height], axis=-1)
    added, removed = painted(footprint.to_world(local), strokes)
    facing = np.nan_to_num(footprint.normals()[..., 2]) > FLATTEST
    inside = (u > footprint.u[0]) & (u < footprint.u[1]) & (v > footprint.v[0]) & (v < footprint.v[1])
    bumps = (find_bumps(footprint) if bumps is None else bumps) & ~added
    relieved = bumps | (footprint.bridged & ~added) | (removed & np.isfinite(footprint.height))
    relief = np.zeros_like(footprint.height)
    if relieved.any():
        wide = binary_dilation(relieved, iterations=round(AROUND_MM / STEP_MM))
        relief = RELIEF_MM * np.clip(gaussian_filter(wide.astype(float), TAPER_MM / STEP_MM / 2) / 0.9, 0, 1)
        # Nothing touches where the relief is more than a hair.
        relief[relief < 0.02] = 0.0
    return replace(footprint, added=added & facing, relief=relief, outgrowths=bumps & inside)


def described(footprint: Footprint) -> list[dict[str, Any]]:
    """Each outgrowth that the guide keeps clear of: its middle in LPS mm, its area and words for a person."""
    names, count = label(footprint.outgrowths)
    found = []
    for name in range(1, count + 1):
        rows, columns = np.nonzero(names == name)
        middle = len(rows) // 2
        row, column = rows[middle], columns[middle]
        place = np.array(
            [footprint.grid_u[row], footprint.grid_v[column], footprint.height[row, column]], dtype=float
        )
        area = len(rows) * STEP_MM**2
        found.append(
            {
                "point": rounded(footprint.to_world(place)),
                "area_mm2": round(area, 1),
                "message": f"The guide bridges a bony outgrowth of {area:.0f} mm2",
            }
        )
    return found


def regions(mask: Flags, footprint: Footprint) -> list[Array]:
    """Closed outlines of a mask on the footprint's grid: (N, 2) corners in u and v."""
    padded = np.pad(mask.astype(float), 1)
    contours: Any = measure.find_contours
    first = np.array([footprint.grid_u[0], footprint.grid_v[0]])
    return [first + (line - 1) * STEP_MM for line in contours(padded, 0.5) if len(line) > 3]


def section_of(mask: Flags, footprint: Footprint) -> manifold3d.CrossSection:
    """A mask on the footprint's grid as a region of u and v."""
    return manifold3d.CrossSection(regions(mask, footprint), manifold3d.FillRule.EvenOdd)
