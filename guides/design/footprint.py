"""Where the guide sits: withdrawal direction, local frame, outline on the bone, places of the wires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from guides.bones import Array, height_map
from guides.design.presets import Settings
from guides.errors import InputError
from guides.landmarks import Landmarks, Side, unit
from guides.measures import axes
from guides.osteotomy import Osteotomy

STEP_MM = 0.5
STEEPEST = float(np.sin(np.radians(20)))
"""Contact counts where the outward normal and the withdrawal direction agree at least this far."""

TENDON_MARGIN_MM = 9.0
"""Kept free on the medial side of the tuberosity for the patellar tendon."""

NECK_MM = -6.0
"""Height below which the outline may be narrower, as the shaft is."""

NARROWEST_SLOT_MM = 28.0

FORWARD_DEG = (10.0, 40.0)
"""Range of the withdrawal direction forward of medial, in the cut plane."""

JOINT_MARGIN_MM = 12.0
"""Kept free below the medial joint line."""


@dataclass(frozen=True)
class Footprint:
    """The guide's local frame and extent.

    Local axes: u front to back along the bone (either way), v square to the cut towards proximal, w the
    withdrawal direction, outwards. The cut plane is v = 0.

    Attributes:
        origin: world point of the local origin, in the cut plane.
        basis: (3, 3) columns u, v, w in LPS, right-handed.
        u: low and high limit of the contact outline about and above the slot, mm.
        u_distal: low and high limit below it, within ``u``.
        v: low and high limit.
        grid_u: nodes of the height map.
        grid_v: nodes of the height map.
        height: (U, V) bone height along w over the nodes; NaN beside the bone.
        wires: (4, 2) u and v of the wires: two proximal, two distal.
    """

    origin: Array
    basis: Array
    u: tuple[float, float]
    u_distal: tuple[float, float]
    v: tuple[float, float]
    grid_u: Array
    grid_v: Array
    height: Array
    wires: Array

    @property
    def withdrawal(self) -> Array:
        """Unit direction in which the guide leaves the bone, LPS."""
        return np.asarray(self.basis[:, 2])

    def to_world(self, local: Array) -> Array:
        """Local (..., 3) points to LPS."""
        return np.asarray(self.origin + local @ self.basis.T)

    def to_local(self, world: Array) -> Array:
        """LPS (..., 3) points to local."""
        return np.asarray((world - self.origin) @ self.basis)

    def over(self, u: tuple[float, float], v: tuple[float, float]) -> Array:
        """Bone heights inside a rectangle, mm."""
        rows = (self.grid_u >= u[0]) & (self.grid_u <= u[1])
        columns = (self.grid_v >= v[0]) & (self.grid_v <= v[1])
        patch = self.height[np.ix_(rows, columns)]
        return np.asarray(patch[np.isfinite(patch)])


def find_footprint(
    tibia: trimesh.Trimesh, osteotomy: Osteotomy, landmarks: Landmarks, side: Side, settings: Settings
) -> Footprint:
    """Place the guide on the anteromedial face of the tibia, astride the cut.

    Raises:
        InputError: ``bone_too_small`` when the face has no room for slot and wires, ``cut_outside_bone``.
    """
    points = landmarks.positions()
    frame = axes(points, side)
    anterior = frame.anterior
    normal = osteotomy.plane_normal
    withdrawal = _withdrawal(tibia, osteotomy, points["tuberosity"], anterior)
    basis = np.column_stack([np.cross(normal, withdrawal), normal, withdrawal])
    origin = osteotomy.start_point - normal * ((osteotomy.start_point - osteotomy.plane_point) @ normal)
    local = (np.asarray(tibia.vertices) - origin) @ basis
    # Only the part of the bone about the cut is looked at; its outline in u sets the grid.
    near = local[np.abs(local[:, 1]) < 45]
    if not len(near):
        raise InputError("cut_outside_bone", "The planned cut does not run through the tibia", "Plan again")
    grid_u = np.arange(near[:, 0].min(), near[:, 0].max(), STEP_MM)
    low_v = -(settings.distal_wire_mm + settings.sleeve_diameter_mm / 2 + 3)
    high_v = settings.proximal_wire_mm + settings.sleeve_diameter_mm / 2 + 2
    floor = float(local[:, 1][np.abs(local[:, 2]) < 25].min()) + 4
    ceiling = float((points["plateau_medial_edge"] - origin) @ normal) - JOINT_MARGIN_MM
    if low_v < floor or high_v > ceiling:
        raise InputError(
            "bone_too_small",
            f"The tibia in view has no room for the guide: {-floor:.0f} mm below and {ceiling:.0f} mm above"
            f" the cut, {-low_v:.0f} and {high_v:.0f} mm needed",
            "Bring the wires closer to the cut, or use images that show more of the shaft",
        )
    grid_v = np.arange(low_v - 6, high_v + 6, STEP_MM)
    height = height_map(tibia, basis[:, 0], basis[:, 1], basis[:, 2], grid_u + origin @ basis[:, 0],
                        grid_v + origin @ basis[:, 1]) - origin @ basis[:, 2]  # fmt: skip
    sign = float(np.sign(anterior @ basis[:, 0]))
    tuberosity, up = (points["tuberosity"] - origin) @ basis, frame.up @ basis

    def room(rows: tuple[float, float]) -> tuple[float, float]:
        # The tendon runs up the leg from the tuberosity, not square to the cut.
        tendon = min(sign * (tuberosity[0] + (v - tuberosity[1]) * up[0] / up[1]) for v in rows)
        return _room(grid_u, grid_v, height, rows, sign, float(tendon) - TENDON_MARGIN_MM)

    upper, lower = room((NECK_MM, high_v)), room((low_v, NECK_MM))
    upper = _narrowed(upper, settings.slot_width_mm + 10)
    lower = (max(lower[0], upper[0]), min(lower[1], upper[1]))
    narrowest = 2 * settings.sleeve_diameter_mm + 3
    for name, (left, right), least in (("at", upper, NARROWEST_SLOT_MM), ("below", lower, narrowest)):
        if right - left < least:
            raise InputError(
                "bone_too_small",
                f"The medial face offers only {max(right - left, 0):.0f} mm {name} the cut,"
                f" {least:.0f} mm are needed",
                "Check side and landmarks, above all the tuberosity",
            )
    wires = np.vstack(
        [
            _pair(upper, settings.proximal_wire_mm, settings),
            _pair(lower, -settings.distal_wire_mm, settings),
        ]
    )
    return Footprint(origin, basis, upper, lower, (low_v, high_v), grid_u, grid_v, height, wires)


def _narrowed(room: tuple[float, float], width: float) -> tuple[float, float]:
    middle, half = (room[0] + room[1]) / 2, min(width, room[1] - room[0]) / 2
    return middle - half, middle + half


def _pair(room: tuple[float, float], v: float, settings: Settings) -> Array:
    """Two wires side by side, as far apart as wanted or as the outline allows."""
    widest = room[1] - room[0] - settings.sleeve_diameter_mm - 2
    middle, half = (room[0] + room[1]) / 2, min(settings.wire_spacing_mm, widest) / 2
    return np.array([[middle - half, v], [middle + half, v]])


def _withdrawal(tibia: trimesh.Trimesh, osteotomy: Osteotomy, tuberosity: Array, anterior: Array) -> Array:
    """Direction in the cut plane along the mean outward normal of the face between tuberosity and back.

    Held between 10 and 40 degrees forward of medial: further forward the saw would run towards the vessels
    behind the knee, less far the pes anserinus and the skin behind the incision are in the way.
    """
    normal, medial = osteotomy.plane_normal, osteotomy.medial_direction
    forward = unit(anterior - (anterior @ normal) * normal - (anterior @ medial) * medial)
    centres = tibia.triangles_center
    offset = (centres - osteotomy.plane_point) @ normal
    near = (offset > -25) & (offset < 16)
    centres, facing, area = centres[near], tibia.face_normals[near], tibia.area_faces[near]
    angle = 25.0
    for _ in range(6):
        turn = np.radians(angle)
        direction = medial * np.cos(turn) + forward * np.sin(turn)
        across = forward * np.cos(turn) - medial * np.sin(turn)
        free = centres @ across < tuberosity @ across - TENDON_MARGIN_MM
        seen = free & (facing @ direction > np.cos(np.radians(60)))
        mean = (facing[seen] * area[seen, None]).sum(axis=0)
        angle = float(np.clip(np.degrees(np.arctan2(mean @ forward, mean @ medial)), *FORWARD_DEG))
    return unit(medial * np.cos(np.radians(angle)) + forward * np.sin(np.radians(angle)))


def _room(
    grid_u: Array, grid_v: Array, height: Array, v: tuple[float, float], sign: float, tendon: float
) -> tuple[float, float]:
    """Widest run of u between two heights where the bone faces outwards and the tendon is clear."""
    du, dv = np.gradient(height, STEP_MM)
    facing = 1 / np.sqrt(1 + du**2 + dv**2)
    rows = (grid_v > v[0]) & (grid_v < v[1])
    share = np.mean(np.nan_to_num(facing[:, rows]) > STEEPEST, axis=1)
    free = (share > 0.8) & (sign * grid_u < tendon)
    best: tuple[float, float] = (0.0, 0.0)
    start: int | None = None
    for index in range(len(free) + 1):
        inside = index < len(free) and bool(free[index])
        if inside and start is None:
            start = index
        elif not inside and start is not None:
            run = (float(grid_u[start]), float(grid_u[index - 1]))
            best = max(best, run, key=lambda pair: pair[1] - pair[0])
            start = None
    return best
