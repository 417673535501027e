"""Printed helps beside the guide: a spacer as the wedge should be, and a gauge for the angle of the wires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import manifold3d
import numpy as np
import trimesh

from guides.bones import Array
from guides.design.label import ROWS, text_solid, text_width
from guides.landmarks import rotate, unit
from guides.osteotomy import Osteotomy
from guides.solids import checked, to_printable

SPACER_REACH_MM, SPACER_WIDTH_MM = 30.0, 16.0
HANDLE_MM = 22.0
GAUGE_LENGTH_MM, GAUGE_THICK_MM = 60.0, 4.0
CELL_MM, DEPTH_MM = 0.6, 1.0
LEAST_MM = 1.2
"""Thinnest edge of a spacer: it begins where the wedge is so thick."""


def spacer(osteotomy: Osteotomy, label: str) -> trimesh.Trimesh:
    """The wedge between the cuts, from its outer edge inwards, with a handle; in its own coordinates, mm.

    x points out of the bone with the hinge's axis at x = 0, y across the wedge, z along the hinge's axis.
    """
    half = np.tan(np.radians(osteotomy.correction_deg) / 2)
    end = osteotomy.cut_depth_mm
    start = max(end - SPACER_REACH_MM, LEAST_MM / 2 / half)
    thick = max(end * half, 4.0)
    corners = [(start, -start * half), (end, -end * half), (end, end * half), (start, start * half)]
    wedge = manifold3d.Manifold.extrude(manifold3d.CrossSection([np.array(corners)]), SPACER_WIDTH_MM)
    handle = manifold3d.Manifold.cube((HANDLE_MM + 0.5, 2 * thick, SPACER_WIDTH_MM))
    body = wedge + handle.translate((end - 0.5, -thick, 0))
    cell = min(CELL_MM, (HANDLE_MM - 2) / text_width(label, 1.0), (SPACER_WIDTH_MM - 2) / ROWS)
    text = text_solid(label, cell, DEPTH_MM + 1).translate(
        (end + HANDLE_MM / 2, 0, SPACER_WIDTH_MM - DEPTH_MM)
    )
    if 2 * thick > ROWS * cell + 1:
        body = body - text
    return to_printable(checked(body, "the spacer"))


def gauge(report: Mapping[str, Any], osteotomy: Osteotomy, label: str) -> tuple[trimesh.Trimesh, float]:
    """A plate whose long edges lie along a proximal and a distal wire once the correction is reached.

    Returns:
        The plate in its own coordinates, x outwards along the proximal wire, and the angle of its edges.
    """
    wires = {wire["name"]: wire for wire in report["wires"]}
    upper, lower = wires["proximal 1"], wires["distal 1"]
    axis = osteotomy.hinge_axis

    def flat(vector: Array) -> Array:
        return np.asarray(vector - (vector @ axis) * axis)

    def turned(vector: Array) -> Array:
        return np.asarray(rotate(vector, axis, osteotomy.correction_deg))

    out = unit(flat(-np.asarray(upper["direction"], dtype=float)))
    down = np.cross(axis, out)
    below = osteotomy.hinge_point + turned(np.asarray(lower["point"]) - osteotomy.hinge_point)
    apart = flat(below - np.asarray(upper["point"]))
    down = down * np.sign(apart @ down)
    other = unit(flat(turned(-np.asarray(lower["direction"], dtype=float))))
    slope = float((other @ down) / (other @ out))
    thick = float(upper["diameter_mm"])
    # Between the near sides of two round wires, at the height where the upper one enters the bone.
    near = float(apart @ down) - float(apart @ out) * slope - thick / 2 * (1 + np.hypot(1, slope))
    corners = [
        (0, 0), (0, -near), (GAUGE_LENGTH_MM, -near - slope * GAUGE_LENGTH_MM), (GAUGE_LENGTH_MM, 0)
    ]  # fmt: skip
    body = manifold3d.Manifold.extrude(manifold3d.CrossSection([np.array(corners)]), GAUGE_THICK_MM)
    text = text_solid(label, 1.0, DEPTH_MM + 1)
    body = body - text.translate((GAUGE_LENGTH_MM / 2, -near / 2, GAUGE_THICK_MM - DEPTH_MM))
    return to_printable(checked(body, "the gauge")), float(np.degrees(np.arctan(slope)))
