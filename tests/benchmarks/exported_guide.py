"""Checks of an exported guide by trimesh and numpy alone: nothing of the designer or of its own checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

STEP_MM = 0.25
SWEEP_MM = 25.0
SLOT_DEG, SLOT_MM, WIRE_DEG = 0.05, 0.05, 0.05
OVERLAP_MM3 = 1e-3

Array = np.ndarray[Any, np.dtype[np.float64]]


def examine(folder: Path, bone: Path, plan: Mapping[str, Any], *, sweep: bool = True) -> dict[str, Any]:
    """Measure guide.stl and guide.3mf of a design against its bone and plan.

    Returns:
        ``faults``, a list of words, and the measures: overlap, clearance mean and p95, angles, distances.
    """
    tibia = trimesh.load_mesh(bone)
    faults: list[str] = []
    for name in ("guide.stl", "guide.3mf"):
        mesh = trimesh.load_mesh(folder / name)
        if not (mesh.is_watertight and mesh.is_winding_consistent):
            faults.append(f"{name} is open")
        if mesh.body_count != 1:
            faults.append(f"{name} has {mesh.body_count} parts")
    guide = trimesh.load_mesh(folder / "guide.stl")
    report = _report(folder)
    near = _near(tibia, guide)
    common = trimesh.boolean.intersection([guide, tibia], engine="manifold")
    found: dict[str, Any] = {"overlap_mm3": float(common.volume) if len(common.faces) else 0.0}
    if found["overlap_mm3"] > OVERLAP_MM3:
        faults.append("overlap")
    out = np.asarray(report["withdrawal_direction"])
    found["clearance_mean_mm"], found["clearance_p95_mm"] = clearance(guide, near, out)
    normal, point = (np.asarray(plan["osteotomy"][name]) for name in ("plane_normal", "plane_point"))
    found["slot_deg"], found["slot_mm"] = slot_error(guide, point, normal)
    if not (found["slot_deg"] < SLOT_DEG and found["slot_mm"] < SLOT_MM):
        faults.append("slot")
    found["wire_deg"] = max(wire_error(guide, wire) for wire in report["wires"])
    if not found["wire_deg"] < WIRE_DEG:
        faults.append("wire")
    found["touches"] = touches(guide, near, out) if sweep else None
    if found["touches"]:
        faults.append("withdrawal")
    return found | {"faults": faults}


def _report(folder: Path) -> dict[str, Any]:
    import json

    report: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    return report


def _near(tibia: trimesh.Trimesh, guide: trimesh.Trimesh) -> trimesh.Trimesh:
    """The part of the bone that the guide can meet, as it is: open where it was cut off."""
    low, high = guide.bounds
    corners = tibia.triangles
    keep = ((corners.max(axis=1) > low - 30) & (corners.min(axis=1) < high + 30)).all(axis=1)
    return trimesh.Trimesh(tibia.vertices, tibia.faces[keep], process=False)


def clearance(guide: trimesh.Trimesh, bone: trimesh.Trimesh, out: Array) -> tuple[float, float]:
    """Mean and 95th percentile of the gap of the faces that look into the bone and lie close to it, mm."""
    inward = guide.face_normals @ out < -0.3
    part = trimesh.Trimesh(guide.vertices, guide.faces[inward], process=False)
    points, _ = trimesh.sample.sample_surface(part, 600, seed=0)
    _, gaps, _ = trimesh.proximity.closest_point(bone, points)
    # What lies further off is rim and base, and not meant to touch.
    close = gaps[gaps < 1.0]
    return float(close.mean()), float(np.percentile(close, 95))


def slot_error(guide: trimesh.Trimesh, point: Array, normal: Array) -> tuple[float, float]:
    """Angle and distance between the slot's middle plane and a planned one, from the two nearest walls."""
    offset = (guide.triangles_center - point) @ normal
    facing = guide.face_normals @ normal
    planes = []
    for sign in (1.0, -1.0):
        wall = (sign * facing < -np.cos(np.radians(1))) & (sign * offset > 0) & (sign * offset < 1.5)
        if not wall.any():
            return float("inf"), float("inf")
        area = guide.area_faces[wall]
        mean = np.average(guide.face_normals[wall], axis=0, weights=area)
        planes.append((mean / np.linalg.norm(mean), np.average(offset[wall], weights=area)))
    (above, high), (below, low) = planes
    middle = (below - above) / np.linalg.norm(below - above)
    angle = np.degrees(np.arctan2(np.linalg.norm(np.cross(middle, normal)), middle @ normal))
    return float(angle), float(abs(high + low) / 2)


def wire_error(guide: trimesh.Trimesh, wire: Mapping[str, Any]) -> float:
    """Angle between a hole's axis, square to the normals of its faces, and the planned one, degrees."""
    point, direction = np.asarray(wire["point"]), np.asarray(wire["direction"])
    arm = guide.triangles_center - point
    along = arm @ direction
    radius = np.linalg.norm(arm - along[:, None] * direction, axis=1)
    hole = (radius < wire["hole_diameter_mm"] / 2 + 0.05) & (along > -wire["guided_mm"]) & (along < 0)
    # Only the bore: the contact face may reach into its mouth.
    hole &= np.abs(guide.face_normals @ direction) < np.sin(np.radians(3))
    if hole.sum() < 12:
        return float("inf")
    weighted = guide.face_normals[hole] * np.sqrt(guide.area_faces[hole])[:, None]
    axis = np.linalg.svd(weighted, full_matrices=False)[2][-1]
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(axis, direction)), abs(axis @ direction))))


def touches(guide: trimesh.Trimesh, bone: trimesh.Trimesh, out: Array) -> int:
    """Steps of the way out, every ``STEP_MM``, at which a point of either lies within the other.

    Inside and outside by counting what a ray along the way out crosses: the same ray serves every step.
    """
    count = 0
    spots = np.vstack([guide.vertices, guide.triangles_center])
    low, high = spots.min(axis=0) - 1, spots.max(axis=0) + 1 + SWEEP_MM
    there = np.vstack([bone.vertices, bone.triangles_center])
    there = there[((there > low - SWEEP_MM) & (there < high)).all(axis=1)]
    spans = [(_crossings(bone, spots, out), 1.0), (_crossings(guide, there, -out), 1.0)]
    for step in np.arange(0, SWEEP_MM, STEP_MM):
        inside = False
        for crossings, _ in spans:
            # Having moved so far, a point is inside when an odd number of crossings lies ahead of it.
            inside |= any(np.sum(depths > step) % 2 == 1 for depths in crossings if len(depths))
        count += inside
    return count


def _crossings(mesh: trimesh.Trimesh, points: Array, direction: Array) -> list[Array]:
    """For every point that has any, the distances at which a ray from it crosses the mesh."""
    rays = np.broadcast_to(direction, points.shape)
    hit = mesh.ray.intersects_any(points, rays)
    places, index, _ = mesh.ray.intersects_location(points[hit], rays[hit])
    depths = (places - points[hit][index]) @ direction
    return [np.sort(depths[index == ray]) for ray in range(int(hit.sum()))]
