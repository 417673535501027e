"""The flat plate with the engraved label between slot and distal wires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from guides.design.footprint import Footprint
from guides.design.label import ROWS, text_solid, text_width
from guides.design.presets import Settings
from guides.design.solid_parts import OVERSHOOT_MM, Parts, box, rounded
from guides.plan_document import plan_hash

CELL_MM = 0.6
DEPTH_MM = 1.0


def label_text(document: Mapping[str, Any]) -> str:
    """What is engraved on the guide of a plan: an arrow towards proximal, the side, the plan's hash."""
    return f"^ {document['side']} {plan_hash(document)[:6].upper()}"


def add_label(footprint: Footprint, chosen: Settings, label: str, parts: Parts) -> dict[str, Any]:
    """Build plate and strokes; returns where they are."""
    left, right = footprint.u_distal
    cell = min(CELL_MM, (right - left - 2) / text_width(label, 1.0))
    width, height = text_width(label, cell) + 2, ROWS * cell + 1.6
    u, v = (left + right) / 2, sum(footprint.label) / 2
    bone = footprint.over((u - width / 2, u + width / 2), (v - height / 2, v + height / 2))
    face = float(bone.max()) + chosen.bone_clearance_mm + chosen.shell_thickness_mm + 0.7
    parts.added.append(
        box((u - width / 2, v - height / 2, float(bone.min()) - 1), (u + width / 2, v + height / 2, face))
    )
    strokes = text_solid(label, cell, DEPTH_MM + OVERSHOOT_MM)
    parts.cut.append(strokes.translate((u, v, face - DEPTH_MM)))
    return {
        "point": rounded(footprint.to_world(np.array([u, v, face]))),
        "direction": rounded(footprint.withdrawal),
        "along": rounded(footprint.basis[:, 0]),
        "width_mm": round(width, 3),
        "height_mm": round(height, 3),
        "depth_mm": DEPTH_MM,
        "font_mm": round(ROWS * cell, 3),
    }
