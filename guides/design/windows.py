"""Round windows through the shell, where the surgeon sees whether the contact face lies on the bone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import manifold3d
import numpy as np
from scipy.ndimage import minimum_filter

from guides.bones import Array
from guides.design.footprint import RIM_MM, Footprint
from guides.design.presets import Settings
from guides.design.rims import outline
from guides.design.room import STEP_MM
from guides.design.slots import END_MM
from guides.design.solid_parts import Parts, rounded
from guides.score.contact import inset

DIAMETER_MM = 5.0
AROUND_MM = 2.0
"""Material left between a window and anything else."""

MOST = 4


def add_windows(
    footprint: Footprint,
    chosen: Settings,
    wires: Sequence[Mapping[str, Any]],
    engraving: Mapping[str, Any],
    bottom: float,
    height: float,
    parts: Parts,
) -> list[dict[str, Any]]:
    """Cut up to four windows as far apart as they go; returns where they are.

    Args:
        footprint, chosen: of the guide.
        wires, engraving: what they keep clear of.
        bottom: local w at which the guide ends.
        height: local w above everything.
        parts: gets the cuts.
    """
    keep = DIAMETER_MM / 2 + AROUND_MM
    u, v = np.meshgrid(np.arange(*footprint.u, 1.0), np.arange(*footprint.v, 1.0), indexing="ij")
    places = np.column_stack([u.ravel(), v.ravel()])
    (polygon,) = outline(footprint).to_polygons()
    free = inset(np.asarray(polygon), places, keep + RIM_MM)
    # Where the bone falls away the guide may end before its outline does.
    deep = np.where(np.isfinite(footprint.height), footprint.height, -np.inf)
    lowest = minimum_filter(deep, size=round(2 * (keep + RIM_MM) / STEP_MM) + 1)
    rows, columns = (
        np.clip(np.round((places[:, axis] - grid[0]) / STEP_MM).astype(int), 0, len(grid) - 1)
        for axis, grid in enumerate((footprint.grid_u, footprint.grid_v))
    )
    free &= lowest[rows, columns] > bottom + 1
    half = chosen.slot_thickness_mm / 2 + chosen.slot_wall_mm
    for plane in footprint.planes:
        if plane.name == "second cut":
            free &= places[:, 1] < plane.origin[1] - half - keep - END_MM
        else:
            free &= np.abs(places[:, 1] - plane.origin[1]) > half + keep
    for wire in wires:
        outer = wire["hole_diameter_mm"] / 2 + chosen.sleeve_wall_mm
        point = footprint.to_local(np.asarray(wire["point"]))
        # An oblique sleeve covers more: its outer end counts as well.
        out = -np.asarray(wire["direction"]) @ footprint.basis
        for end in (point, point + wire["guided_mm"] * out):
            free &= np.linalg.norm(places - end[:2], axis=1) > outer + keep
    middle = footprint.to_local(np.asarray(engraving["point"]))[:2]
    size = np.array([engraving["width_mm"], engraving["height_mm"]]) / 2 + keep
    free &= (np.abs(places - middle) > size).any(axis=1)
    chosen_places = _spread(places[free])
    for at in chosen_places:
        hole = manifold3d.Manifold.cylinder(80, DIAMETER_MM / 2, circular_segments=48)
        parts.cut.append(hole.translate((float(at[0]), float(at[1]), height - 80)))
    return [
        {"point": rounded(footprint.to_world(np.array([*at, 0.0]))), "diameter_mm": DIAMETER_MM}
        for at in chosen_places
    ]


def _spread(places: Array) -> list[Array]:
    """Farthest points first, none closer to another than two windows with material between."""
    if not len(places):
        return []
    found = [places[np.argmin(places.sum(axis=1))]]
    while len(found) < MOST:
        off = np.min([np.linalg.norm(places - other, axis=1) for other in found], axis=0)
        if off.max() < DIAMETER_MM + 2 * AROUND_MM:
            break
        found.append(places[np.argmax(off)])
    return found
