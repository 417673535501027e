"""Judge an exported guide by reading its file again: topology, fit, slot, wires, withdrawal, thickness.

Nothing here trusts the designer: shape is measured on the re-imported file, and the slot is found again
in its faces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import manifold3d
import numpy as np
import trimesh
from numpy.typing import NDArray

from guides.bones import Array, Bone, BoneSet, distance, read_mesh, signed_distance
from guides.drilling import JOINT_CLEAR_MM, below_joint
from guides.errors import InputError
from guides.osteotomy import Osteotomy
from guides.plan import check_bones, plan_hash, read_plan, schema_breach
from guides.solids import from_mesh

Status = Literal["pass", "warn", "block"]
Check = dict[str, Any]

GAP_TOLERANCE_MM = 0.1
SLOT_ANGLE_DEG = 0.05
SLOT_DISTANCE_MM = 0.05
THINNEST_MM = 1.0
SMALLEST_HOLE_MM = 1.5
VOLUME_SHARE = 0.001
NEAR_MM = 6.0


def check_files(guide: Path, bones: Path, plan: Path | Mapping[str, Any]) -> list[Check]:
    """Check one exported guide (STL or 3MF) against bones and plan.

    A ``report.json`` beside the guide tells clearance, wires and withdrawal direction; without it those
    checks warn that they could not be made.

    Returns:
        One dictionary a check: name, status (pass, warn, block), value, limit, unit, message, place (LPS mm
        or None).

    Raises:
        InputError: a file cannot be read at all, or the bones are not those of the plan.
    """
    document = read_plan(plan)
    check_bones(document, bones)
    if not guide.is_file():
        raise InputError("no_guide", f"{guide} does not exist", "Design one with: python -m guides design")
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    return check_mesh_files([guide], tibia, document, _report_beside(guide))


_VECTOR = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
_SLOT = ("point", "direction", "along", "normal", "width_mm", "thickness_mm")
_WIRE = ("name", "point", "direction", "diameter_mm", "guided_mm")
_ENGRAVING = ("point", "direction", "along", "width_mm", "height_mm", "depth_mm")
_REPORT_SCHEMA = {
    "type": "object",
    "required": ["clearances_mm", "withdrawal_direction", "slot", "wires", "plan_sha256", "label"],
    "properties": {
        "clearances_mm": {
            "type": "object",
            "required": ["bone"],
            "properties": {"bone": {"type": "number"}},
        },
        "withdrawal_direction": _VECTOR,
        "slot": {"$ref": "#/$defs/part", "required": _SLOT},
        "wires": {"type": "array", "items": {"$ref": "#/$defs/part", "required": _WIRE}},
        "label": {"type": "string", "minLength": 1},
        "engraving": {"$ref": "#/$defs/part", "required": _ENGRAVING},
    },
    "$defs": {
        "part": {
            "type": "object",
            "properties": dict.fromkeys(("point", "direction", "along", "normal"), _VECTOR),
            "patternProperties": {"_mm$": {"type": "number"}, "^name$": {"type": "string"}},
        }
    },
}
"""What the checks read from a report.json."""


def _report_beside(guide: Path) -> dict[str, Any] | None:
    path = guide.parent / "report.json"
    if not path.is_file():
        return None
    try:
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
        breach = schema_breach(report, _REPORT_SCHEMA)
    except ValueError:
        breach = "not JSON"
    if breach is not None:
        raise InputError("bad_report", f"{path} is no report of a guide ({breach})", "Design the guide again")
    return report


def check_mesh_files(
    files: Sequence[Path],
    tibia: trimesh.Trimesh,
    document: Mapping[str, Any],
    report: Mapping[str, Any] | None,
) -> list[Check]:
    """All checks of the first file, and topology and agreement of the others with it."""
    meshes = [import_guide(path) for path in files]
    checks: list[Check] = []
    for path, mesh in zip(files, meshes, strict=True):
        checks += _topology(mesh, path.suffix[1:])
    first = meshes[0]
    for path, mesh in zip(files[1:], meshes[1:], strict=True):
        share = abs(mesh.volume - first.volume) / max(abs(first.volume), 1e-9)
        checks.append(
            _check(
                "same_volume", share < VOLUME_SHARE, 100 * share, 100 * VOLUME_SHARE, "%",
                f"{path.suffix[1:].upper()} and {files[0].suffix[1:].upper()} hold the same volume",
            )
        )  # fmt: skip
    if not (first.is_watertight and first.volume > 0):
        return checks
    checks.append(_overlap(first, tibia))
    osteotomy = Osteotomy.from_document(document["osteotomy"])
    checks += _slot(first, osteotomy)
    checks.append(_thickness(first, None if report is None else report.get("engraving")))
    if report is None:
        message = "No report.json beside the guide: clearance, wires, withdrawal and label were not checked"
        return [*checks, _check("report", False, None, None, "", message, failed="warn")]
    clearance = float(report["clearances_mm"]["bone"])
    direction = np.asarray(report["withdrawal_direction"], dtype=float)
    checks.append(_gap(first, tibia, clearance))
    checks.append(_withdrawal(first, tibia, direction))
    checks.append(_slot_open(first, report["slot"]))
    for wire in report["wires"]:
        checks += _wire(first, wire)
    checks += _wires_and_plan(tibia, report["wires"], document)
    matches = report["plan_sha256"] == plan_hash(document)
    checks.append(_check("plan_hash", matches, None, None, "", "The guide was designed from this plan"))
    side = report["label"].split()[0] == document["side"]
    checks.append(_check("label_side", side, None, None, "", "The engraved side is the side of the plan"))
    return checks


def import_guide(path: Path) -> trimesh.Trimesh:
    """Read an STL or 3MF as one mesh in millimetres, with equal vertices welded.

    Raises:
        InputError: ``not_a_mesh``.
    """
    mesh = read_mesh(path)
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    return mesh


def _check(
    name: str,
    good: bool | np.bool_,
    value: float | None,
    limit: float | None,
    unit: str,
    message: str,
    place: Array | None = None,
    failed: Status = "block",
) -> Check:
    return {
        "name": name,
        "status": "pass" if good else failed,
        "value": None if value is None else round(float(value), 4),
        "limit": limit,
        "unit": unit,
        "message": message,
        "place": None if place is None else [round(float(x), 3) for x in place],
    }


def _topology(mesh: trimesh.Trimesh, kind: str) -> list[Check]:
    parts = mesh.body_count
    label = kind.upper()
    return [
        _check(
            f"watertight_{kind}", mesh.is_watertight, None, None, "", f"The {label} is one closed surface"
        ),
        _check(f"parts_{kind}", parts == 1, parts, 1, "", f"The {label} holds one part"),
        _check(
            f"volume_{kind}",
            mesh.volume > 1000,
            mesh.volume,
            1000,
            "mm3",
            f"The {label} encloses a positive volume",
        ),
    ]


def _overlap(guide: trimesh.Trimesh, tibia: trimesh.Trimesh) -> Check:
    common = from_mesh(guide) ^ from_mesh(tibia)
    if common.status() != manifold3d.Error.NoError:
        return _check("overlap", False, None, 0, "mm3", "The overlap of guide and bone could not be computed")
    volume = common.volume()
    place = np.reshape(common.bounding_box(), (2, 3)).mean(axis=0) if volume > 0 else None
    return _check("overlap", volume <= 1e-3, volume, 0, "mm3", "Guide and bone do not overlap", place)


def _surface_points(mesh: trimesh.Trimesh) -> Array:
    return np.vstack([mesh.vertices, mesh.triangles_center])


def _near(points: Array, mesh: trimesh.Trimesh, margin: float) -> Array:
    low, high = mesh.bounds
    return np.asarray(points[((points > low - margin) & (points < high + margin)).all(axis=1)])


def _gap(guide: trimesh.Trimesh, tibia: trimesh.Trimesh, clearance: float) -> Check:
    """Smallest distance in both directions: guide points to bone and bone points to guide.

    Unsigned: whether they overlap is the business of the exact intersection.
    """
    contact = _surface_points(guide)
    to_bone = distance(tibia, contact)
    bone = _near(_surface_points(tibia), guide, 1.0)
    to_guide = distance(guide, bone) if len(bone) else np.array([np.inf])
    if to_bone.min() <= to_guide.min():
        smallest, place = float(to_bone.min()), contact[np.argmin(to_bone)]
    else:
        smallest, place = float(to_guide.min()), bone[np.argmin(to_guide)]
    limit = round(clearance - GAP_TOLERANCE_MM, 4)
    message = f"The smallest gap to the bone is {smallest:.2f} mm, planned {clearance:.2f} mm"
    return _check("smallest_gap", smallest >= limit, smallest, limit, "mm", message, place)


def _struck(mesh: trimesh.Trimesh, origins: Array, direction: Array) -> NDArray[np.bool_]:
    """Which of the (N, 3) rays in one direction meet the mesh."""
    ray: Any = mesh.ray
    return np.asarray(ray.intersects_any(origins, np.broadcast_to(direction, origins.shape)))


def _withdrawal(guide: trimesh.Trimesh, tibia: trimesh.Trimesh, direction: Array) -> Check:
    """Rays from the guide outwards and from the bone inwards: the guide meets no bone on its way out."""
    start = _surface_points(guide)
    forward = _struck(tibia, start, direction)
    bone = _near(_surface_points(tibia), guide, 60.0)
    backward = _struck(guide, bone, -direction)
    hits = int(forward.sum() + backward.sum())
    place = start[forward][0] if forward.any() else bone[backward][0] if backward.any() else None
    message = "The guide leaves the bone along its withdrawal direction without meeting it"
    return _check("withdrawal", hits == 0, hits, 0, "", message, place)


def _slot(guide: trimesh.Trimesh, osteotomy: Osteotomy) -> list[Check]:
    """Find the two slot walls among the faces and compare their middle plane with the plan."""
    normal, point = osteotomy.plane_normal, osteotomy.plane_point
    offset = (guide.triangles_center - point) @ normal
    parallel = guide.face_normals @ normal
    # The wall above the slot looks down (-normal) and the one below looks up.
    walls = []
    for sign in (-1, 1):
        wall = (sign * parallel > np.cos(np.radians(2))) & (-sign * offset > 0) & (-sign * offset < 2.0)
        walls.append(wall)
    area = [float(guide.area_faces[wall].sum()) for wall in walls]
    if min(area) < 50:
        return [
            _check(
                "slot_plane_angle",
                False,
                None,
                SLOT_ANGLE_DEG,
                "deg",
                "No saw slot was found at the cut plane",
            )
        ]
    fits = [_fit_wall(guide, wall) for wall in walls]
    found = fits[1][1] - fits[0][1]
    found = found / np.linalg.norm(found)
    angle = float(np.degrees(np.arccos(np.clip(found @ normal, -1, 1))))
    centre = (fits[0][0] + fits[1][0]) / 2
    distance = abs(float((fits[0][0] - point) @ normal + (fits[1][0] - point) @ normal)) / 2
    thickness = float((fits[0][0] - fits[1][0]) @ found)
    return [
        _check(
            "slot_plane_angle", angle <= SLOT_ANGLE_DEG, angle, SLOT_ANGLE_DEG, "deg",
            "Angle between the slot and the planned cut", centre,
        ),
        _check(
            "slot_plane_distance", distance <= SLOT_DISTANCE_MM, distance, SLOT_DISTANCE_MM, "mm",
            "Distance between the slot's middle plane and the planned cut", centre,
        ),
        _check(
            "slot_thickness", thickness >= 0.6, thickness, 0.6, "mm",
            "Opening of the slot for the saw blade", centre,
        ),
    ]  # fmt: skip


def _fit_wall(guide: trimesh.Trimesh, wall: Array) -> tuple[Array, Array]:
    """Least-squares plane through the corners of the wall's faces: centre and outward unit normal."""
    weight = guide.area_faces[wall]
    corners = guide.triangles[wall].reshape(-1, 3)
    weights = np.repeat(weight, 3)
    centre = np.average(corners, axis=0, weights=weights)
    spread = (corners - centre) * np.sqrt(weights)[:, None]
    normal = np.linalg.svd(spread, full_matrices=False)[2][-1]
    outward = np.average(guide.face_normals[wall], axis=0, weights=weight)
    return centre, np.asarray(normal * np.sign(normal @ outward))


def _slot_open(guide: trimesh.Trimesh, slot: Mapping[str, Any]) -> Check:
    """Rays through the whole width and thickness of the slot meet nothing."""
    direction, along, normal = (
        np.asarray(slot[name], dtype=float) for name in ("direction", "along", "normal")
    )
    u = np.linspace(-0.48, 0.48, 41) * slot["width_mm"]
    v = np.linspace(-0.45, 0.45, 5) * slot["thickness_mm"]
    start = np.asarray(slot["point"]) - 5 * direction
    origins = (start + u[:, None, None] * along + v[None, :, None] * normal).reshape(-1, 3)
    blocked = _struck(guide, origins, direction)
    place = origins[blocked][0] if blocked.any() else None
    return _check("slot_open", not blocked.any(), int(blocked.sum()), 0, "", "The saw slot is free", place)


def _wire(guide: trimesh.Trimesh, wire: Mapping[str, Any]) -> list[Check]:
    direction, point = np.asarray(wire["direction"], dtype=float), np.asarray(wire["point"], dtype=float)
    helper = np.eye(3)[np.argmin(np.abs(direction))]
    across = np.cross(direction, helper)
    across /= np.linalg.norm(across)
    other = np.cross(direction, across)
    turn = np.radians(np.arange(0, 360, 30))[:, None]
    ring = 0.5 * wire["diameter_mm"] * (np.cos(turn) * across + np.sin(turn) * other)
    origins = point - 60 * direction + np.vstack([ring, np.zeros(3)])
    blocked = _struck(guide, origins, direction)
    # The hole itself: rays from the axis outwards, at half of the guided length above the bone.
    centre = point - 0.5 * wire["guided_mm"] * direction
    rays = np.cos(turn) * across + np.sin(turn) * other
    hits = guide.ray.intersects_location(np.broadcast_to(centre, rays.shape), rays, multiple_hits=False)[0]
    size = 2 * float(np.linalg.norm(hits - centre, axis=1).min()) if len(hits) == len(rays) else None
    least = max(wire["diameter_mm"], SMALLEST_HOLE_MM)
    name = wire["name"].replace(" ", "_")
    return [
        _check(
            f"wire_open_{name}", not blocked.any(), int(blocked.sum()), 0, "",
            f"A {wire['diameter_mm']:g} mm wire passes the {wire['name']} sleeve", point,
        ),
        _check(
            f"wire_hole_{name}", size is not None and size >= least, size, least, "mm",
            f"Diameter of the {wire['name']} hole", point,
        ),
    ]  # fmt: skip


WIRE_DEPTH_MM = 25.0
SLOT_TO_WIRE_MM = 3.0


def _wires_and_plan(
    tibia: trimesh.Trimesh, wires: Sequence[Mapping[str, Any]], document: Mapping[str, Any]
) -> list[Check]:
    """Wires stay in bone below the joint surface for their holding depth, and off the cut and the hinge."""
    osteotomy = Osteotomy.from_document(document["osteotomy"])
    depths = np.arange(0, WIRE_DEPTH_MM + 0.1, 1.0)
    checks = []
    for wire in wires:
        direction, point = np.asarray(wire["direction"], dtype=float), np.asarray(wire["point"], dtype=float)
        path = point + depths[:, None] * direction
        below = below_joint(document, path)
        from_cut = np.abs((path - osteotomy.plane_point) @ osteotomy.plane_normal)
        name = wire["name"].replace(" ", "_")
        end = path[-1]
        checks.append(
            _check(
                f"wire_joint_{name}", below.min() >= JOINT_CLEAR_MM, below.min(), JOINT_CLEAR_MM, "mm",
                f"The {wire['name']} wire stays below the joint surface for {WIRE_DEPTH_MM:g} mm", end,
            )
        )  # fmt: skip
        checks.append(
            _check(
                f"wire_cut_{name}", from_cut.min() >= SLOT_TO_WIRE_MM, from_cut.min(), SLOT_TO_WIRE_MM, "mm",
                f"The {wire['name']} wire stays off the saw", end,
            )
        )  # fmt: skip
        inside = signed_distance(tibia, path[3:]) < 0
        checks.append(
            _check(
                f"wire_bone_{name}", bool(inside.all()), float(inside.sum()), float(len(inside)), "mm",
                f"The {wire['name']} wire holds in bone", end, failed="warn",
            )
        )  # fmt: skip
    return checks


def _thickness(guide: trimesh.Trimesh, engraving: Mapping[str, Any] | None) -> Check:
    """First percentile, by area, of the wall thickness along the inward normal.

    The flanks of engraved strokes are no walls; what is left below the strokes is.
    """
    points, faces = trimesh.sample.sample_surface(guide, 4000, seed=0)
    if engraving is not None:
        flank = _flanks(points, guide.face_normals[faces], engraving)
        points, faces = points[~flank], faces[~flank]
    inward = -guide.face_normals[faces]
    hits, rays, struck = guide.ray.intersects_location(points + 1e-3 * inward, inward, multiple_hits=False)
    # A wall has two sides that look away from one another; at a mere corner the ray leaves through the next
    # face.
    wall = np.einsum("ij,ij->i", guide.face_normals[struck], inward[rays]) > 0.7
    hits, rays = hits[wall], rays[wall]
    thickness = np.linalg.norm(hits - points[rays], axis=1)
    value = float(np.percentile(thickness, 1))
    place = points[rays][np.argmin(thickness)]
    message = "Wall thickness that 99 % of the surface reaches"
    return _check("thickness", value >= THINNEST_MM, value, THINNEST_MM, "mm", message, place, failed="warn")


def _flanks(points: Array, normals: Array, engraving: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Which surface points lie on the upright sides of the engraved strokes."""
    out, along = (np.asarray(engraving[name], dtype=float) for name in ("direction", "along"))
    u, v, w = (
        (points - np.asarray(engraving["point"])) @ np.column_stack([along, np.cross(out, along), out])
    ).T
    inside = np.abs(u) < engraving["width_mm"] / 2 + 0.01
    inside &= np.abs(v) < engraving["height_mm"] / 2 + 0.01
    layer = (w < 0.01) & (w > -engraving["depth_mm"] - 0.01)
    return np.asarray(inside & layer & (np.abs(normals @ out) < 0.1))
