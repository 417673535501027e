"""Choose withdrawal direction and outline: of many that fit the bone, the one with the truest cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array
from guides.design.expected import expected_error
from guides.design.footprint import Footprint
from guides.design.planes import SawPlane
from guides.design.presets import Settings
from guides.design.room import Face, crossing, face_from, narrowed
from guides.errors import InputError
from guides.landmarks import Landmarks, unit
from guides.measures import Axes, Points, axes
from guides.osteotomy import ClosingWedge, Osteotomy, read_osteotomy

FORWARD_DEG = {1: (10.0, 16.0, 22.0, 28.0, 34.0), -1: (15.0, 25.0, 35.0, 45.0)}
"""Withdrawal directions forward of medial (an opening wedge) or lateral (a closing one), in the cut plane:
further forward the saw would run towards the vessels behind the knee; less far the pes anserinus and the
skin behind the incision, or the fibula, are in the way."""

EXTENSIONS = (1.0, 0.5, 0.0)
"""Shares of the wanted contact beyond the wires."""

NECK_MM = 6.0
"""Below the lowest slot the outline may be narrower, as the shaft is."""

NARROWEST_MM = {1: 28.0, -1: 24.0}
"""Outline at the cut; between tendon and fibula the lateral face offers less, and the blade is swung."""

NARROWEST_SECOND_MM = 16.0
"""A first slot that ends at a second one swings its blade to the front."""

JOINT_MARGIN_MM = {1: 12.0, -1: 5.0}
"""Kept free below the joint line; a closing wedge lies closer to it."""

SLOT_END_MM = 5.0
"""Outline beyond each end of the slot."""

BETWEEN_SLOTS_MM = 2.0


@dataclass(frozen=True)
class _Case:
    """What stays the same for every candidate."""

    tibia: trimesh.Trimesh
    fibula: trimesh.Trimesh | None
    osteotomy: Osteotomy
    second: Mapping[str, Any] | None
    points: Points
    leg: Axes
    settings: Settings

    @property
    def wedge_mm(self) -> float:
        """Height of a closing wedge at the bone's surface."""
        return self.osteotomy.wedge_base_mm if isinstance(self.osteotomy, ClosingWedge) else 0.0


def find_footprint(
    tibia: trimesh.Trimesh, fibula: trimesh.Trimesh | None, document: Mapping[str, Any], settings: Settings
) -> Footprint:
    """Place the guide on the face of the tibia where the planned wedge opens or closes, astride the cut.

    Raises:
        InputError: ``bone_too_small`` when the face has no room for slot and wires, ``cut_outside_bone``,
            ``wedge_too_thin`` or ``no_second_cut``.
    """
    osteotomy = read_osteotomy(document["osteotomy"])
    points = Landmarks.from_document(document["landmarks"]).positions()
    near = np.abs((tibia.triangles_center - osteotomy.plane_point) @ osteotomy.plane_normal) < 70
    if not near.any():
        near = np.ones(len(tibia.faces), dtype=bool)
    part = trimesh.Trimesh(tibia.vertices, tibia.faces[near], process=False)
    part.remove_unreferenced_vertices()
    second = _second_cut(document) if settings.second_slot else None
    case = _Case(part, fibula, osteotomy, second, points, axes(points, document["side"]), settings)
    best: tuple[float, Footprint] | None = None
    refusal: InputError | None = None
    for angle in FORWARD_DEG[osteotomy.GAP_SIGN]:
        try:
            best = min((best, _from_direction(case, angle)), key=lambda one: one[0] if one else np.inf)
        except InputError as error:
            # All directions fail for much the same reason; the first is told.
            refusal = refusal or error
    if best is None:
        assert refusal is not None
        raise refusal
    return best[1]


def _second_cut(document: Mapping[str, Any]) -> Mapping[str, Any]:
    cut: Mapping[str, Any] | None = document["osteotomy"].get("ascending")
    if cut is None:
        raise InputError(
            "no_second_cut",
            "The plan holds no ascending second cut that a slot could follow",
            "Leave the tuberosity with the distal fragment, or do without the second slot",
        )
    return cut


def _from_direction(case: _Case, angle: float) -> tuple[float, Footprint]:
    """The best footprint with one withdrawal direction, and its expected error."""
    osteotomy, settings = case.osteotomy, case.settings
    normal, outward = osteotomy.plane_normal, osteotomy.medial_direction * osteotomy.GAP_SIGN
    anterior = case.leg.anterior
    forward = unit(anterior - (anterior @ normal) * normal - (anterior @ outward) * outward)
    turn = np.radians(angle)
    direction = unit(outward * np.cos(turn) + forward * np.sin(turn))
    around = settings.sleeve_diameter_mm / 2
    low = -(case.wedge_mm + settings.distal_wire_mm + around + 3)
    high = settings.proximal_wire_mm + around + 2
    reach = (low - settings.distal_contact_mm, high + settings.proximal_contact_mm)
    face = face_from(case.tibia, case.fibula, osteotomy, case.points, case.leg, direction, reach)
    local = (np.asarray(case.tibia.vertices) - face.origin) @ face.basis
    floor = float(local[:, 1][np.abs(local[:, 2]) < 25].min()) + 4
    edge = case.points["plateau_medial_edge" if osteotomy.GAP_SIGN > 0 else "plateau_lateral_edge"]
    ceiling = float((edge - face.origin) @ normal) - JOINT_MARGIN_MM[osteotomy.GAP_SIGN]
    if osteotomy.GAP_SIGN < 0:
        # The upper cut of a closing wedge lies close to the joint; its wires come as close to the slot as
        # its wall allows.
        closest = settings.slot_thickness_mm / 2 + settings.slot_wall_mm + around - 0.5
        high = float(np.clip(ceiling, closest + around + 2, high))
    if low < floor or high > ceiling:
        raise InputError(
            "bone_too_small",
            f"The tibia in view has no room for the guide: {-floor:.0f} mm below and {ceiling:.0f} mm above"
            f" the cut, {-low:.0f} and {high:.0f} mm needed",
            "Bring the wires closer to the cut, or use images that show more of the shaft",
        )
    hinge = (osteotomy.hinge_point - face.origin) @ face.basis
    found: list[tuple[float, Footprint]] = []
    refusal: InputError | None = None
    for share in EXTENSIONS:
        ends = (
            max(low - share * settings.distal_contact_mm, floor),
            min(high + share * settings.proximal_contact_mm, ceiling),
        )
        try:
            footprint = _outlined(case, face, (low, high), ends)
        except InputError as error:
            refusal = refusal or error
            continue
        rows = (face.grid_u > footprint.u[0]) & (face.grid_u < footprint.u[1])
        columns = (face.grid_v > ends[0]) & (face.grid_v < ends[1])
        patch = face.height[np.ix_(rows, columns)]
        found.append((expected_error(face.grid_u[rows], face.grid_v[columns], patch, hinge), footprint))
    if not found:
        assert refusal is not None
        raise refusal
    return min(found, key=lambda one: one[0])


def _outlined(case: _Case, face: Face, wired: tuple[float, float], ends: tuple[float, float]) -> Footprint:
    """Slot, wires and outline on one face; ``wired`` are the limits along v that the wires need."""
    settings = case.settings
    planes = _planes(case, face)
    lower = float(planes[1].origin[1]) if case.osteotomy.GAP_SIGN < 0 else 0.0
    neck = lower - NECK_MM
    upper_run, lower_run = face.run((neck, ends[1])), face.run((ends[0], neck))
    upper = narrowed(upper_run, settings.slot_width_mm + 2 * SLOT_END_MM)
    distal = (max(lower_run[0], upper[0]), min(lower_run[1], upper[1]))
    around = settings.sleeve_diameter_mm / 2
    slot, for_wires = (upper[0] + SLOT_END_MM, upper[1] - SLOT_END_MM), upper
    narrowest = NARROWEST_MM[case.osteotomy.GAP_SIGN]
    if case.second is not None:
        slot, for_wires = _behind_second(face, planes[-1], settings, slot, upper, wired[1] - around - 2)
        narrowest = NARROWEST_SECOND_MM + 2 * SLOT_END_MM
        upper_room = slot[1] - slot[0] + 2 * SLOT_END_MM
    else:
        upper_room = upper[1] - upper[0]
    for name, room, least in (
        ("at", upper_room, narrowest),
        ("below", distal[1] - distal[0], 2 * around * 2 + 3),
        ("above", for_wires[1] - for_wires[0], 2 * around * 2 + 1),
    ):
        if room < least:
            raise InputError(
                "bone_too_small",
                f"The {'medial' if case.osteotomy.GAP_SIGN > 0 else 'lateral'} face offers only"
                f" {max(room, 0):.0f} mm {name} the cut, {least:.0f} mm are needed",
                "Check side and landmarks, above all the tuberosity",
            )
    proximal, distal_v = wired[1] - around - 2, wired[0] + around + 3
    wall = settings.slot_thickness_mm / 2 + settings.slot_wall_mm
    label = (distal_v + around, lower - wall - (1.5 if lower else 0.0))
    wires = np.vstack([_pair(for_wires, proximal, settings), _pair(distal, distal_v, settings)])
    return Footprint(
        face.origin, face.basis, upper, distal, ends, neck, face.grid_u, face.grid_v, face.height, face.front,
        tuple(planes), slot, label, wires,
    )  # fmt: skip


def _planes(case: _Case, face: Face) -> list[SawPlane]:
    planes = [SawPlane("cut", np.zeros(3), np.eye(3))]
    osteotomy = case.osteotomy
    if isinstance(osteotomy, ClosingWedge):
        normal = osteotomy.distal_plane_normal @ face.basis
        hinge = (osteotomy.hinge_point - face.origin) @ face.basis
        heights = face.height[np.ix_(np.abs(face.grid_u) < 8, np.abs(face.grid_v + case.wedge_mm / 2) < 8)]
        seen = np.array([0.0, 0.0, float(np.nanmean(heights))])
        seen[1] = -((seen - hinge) @ normal) / normal[1]
        between = -seen[1] - case.settings.slot_thickness_mm
        if between < BETWEEN_SLOTS_MM:
            raise InputError(
                "wedge_too_thin",
                f"The two slots of this wedge would leave {max(between, 0):.1f} mm between them,"
                f" {BETWEEN_SLOTS_MM:g} mm are needed",
                "Plan a larger correction, or use a thinner saw blade",
            )
        planes.append(SawPlane.of("lower cut", seen, normal))
    if case.second is not None:
        normal = np.asarray(case.second["plane_normal"], dtype=float) @ face.basis
        point = (np.asarray(case.second["plane_point"], dtype=float) - face.origin) @ face.basis
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
        planes.append(SawPlane.of("second cut", at - ((at - point) @ normal) * normal, normal))
    return planes


def _behind_second(
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


def _pair(room: tuple[float, float], v: float, settings: Settings) -> Array:
    """Two wires side by side, as far apart as wanted or as the outline allows."""
    widest = room[1] - room[0] - settings.sleeve_diameter_mm - 2
    middle, half = (room[0] + room[1]) / 2, min(settings.wire_spacing_mm, widest) / 2
    return np.array([[middle - half, v], [middle + half, v]])
