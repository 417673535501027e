"""Saw slots: a box that stands on the bone and the cut through it, one for each plane of the plan."""

from __future__ import annotations

from typing import Any

import manifold3d
import numpy as np

from guides.bones import Array
from guides.design.footprint import Footprint
from guides.design.planes import SawPlane
from guides.design.presets import Settings
from guides.design.solid_parts import OVERSHOOT_MM, Parts, box, rounded
from guides.osteotomy import Osteotomy
from guides.solids import placed

END_MM = 4.0
"""Wall at each end of a slot."""

SECOND_DEPTH_SHARE = 0.6
"""Share of the first slot's depth that the second one has, which leans over the wires."""

DEEP_MM = 30.0


def add_slots(
    footprint: Footprint, chosen: Settings, osteotomy: Osteotomy, parts: Parts
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Build the slots of all planes; returns the first one's description and those of the others."""
    first, *others = footprint.planes
    half = chosen.slot_thickness_mm / 2
    surface = footprint.surface()
    first_slot, cut = _slot(footprint, first, surface, footprint.slot, chosen, chosen.slot_depth_mm, parts)
    first_slot |= _depths(footprint, first_slot, osteotomy)
    described = []
    for plane in others:
        if plane.name == "second cut":
            # It rises from the first cut to just below the end of the outline.
            top = footprint.v[1] - END_MM - 1
            ends = sorted(
                float(plane.inside(np.array([[plane.origin[0], v, plane.origin[2]]]))[0, 0])
                for v in (0.0, top)
            )
            depth = SECOND_DEPTH_SHARE * chosen.slot_depth_mm
            slot, second = _slot(footprint, plane, surface, (ends[0], ends[1]), chosen, depth, parts)
            # The first cut ends where it meets the second one.
            normal = -plane.basis[:, 1]
            cut = cut.trim_by_plane(normal, float(plane.origin @ normal) - half)
            parts.cut.append(second)
        else:
            slot, lower = _slot(
                footprint, plane, surface, footprint.slot, chosen, chosen.slot_depth_mm, parts
            )
            parts.cut.append(lower)
        described.append(slot)
    parts.cut.append(cut)
    return first_slot, described


def _slot(
    footprint: Footprint,
    plane: SawPlane,
    surface: Array,
    ends: tuple[float, float],
    chosen: Settings,
    depth: float,
    parts: Parts,
) -> tuple[dict[str, Any], manifold3d.Manifold]:
    """Add one slot's box, and return its description and the solid to cut away."""
    half = chosen.slot_thickness_mm / 2
    outer = half + chosen.slot_wall_mm
    along, across, out = plane.inside(surface).T
    strip = out[(np.abs(across) < half + 0.3) & (along > ends[0]) & (along < ends[1])]
    low, high = float(strip.min()), float(strip.max()) + depth
    body = box((ends[0] - END_MM, -outer, low - 1), (ends[1] + END_MM, outer, high))
    upright = plane.name == "cut"
    deep = DEEP_MM if upright else 6.0
    cut = box((ends[0], -half, low - deep), (ends[1], half, high + OVERSHOOT_MM))
    if not upright:
        body, cut = (placed(solid, plane.basis, plane.origin) for solid in (body, cut))
    parts.added.append(body)
    middle = plane.outside(np.array([(ends[0] + ends[1]) / 2, 0.0, high]))
    slot = {
        "name": plane.name,
        "point": rounded(footprint.to_world(middle)),
        "direction": rounded(-footprint.turned(plane.basis[:, 2])),
        "normal": rounded(footprint.turned(plane.basis[:, 1])),
        "along": rounded(footprint.turned(plane.basis[:, 0])),
        "thickness_mm": round(2 * half, 4),
        "width_mm": round(ends[1] - ends[0], 3),
        "depth_mm": round(high - float(strip.max()), 3),
    }
    return slot, cut


def _depths(footprint: Footprint, slot: dict[str, Any], osteotomy: Osteotomy) -> dict[str, Any]:
    """How deep the blade goes from the slot's outer face until it ends on the hinge's axis.

    The axis runs front to back and the blade obliquely to it, so that the depth differs along the slot.
    """
    hinge = footprint.to_local(osteotomy.hinge_point)
    axis = osteotomy.hinge_axis @ footprint.basis
    top = float(footprint.to_local(np.array(slot["point"]))[2])

    def depth(u: float) -> float:
        return round(top - float(hinge[2] + (u - hinge[0]) * axis[2] / axis[0]), 2)

    back, front = footprint.slot if footprint.front > 0 else footprint.slot[::-1]
    return {
        "blade_to_hinge_mm": depth((back + front) / 2),
        "blade_to_hinge_front_mm": depth(front),
        "blade_to_hinge_back_mm": depth(back),
    }
