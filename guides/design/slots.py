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
from guides.errors import InputError
from guides.osteotomy import Osteotomy
from guides.solids import placed

END_MM = 4.0
"""Wall at each end of a slot, where the outline has room for it."""

LIP_MM = 1.0
"""Outline beyond that wall."""

SECOND_DEPTH_SHARE = 0.6
"""Share of the first slot's depth that the second one has, which leans over the wires."""

DEEP_MM = 30.0
SHORTEST_SECOND_MM = 8.0


def add_slots(
    footprint: Footprint, chosen: Settings, osteotomy: Osteotomy, parts: Parts
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Build the slots of all planes; returns the first one's description and those of the others."""
    first, *others = footprint.planes
    surface = footprint.surface()
    first_slot, cut = _slot(footprint, first, surface, footprint.slot, chosen, chosen.slot_depth_mm, parts)
    described = []
    for plane in others:
        ends, depth = footprint.slot, chosen.slot_depth_mm
        if plane.name == "second cut":
            ends, depth = _second_ends(footprint, plane, chosen), SECOND_DEPTH_SHARE * chosen.slot_depth_mm
        slot, other = _slot(footprint, plane, surface, ends, chosen, depth, parts)
        if plane.name == "second cut":
            # It leans, but nowhere below the first cut.
            other = other.trim_by_plane((0, 1, 0), -chosen.slot_thickness_mm / 2)
        parts.cut.append(other)
        described.append(slot)
        if plane.name == "second cut":
            # The first cut ends where it meets the second one, which leans over it.
            normal = -plane.basis[:, 1]
            half = chosen.slot_thickness_mm / 2
            cut = cut.trim_by_plane(normal, float(plane.origin @ normal) - half)
            _end_first(footprint, first_slot, plane)
    parts.cut.append(cut)
    return first_slot | _depths(footprint, first_slot, osteotomy), described


def _second_ends(footprint: Footprint, plane: SawPlane, chosen: Settings) -> tuple[float, float]:
    """Along the second cut: from the first one up to the end of the outline above or in front."""
    normal, (u, v, w) = plane.basis[:, 1], plane.origin
    outer = chosen.slot_thickness_mm / 2 + chosen.slot_wall_mm
    front = (footprint.u[1] if footprint.front > 0 else -footprint.u[0]) - outer
    rises = -normal[1] / normal[0] * footprint.front
    top = footprint.v[1] - END_MM - 1
    if rises > 0:
        top = min(top, v + (front - footprint.front * u) / rises)
    if top < SHORTEST_SECOND_MM:
        raise InputError(
            "no_second_cut",
            "The second cut leaves the guide's outline at once",
            "Do without the second slot, or extend the proximal contact",
        )
    at = np.array([[u - normal[1] / normal[0] * (height - v), height, w] for height in (0.0, top)])
    low, high = sorted(plane.inside(at)[:, 0].tolist())
    return low, high


def _end_first(footprint: Footprint, slot: dict[str, Any], plane: SawPlane) -> None:
    """Describe the first slot as wide as it is at its outer face, where the leaning second one ends it."""
    normal = plane.basis[:, 1]
    top = footprint.to_local(np.array(slot["point"]))[2]
    end = float(
        plane.origin[0] + (normal[1] * plane.origin[1] - normal[2] * (top - plane.origin[2])) / normal[0]
    )
    back, front = footprint.slot if footprint.front > 0 else footprint.slot[::-1]
    front = min(front, end) if footprint.front > 0 else max(front, end)
    slot["point"] = rounded(footprint.to_world(np.array([(back + front) / 2, 0.0, top])))
    slot["width_mm"] = round(abs(front - back), 3)


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
    wall = END_MM if plane.name == "second cut" else min(END_MM, footprint.slot_end - LIP_MM)
    body = box((ends[0] - wall, -outer, low - 1), (ends[1] + wall, outer, high))
    # A shallow slot passes through whatever stands higher beside it.
    above = float(strip.max()) + chosen.slot_depth_mm + 2 * OVERSHOOT_MM
    cut = box((ends[0], -half, low - DEEP_MM), (ends[1], half, above))
    if plane.name != "cut":
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
    middle, _, top = footprint.to_local(np.array(slot["point"]))

    def depth(u: float) -> float:
        return round(float(top - hinge[2] - (u - hinge[0]) * axis[2] / axis[0]), 2)

    back, front = footprint.slot if footprint.front > 0 else footprint.slot[::-1]
    return {
        "blade_to_hinge_mm": depth(middle),
        "blade_to_hinge_front_mm": depth(front),
        "blade_to_hinge_back_mm": depth(back),
    }
