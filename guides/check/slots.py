"""Whether the slots found in the printed faces are the planned cuts, free, walled, and end at the hinge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import trimesh

from guides.bones import Array, Flags
from guides.check.rays import struck
from guides.check.verdict import Check, verdict
from guides.osteotomy import ClosingWedge, Osteotomy

SLOT_ANGLE_DEG = 0.05
SLOT_DISTANCE_MM = 0.05
THINNEST_SLOT_MM = 0.6
THINNEST_WALL_MM = 2.0
LONGEST_BLADE_MM = 110.0
_REMEDY = "Design the guide again from this plan; a slot beside its plan must not be printed"


def planned_planes(osteotomy: Osteotomy, document: Mapping[str, Any]) -> dict[str, tuple[Array, Array]]:
    """Point and unit normal of every cut of a plan by the name of its slot."""
    planes = {"cut": (osteotomy.plane_point, osteotomy.plane_normal)}
    if isinstance(osteotomy, ClosingWedge):
        planes["lower cut"] = (osteotomy.hinge_point, osteotomy.distal_plane_normal)
    second = document["osteotomy"].get("ascending")
    if second is not None:
        normal = np.asarray(second["plane_normal"], dtype=float)
        planes["second cut"] = (
            np.asarray(second["plane_point"], dtype=float),
            normal / np.linalg.norm(normal),
        )
    return planes


def slot_plane(guide: trimesh.Trimesh, name: str, point: Array, normal: Array) -> list[Check]:
    """Find the two slot walls among the faces and compare their middle plane with the plan."""
    ending = "" if name == "cut" else f"_{name.replace(' ', '_')}"
    offset = (guide.triangles_center - point) @ normal
    parallel = guide.face_normals @ normal
    # The wall above the slot looks down (-normal) and the one below looks up.
    walls = []
    for sign in (-1, 1):
        wall = (sign * parallel > np.cos(np.radians(2))) & (-sign * offset > 0) & (-sign * offset < 2.0)
        walls.append(wall)
    area = [float(guide.area_faces[wall].sum()) for wall in walls]
    if min(area) < 50:
        message = f"No saw slot was found at the {'cut plane' if name == 'cut' else name}"
        return [
            verdict(f"slot_plane_angle{ending}", False, None, SLOT_ANGLE_DEG, "deg", message, remedy=_REMEDY)
        ]
    fits = [_fit_wall(guide, wall) for wall in walls]
    found = fits[1][1] - fits[0][1]
    found = found / np.linalg.norm(found)
    angle = float(np.degrees(np.arccos(np.clip(found @ normal, -1, 1))))
    centre = (fits[0][0] + fits[1][0]) / 2
    distance = abs(float((fits[0][0] - point) @ normal + (fits[1][0] - point) @ normal)) / 2
    thickness = float((fits[0][0] - fits[1][0]) @ found)
    return [
        verdict(
            f"slot_plane_angle{ending}", angle <= SLOT_ANGLE_DEG, angle, SLOT_ANGLE_DEG, "deg",
            f"Angle between the slot and the planned {name}", place=centre, remedy=_REMEDY,
        ),
        verdict(
            f"slot_plane_distance{ending}", distance <= SLOT_DISTANCE_MM, distance, SLOT_DISTANCE_MM, "mm",
            f"Distance between the slot's middle plane and the planned {name}", place=centre, remedy=_REMEDY,
        ),
        verdict(
            f"slot_thickness{ending}", thickness >= THINNEST_SLOT_MM, thickness, THINNEST_SLOT_MM, "mm",
            "Opening of the slot for the saw blade", place=centre, remedy="Choose your blade's thickness",
        ),
    ]  # fmt: skip


def _fit_wall(guide: trimesh.Trimesh, wall: Flags) -> tuple[Array, Array]:
    """Least-squares plane through the corners of the wall's faces: centre and outward unit normal."""
    weight = guide.area_faces[wall]
    corners = guide.triangles[wall].reshape(-1, 3)
    weights = np.repeat(weight, 3)
    centre = np.average(corners, axis=0, weights=weights)
    spread = (corners - centre) * np.sqrt(weights)[:, None]
    normal = np.linalg.svd(spread, full_matrices=False)[2][-1]
    outward = np.average(guide.face_normals[wall], axis=0, weights=weight)
    return centre, np.asarray(normal * np.sign(normal @ outward))


def slot_open(guide: trimesh.Trimesh, slot: Mapping[str, Any]) -> Check:
    """Rays through the whole width and thickness of the slot meet nothing."""
    ending = "" if slot.get("name", "cut") == "cut" else f"_{slot['name'].replace(' ', '_')}"
    origins, direction = _through(slot)
    blocked = struck(guide, origins, direction)
    place = origins[blocked][0] if blocked.any() else None
    return verdict(
        f"slot_open{ending}", not blocked.any(), int(blocked.sum()), 0, "", "The saw slot is free",
        place=place, remedy="Move the wires out of the saw's way, or make the slot shorter",
    )  # fmt: skip


def _through(slot: Mapping[str, Any]) -> tuple[Array, Array]:
    direction, along, normal = (
        np.asarray(slot[name], dtype=float) for name in ("direction", "along", "normal")
    )
    u = np.linspace(-0.48, 0.48, 41) * slot["width_mm"]
    v = np.linspace(-0.45, 0.45, 5) * slot["thickness_mm"]
    start = np.asarray(slot["point"]) - 5 * direction
    return (start + u[:, None, None] * along + v[None, :, None] * normal).reshape(-1, 3), direction


def slot_walls(guide: trimesh.Trimesh, slot: Mapping[str, Any]) -> Check:
    """Material on both sides of the slot, by rays from its middle plane, half way down its depth."""
    ending = "" if slot.get("name", "cut") == "cut" else f"_{slot['name'].replace(' ', '_')}"
    direction, along, normal = (
        np.asarray(slot[name], dtype=float) for name in ("direction", "along", "normal")
    )
    start = np.asarray(slot["point"]) + 0.5 * slot["depth_mm"] * direction
    origins = start + (np.linspace(-0.45, 0.45, 15) * slot["width_mm"])[:, None] * along
    thinnest, place = np.inf, None
    for sign in (1, -1):
        rays = np.broadcast_to(sign * normal, origins.shape)
        hits, index, _ = guide.ray.intersects_location(origins, rays)
        for ray in range(len(origins)):
            depths = np.sort(np.abs((hits[index == ray] - origins[ray]) @ normal))
            if len(depths) >= 2 and depths[1] - depths[0] < thinnest:
                thinnest, place = float(depths[1] - depths[0]), origins[ray]
    return verdict(
        f"slot_walls{ending}", thinnest >= THINNEST_WALL_MM, thinnest if np.isfinite(thinnest) else None,
        THINNEST_WALL_MM, "mm", "Wall beside the saw slot", place=place,
        remedy="Raise the slot wall, or plan a larger wedge",
    )  # fmt: skip


def slot_reach(slot: Mapping[str, Any], osteotomy: Osteotomy) -> Check:
    """The depth that the report tells the surgeon ends on the hinge's axis, and a blade can reach it."""
    direction = np.asarray(slot["direction"], dtype=float)
    axis, hinge = osteotomy.hinge_axis, osteotomy.hinge_point
    depth = float(slot["blade_to_hinge_mm"])
    end = np.asarray(slot["point"]) + depth * direction
    off = float(np.linalg.norm(np.cross(end - hinge, axis)))
    return verdict(
        "slot_reach", off <= 0.2 and depth <= LONGEST_BLADE_MM, depth, LONGEST_BLADE_MM, "mm",
        f"A blade {depth:.0f} mm deep, from the slot's outer face, ends at the hinge", place=hinge,
        remedy="Make the slot less deep, so that a common blade reaches the hinge",
    )  # fmt: skip
