"""The ascending second cut of a biplanar osteotomy, and what it leaves of the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from guides.design.planes import SawPlane
from guides.design.presets import Settings
from guides.design.room import Face, crossing
from guides.errors import InputError


def second_cut(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ascending cut of a plan.

    Raises:
        InputError: ``no_second_cut``.
    """
    cut: Mapping[str, Any] | None = document["osteotomy"].get("ascending")
    if cut is None:
        raise InputError(
            "no_second_cut",
            "The plan holds no ascending second cut that a slot could follow",
            "Leave the tuberosity with the distal fragment, or do without the second slot",
        )
    return cut


def second_plane(face: Face, cut: Mapping[str, Any]) -> SawPlane:
    """The saw plane of the second cut where it leaves the bone.

    Raises:
        InputError: ``no_second_cut``.
    """
    normal = np.asarray(cut["plane_normal"], dtype=float) @ face.basis
    point = (np.asarray(cut["plane_point"], dtype=float) - face.origin) @ face.basis
    meets = crossing(face, lambda points: (points - point) @ normal, 4.0)
    if not meets:
        raise InputError(
            "no_second_cut",
            "The second cut does not leave the bone where the guide lies",
            "Do without the second slot, or check the tuberosity",
        )
    u = min(meets, key=lambda at: face.front * at)
    column = int(np.argmin(np.abs(face.grid_v - 4.0)))
    at = np.array([u, 4.0, face.height[int(np.argmin(np.abs(face.grid_u - u))), column]])
    return SawPlane.of("second cut", at - ((at - point) @ normal) * normal, normal)


def behind_second(
    face: Face,
    plane: SawPlane,
    settings: Settings,
    slot: tuple[float, float],
    upper: tuple[float, float],
    wires_v: float,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Slot and room of the proximal wires, ended behind the second cut, whose slot leans backwards."""
    normal = plane.basis[:, 1]

    def at(v: float, above: float) -> float:
        """u of the plane over the bone at a height along v and w."""
        w = plane.origin[2] + above
        return float(
            plane.origin[0]
            - (normal[1] * (v - plane.origin[1]) + normal[2] * (w - plane.origin[2])) / normal[0]
        )

    first = at(0.0, 0.0)
    clear = settings.slot_thickness_mm / 2 + settings.hole_diameter_mm / 2 + settings.sleeve_wall_mm
    wire = face.front * at(wires_v, settings.sleeve_length_mm) - clear + settings.sleeve_diameter_mm / 2 + 1
    if face.front > 0:
        return (slot[0], min(slot[1], first)), (upper[0], min(upper[1], wire))
    return (max(slot[0], first), slot[1]), (max(upper[0], -wire), upper[1])
