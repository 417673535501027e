"""K-wires: two pairs that hold the guide, a hinge pin that ends the saw, holes for the plate's screws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import manifold3d
import numpy as np

from guides.bones import Array
from guides.design.footprint import Footprint
from guides.design.presets import Settings
from guides.design.solid_parts import Parts, rounded
from guides.errors import InputError
from guides.landmarks import unit
from guides.osteotomy import Osteotomy
from guides.solids import placed

PAIRS = ("proximal 1", "proximal 2", "distal 1", "distal 2")
HINGE_REACH_MM = 8.0
"""How far from the hinge point along its axis the pin may be aimed."""

BETWEEN_HOLES_MM = 2.0


@dataclass(frozen=True)
class _Hole:
    """One sleeve: where its axis enters the bone, local, and which way it leads out."""

    name: str
    kind: str
    entry: Array
    out: Array
    diameter: float


def add_wires(
    footprint: Footprint, chosen: Settings, osteotomy: Osteotomy, parts: Parts
) -> tuple[list[dict[str, Any]], list[str]]:
    """Build all sleeves; returns their descriptions and what could not be built.

    Raises:
        InputError: ``drill_hole_outside`` for a plate's hole that the outline does not hold.
    """
    way_out = np.array([0.0, 0.0, 1.0])
    holes = [
        _Hole(name, "wire", _entry(footprint, u, v), way_out, chosen.wire_diameter_mm)
        for name, (u, v) in zip(PAIRS, footprint.wires, strict=True)
    ]
    missing = []
    if chosen.hinge_pin:
        pin = _hinge_pin(footprint, chosen, osteotomy)
        if _clear(pin, holes, chosen):
            holes.append(pin)
        else:
            missing.append("The proximal wires leave no room for a hinge pin")
    for number, (u, v, diameter) in enumerate(chosen.drill_holes, 1):
        hole = _drill_hole(footprint, chosen, number, u, v, diameter)
        if not _clear(hole, holes, chosen):
            raise InputError(
                "drill_hole_outside",
                f"The plate's hole {number} runs into another hole of the guide",
                "Choose another plate, or move the wires",
            )
        holes.append(hole)
    return [_add(footprint, chosen, hole, parts) for hole in holes], missing


def _entry(footprint: Footprint, u: float, v: float) -> Array:
    near = footprint.over((u - 0.6, u + 0.6), (v - 0.6, v + 0.6))
    return np.array([u, v, float(near.max())])


def _hinge_pin(footprint: Footprint, chosen: Settings, osteotomy: Osteotomy) -> _Hole:
    """A wire from between the proximal pair that crosses the saw's way at the hinge.

    It lies on the proximal side of the cut all the way, and its near side meets the blade's where the cut
    should end.
    """
    wires = footprint.wires[:2]
    entry = _entry(footprint, float(wires[:, 0].mean()), float(wires[0, 1]))
    hinge = footprint.to_local(osteotomy.hinge_point)
    axis = osteotomy.hinge_axis @ footprint.basis
    along = float(np.clip((entry[0] - hinge[0]) / axis[0], -HINGE_REACH_MM, HINGE_REACH_MM))
    above = (chosen.wire_diameter_mm + chosen.blade_thickness_mm) / 2
    target = hinge + along * axis + np.array([0.0, above, 0.0])
    return _Hole("hinge pin", "hinge", entry, unit(entry - target), chosen.wire_diameter_mm)


def _drill_hole(
    footprint: Footprint, chosen: Settings, number: int, u: float, v: float, diameter: float
) -> _Hole:
    """A plate's hole, given front (positive) and proximal of the middle of the slot."""
    middle = sum(footprint.slot) / 2
    place = middle + footprint.front * u
    radius = diameter / 2 + chosen.sleeve_wall_mm
    limits = footprint.u if v > footprint.neck else footprint.u_distal
    inside = limits[0] + radius < place < limits[1] - radius
    inside = inside and footprint.v[0] + radius < v < footprint.v[1] - radius
    wall = chosen.slot_thickness_mm / 2 + BETWEEN_HOLES_MM + diameter / 2
    if not inside or any(abs(v - plane.origin[1]) < wall for plane in footprint.planes[:1]):
        raise InputError(
            "drill_hole_outside",
            f"The plate's hole {number} lies outside the guide or in its slot",
            "Choose another plate, or extend the contact",
        )
    return _Hole(f"screw {number}", "screw", _entry(footprint, place, v), np.array([0, 0, 1.0]), diameter)


def _clear(hole: _Hole, others: list[_Hole], chosen: Settings) -> bool:
    """Whether a hole keeps material between itself and the others along their sleeves."""
    steps = np.linspace(-2, chosen.sleeve_length_mm, 7)[:, None]
    line = hole.entry + steps * hole.out
    for other in others:
        near = np.linalg.norm((other.entry + steps * other.out)[:, None] - line[None], axis=-1).min()
        if near < (hole.diameter + other.diameter) / 2 + BETWEEN_HOLES_MM:
            return False
    return True


def _add(footprint: Footprint, chosen: Settings, hole: _Hole, parts: Parts) -> dict[str, Any]:
    bore = hole.diameter + chosen.wire_clearance_mm + chosen.printer_compensation_mm
    outer = bore / 2 + chosen.sleeve_wall_mm
    u, v, entry = hole.entry
    around = footprint.over((u - outer, u + outer), (v - outer, v + outer))
    below = entry - float(around.min()) + 1
    above = float(around.max()) - entry + chosen.sleeve_length_mm
    helper = np.array([1.0, 0.0, 0.0])
    across = unit(helper - (helper @ hole.out) * hole.out)
    basis = np.column_stack([across, np.cross(hole.out, across), hole.out])
    sleeve = manifold3d.Manifold.cylinder(below + above, outer, circular_segments=64)
    cut = manifold3d.Manifold.cylinder(below + above + 32, bore / 2, circular_segments=64)
    parts.added.append(placed(sleeve.translate((0, 0, -below)), basis, hole.entry))
    parts.cut.append(placed(cut.translate((0, 0, -below - 30)), basis, hole.entry))
    return {
        "name": hole.name,
        "kind": hole.kind,
        "point": rounded(footprint.to_world(hole.entry)),
        "direction": rounded(-footprint.turned(hole.out)),
        "diameter_mm": hole.diameter,
        "hole_diameter_mm": round(bore, 4),
        "guided_mm": round(above, 2),
    }
