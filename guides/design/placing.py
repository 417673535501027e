"""Places for the guide: withdrawal directions and outlines that fit the bone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from guides.design.footprint import Footprint, lowest_of
from guides.design.planes import SawPlane
from guides.design.presets import Settings
from guides.design.room import Face, face_from, narrowed
from guides.design.second_cut import behind_second, second_cut, second_plane
from guides.design.wire_places import find_pair
from guides.errors import InputError
from guides.landmarks import Landmarks, unit
from guides.measures import Axes, Points, axes
from guides.osteotomy import ClosingWedge, Osteotomy, read_osteotomy

FORWARD_DEG = {1: (10.0, 16.0, 22.0, 28.0, 34.0), -1: (10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0)}
"""Withdrawal directions forward of medial (an opening wedge) or lateral (a closing one), in the cut plane:
further forward the saw would run towards the vessels behind the knee; less far the pes anserinus and the
skin behind the incision, or the fibula, are in the way."""

EXTENSIONS = (1.0, 0.5, 0.0)
"""Shares of the wanted contact beyond the wires."""

NECK_MM = 6.0
"""Below the lowest slot the outline may be narrower, as the shaft is."""

SHORTEST_SLOT_MM = {1: 18.0, -1: 14.0}
"""Between tendon and fibula the lateral face offers less, and the blade is swung."""

SHORTEST_SECOND_MM = 16.0
"""A first slot that ends at a second one swings its blade to the front."""

JOINT_MARGIN_MM = {1: 12.0, -1: 5.0}
"""Kept free below the joint line; a closing wedge lies closer to it."""

CORNER_MARGIN_MM = 4.0
"""Kept free below the lower plateau by every corner of the contact face that more contact would add."""

SLOT_END_MM = (4.0, 5.0)
"""Outline beyond each end of the slot: least, and where there is room."""

NEAREST_DISTAL_MM = 16.0
"""How close to the cut the distal wires come where little of the shaft is in view; the label still fits."""

SHY_MM = 6.0
"""Of the bone's lower end, free of contact beyond the wires, besides the 4 mm that are free of all: within
5 mm of its end a reconstruction from X-rays is rounded off and 4 mm off the bone (root mean square)."""

BETWEEN_SLOTS_MM = 2.0

NEAR_MM = 90.0
"""What lies further from the cut is not looked at."""


@dataclass(frozen=True)
class Place:
    """A footprint and its withdrawal direction, degrees forward of medial (or lateral) in the cut plane."""

    footprint: Footprint
    forward_deg: float


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


def find_footprints(
    tibia: trimesh.Trimesh, fibula: trimesh.Trimesh | None, document: Mapping[str, Any], settings: Settings
) -> list[Place]:
    """Places for the guide on the face of the tibia where the planned wedge opens or closes, astride the cut.

    Returns:
        At least one.

    Raises:
        InputError: ``bone_too_small`` when the face has no room for slot and wires, ``cut_outside_bone``,
            ``wedge_too_thin`` or ``no_second_cut``.
    """
    osteotomy = read_osteotomy(document["osteotomy"])
    points = Landmarks.from_document(document["landmarks"]).positions()
    heights = ((np.asarray(tibia.vertices) - osteotomy.plane_point) @ osteotomy.plane_normal)[tibia.faces]
    near = (heights.min(axis=1) < NEAR_MM) & (heights.max(axis=1) > -NEAR_MM)
    if not near.any():
        near[:] = True
    part = trimesh.Trimesh(tibia.vertices, tibia.faces[near], process=False)
    part.remove_unreferenced_vertices()
    second = second_cut(document) if settings.second_slot else None
    case = _Case(part, fibula, osteotomy, second, points, axes(points, document["side"]), settings)
    found: list[Place] = []
    refusal: InputError | None = None
    for angle in FORWARD_DEG[osteotomy.GAP_SIGN]:
        try:
            found += [Place(footprint, angle) for footprint in _from_direction(case, angle)]
        except InputError as error:
            # All directions fail for much the same reason; the first is told.
            refusal = refusal or error
    if not found:
        assert refusal is not None
        raise refusal
    return found


def _from_direction(case: _Case, angle: float) -> list[Footprint]:
    """The footprints with one withdrawal direction; at least one."""
    osteotomy, settings = case.osteotomy, case.settings
    normal, outward = osteotomy.plane_normal, osteotomy.medial_direction * osteotomy.GAP_SIGN
    anterior = case.leg.anterior
    forward = unit(anterior - (anterior @ normal) * normal - (anterior @ outward) * outward)
    turn = np.radians(angle)
    direction = unit(outward * np.cos(turn) + forward * np.sin(turn))
    around = settings.sleeve_diameter_mm / 2
    low = -(case.wedge_mm + settings.distal_wire_mm + around + 3)
    high = settings.proximal_wire_mm + around + 2
    reach = (low - settings.distal_reach_mm, high + settings.proximal_contact_mm)
    face = face_from(case.tibia, case.fibula, osteotomy, case.points, case.leg, direction, reach)
    local = (np.asarray(case.tibia.vertices) - face.origin) @ face.basis
    floor = float(local[:, 1][np.abs(local[:, 2]) < 25].min()) + 4
    edge = case.points["plateau_medial_edge" if osteotomy.GAP_SIGN > 0 else "plateau_lateral_edge"]
    ceiling = float((edge - face.origin) @ normal) - JOINT_MARGIN_MM[osteotomy.GAP_SIGN]
    # Where joint or end of the view are close, the wires come closer to the cut.
    high = float(np.clip(ceiling, min(_closest(settings) + around + 1, high), high))
    nearest = -(case.wedge_mm + min(NEAREST_DISTAL_MM, settings.distal_wire_mm) + around + 3)
    low = float(np.clip(floor, low, nearest))
    if low < floor or high > ceiling:
        raise InputError(
            "bone_too_small",
            f"The tibia in view has no room for the guide: {-floor:.0f} mm below and {ceiling:.0f} mm above"
            f" the cut, {-low:.0f} and {high:.0f} mm needed",
            "Bring the wires closer to the cut, or use images that show more of the shaft",
        )
    # Where the cut climbs steeply, a corner comes nearer to the joint than the middle of the guide.
    plateau = min(
        float((case.points[name] - face.origin) @ face.basis @ face.up)
        for name in ("plateau_medial", "plateau_lateral")
    )
    along_leg = face.grid_u[:, None] * face.up[0] + face.grid_v * face.up[1] + face.height * face.up[2]
    found: list[Footprint] = []
    refusal: InputError | None = None
    for share in EXTENSIONS:
        ends = (
            min(low, max(low - share * settings.distal_reach_mm, floor + SHY_MM)),
            min(high + share * settings.proximal_contact_mm, ceiling),
        )
        try:
            footprint = _outlined(case, face, (low, high), ends)
        except InputError as error:
            refusal = refusal or error
            continue
        rows = (face.grid_u > footprint.u[0]) & (face.grid_u < footprint.u[1])
        columns = (face.grid_v > ends[0]) & (face.grid_v < ends[1])
        if (
            np.nanmax(along_leg[np.ix_(rows, columns)]) > plateau - CORNER_MARGIN_MM
            and share > EXTENSIONS[-1]
        ):
            continue
        found.append(footprint)
    if not found:
        assert refusal is not None
        raise refusal
    return found


def _closest(settings: Settings) -> float:
    """How close to the cut a wire may run: beside the wall of the slot, into which its sleeve reaches."""
    return settings.slot_thickness_mm / 2 + settings.slot_wall_mm + settings.sleeve_diameter_mm / 2 - 0.5


def _outlined(case: _Case, face: Face, wired: tuple[float, float], ends: tuple[float, float]) -> Footprint:
    """Slot, wires and outline on one face; ``wired`` are the limits along v that the wires need."""
    settings = case.settings
    planes = _planes(case, face)
    lower = float(planes[1].origin[1]) if case.osteotomy.GAP_SIGN < 0 else 0.0
    neck = lower - NECK_MM
    upper_run, lower_run = face.run((neck, ends[1])), face.run((ends[0], neck))
    least_end, best_end = SLOT_END_MM
    upper = narrowed(upper_run, settings.slot_width_mm + 2 * (best_end + settings.side_contact_mm))
    distal = (max(lower_run[0], upper[0]), min(lower_run[1], upper[1]))
    around = settings.sleeve_diameter_mm / 2
    proximal, distal_v = max(wired[1] - around - 2, _closest(settings)), wired[0] + around + 3
    shortest = SHORTEST_SLOT_MM[case.osteotomy.GAP_SIGN]
    slot_end = float(np.clip((upper[1] - upper[0] - shortest) / 2, least_end, best_end))
    slot = narrowed((upper[0] + slot_end, upper[1] - slot_end), settings.slot_width_mm)
    for_wires = upper
    if case.second is not None:
        slot, for_wires = behind_second(face, planes[-1], settings, slot, upper, proximal)
        shortest = SHORTEST_SECOND_MM
    for name, room, least in (
        ("at", slot[1] - slot[0] + 2 * slot_end, shortest + 2 * slot_end),
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
    wall = settings.slot_thickness_mm / 2 + settings.slot_wall_mm
    label = (distal_v + around, lower - wall - (1.5 if lower else 0.0))
    rows = (face.grid_u >= upper[0]) & (face.grid_u <= upper[1])
    columns = (face.grid_v >= ends[0]) & (face.grid_v <= ends[1])
    heights = face.height[np.ix_(rows, columns)]
    bottom = lowest_of(heights[np.isfinite(heights)])
    wires = np.vstack(
        [
            find_pair(face, room, v, bottom, settings)
            for room, v in ((for_wires, proximal), (distal, distal_v))
        ]
    )
    nothing = np.zeros_like(face.height)
    return Footprint(
        face.origin, face.basis, upper, distal, ends, neck, face.grid_u, face.grid_v, face.height, face.front,
        tuple(planes), slot, slot_end, label, wires, nothing > 0, nothing, nothing > 0, nothing > 0,
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
        planes.append(second_plane(face, case.second))
    return planes
