"""Assemble the guide from shell, slot box, sleeves and label, cut it free of the bone, and write it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import manifold3d
import numpy as np
import trimesh

from guides.bones import Array, Bone, BoneSet, distance, hashes
from guides.check import check_mesh_files
from guides.design.clearance import FINE_MM, Swept, swept_distance
from guides.design.footprint import NECK_MM, Footprint, find_footprint
from guides.design.label import ROWS, text_solid, text_width
from guides.design.presets import Settings, settings
from guides.drilling import drill_depth_mm
from guides.errors import InputError
from guides.export import output_folder, write_3mf, write_stl
from guides.landmarks import Landmarks
from guides.measures import axes
from guides.osteotomy import Osteotomy
from guides.plan import Progress, check_bones, plan_hash, read_plan
from guides.solids import checked, placed, to_mesh, to_printable

OVERSHOOT_MM = 2.0
"""Cutting bodies pass this far beyond what they cut, so that no two faces are ever coplanar."""

LIFT_MM = 0.05
"""Shortfall of the clearance that is not worth lifting the contact face for."""

RIM_MM = 1.6
"""Thickness in which the front and back rims end."""

CELL_MM = 0.6
LABEL_DEPTH_MM = 1.0
CORNER_MM = 6.0


@dataclass(frozen=True)
class Guide:
    """A designed guide in the world frame with what a check or a surgeon needs to know of it."""

    mesh: trimesh.Trimesh
    footprint: Footprint
    settings: Settings
    slot: dict[str, Any]
    wires: list[dict[str, Any]]
    engraving: dict[str, Any]
    label: str


def design_guide(
    tibia: trimesh.Trimesh, document: Mapping[str, Any], chosen: Settings, progress: Progress | None = None
) -> Guide:
    """Design one guide for a validated plan document.

    Raises:
        InputError: no room on the bone, or no valid solid comes out.
    """
    report = progress or (lambda _stage, _fraction: None)
    side = document["side"]
    osteotomy = Osteotomy.from_document(document["osteotomy"])
    landmarks = Landmarks.from_document(document["landmarks"])
    report("footprint", 0.1)
    footprint = find_footprint(tibia, osteotomy, landmarks, side, chosen)
    report("distance", 0.2)
    swept = swept_distance(tibia, footprint, chosen)
    report("solids", 0.5)
    label = f"^ {side} {plan_hash(document)[:6].upper()}"
    body, slot, wires, engraving = _assemble(footprint, swept, tibia, chosen, label, document)
    world = placed(body, footprint.basis, footprint.origin)
    for wire in wires:
        wire["drill_depth_mm"], wire["drill_depth_ends_at"] = drill_depth_mm(tibia, wire, document)
    return Guide(to_printable(world), footprint, chosen, slot, wires, engraving, label)


def _assemble(
    footprint: Footprint,
    swept: Swept,
    tibia: trimesh.Trimesh,
    chosen: Settings,
    label: str,
    document: Mapping[str, Any],
) -> tuple[manifold3d.Manifold, dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    top = swept.origin[2] + swept.values.shape[2] * FINE_MM
    prism = manifold3d.Manifold.extrude(_outline(footprint), top - swept.bottom + 40).translate(
        (0, 0, swept.bottom)
    )
    shell = checked(swept.solid(chosen.bone_clearance_mm + chosen.shell_thickness_mm) ^ prism, "the shell")
    slot_box, slot_cut, slot = _slot(footprint, chosen, document)
    sleeves, holes, wires = _wires(footprint, chosen)
    plate, strokes, engraving = _label(footprint, chosen, label)
    base = swept.bottom
    added = [part.trim_by_plane((0, 0, 1), base) for part in (slot_box, plate, *sleeves)]
    body = manifold3d.Manifold.batch_boolean([shell, *added], manifold3d.OpType.Add)
    bone = _bone_clearance(footprint, swept, tibia, chosen.bone_clearance_mm)
    body = manifold3d.Manifold.batch_boolean(
        [body, bone, slot_cut, strokes, *holes, *_rims(footprint, base)], manifold3d.OpType.Subtract
    )
    body = checked(body, "the guide").simplify(0.005)
    parts = sorted(body.decompose(), key=lambda part: part.volume())
    # Crumbs below 5 mm3 are slivers at the rim of the shell; anything larger means a broken guide.
    if any(part.volume() > 5 for part in parts[:-1]):
        raise InputError(
            "guide_in_pieces",
            f"The guide falls into {len(parts)} pieces",
            "Make the slot shorter or the shell thicker, or move the wires",
        )
    return checked(parts[-1], "the guide"), slot, wires, engraving


def _bone_clearance(
    footprint: Footprint, swept: Swept, tibia: trimesh.Trimesh, clearance: float
) -> manifold3d.Manifold:
    """The swept bone grown by the clearance.

    The grid cuts the crests of bones with steps or sharp edges; where its surface comes too close to such a
    crest, the whole surface is lifted by what is missing.
    """
    solid = swept.solid(clearance)
    bone = trimesh.Trimesh(footprint.to_local(np.asarray(tibia.vertices)), tibia.faces, process=False)
    surface = to_mesh(solid)
    # Both ways: a crest of the bone may lie under the middle of a triangle of the contact face.
    to_bone = distance(bone, _within(surface, footprint, swept.bottom))
    to_surface = distance(surface, _within(bone, footprint, swept.bottom))
    missing = clearance - float(min(to_bone.min(), to_surface.min()))
    return swept.solid(clearance + missing) if missing > LIFT_MM else solid


def _rims(footprint: Footprint, bottom: float) -> list[manifold3d.Manifold]:
    """What must go from the front and back rims so that they end blunt.

    Where the bone falls away steeply the contact face meets the upright rim in a knife edge, too thin to
    print. The rim ends at the height that the bone has RIM_MM further in.
    """
    v = np.arange(footprint.v[0] - OVERSHOOT_MM, footprint.v[1] + OVERSHOOT_MM, 1.0)
    cuts = []
    for side, inwards in ((0, 1.0), (1, -1.0)):
        edge = np.where(v > NECK_MM, footprint.u[side], footprint.u_distal[side])
        heights = []
        for at, low in zip(v, edge, strict=True):
            band = sorted((low, low + inwards * RIM_MM))
            bone = footprint.over((band[0], band[1]), (at - 1, at + 1))
            heights.append(float(bone.max()) if len(bone) else bottom)
        for (v0, v1), (h0, h1), at in zip(
            itertools.pairwise(v), itertools.pairwise(heights), edge, strict=False
        ):
            start, end = sorted((at - inwards * OVERSHOOT_MM, at + inwards * RIM_MM))
            profile = [(v0, bottom - 40), (v1 + 0.01, bottom - 40), (v1 + 0.01, h1), (v0, h0)]
            slab = manifold3d.Manifold.extrude(manifold3d.CrossSection([np.array(profile)]), end - start)
            # The profile lies in v and w; extruded along z it is turned so that z becomes u.
            cuts.append(slab.transform(np.array([[0, 0, 1, start], [1, 0, 0, 0], [0, 1, 0, 0.0]])))
    return cuts


def _within(mesh: trimesh.Trimesh, footprint: Footprint, bottom: float) -> Array:
    """Vertices and face centres of a mesh in the local frame that lie under the contact outline."""
    points = np.vstack([mesh.vertices, mesh.triangles_center])
    (a, b), (low, high) = footprint.u, footprint.v
    u, v, w = points.T
    return np.asarray(points[(u > a) & (u < b) & (v > low) & (v < high) & (w > bottom)])


def _outline(footprint: Footprint) -> manifold3d.CrossSection:
    """The contact outline: wide at the slot, narrower on the shaft, every corner round."""
    (a, b), (c, d), (low, high) = footprint.u, footprint.u_distal, footprint.v
    neck, narrow = NECK_MM, NECK_MM - max(c - a, b - d, 1.0)
    corners = [(a, neck), (c, narrow), (c, low), (d, low), (d, narrow), (b, neck), (b, high), (a, high)]
    shape = manifold3d.CrossSection([np.array(corners)])
    for step in (-CORNER_MM, 2 * CORNER_MM, -CORNER_MM):
        shape = shape.offset(step, manifold3d.JoinType.Round, circular_segments=64)
    return shape


def _box(low: tuple[float, float, float], high: tuple[float, float, float]) -> manifold3d.Manifold:
    size = tuple(b - a for a, b in zip(low, high, strict=True))
    return manifold3d.Manifold.cube(size).translate(low)


def _slot(
    footprint: Footprint, chosen: Settings, document: Mapping[str, Any]
) -> tuple[manifold3d.Manifold, manifold3d.Manifold, dict[str, Any]]:
    end = 4.0
    u = (footprint.u[0] + end + 1, footprint.u[1] - end - 1)
    half = chosen.slot_thickness_mm / 2
    bone = footprint.over(u, (-half, half))
    low, high = float(bone.min()), float(bone.max()) + chosen.slot_depth_mm
    outer = half + chosen.slot_wall_mm
    box = _box((u[0] - end, -outer, low - 1), (u[1] + end, outer, high))
    cut = _box((u[0], -half, low - 30), (u[1], half, high + OVERSHOOT_MM))
    middle = (u[0] + u[1]) / 2
    hinge = footprint.to_local(np.array(document["osteotomy"]["hinge_point"]))
    slot = {
        "point": _rounded_list(footprint.to_world(np.array([middle, 0, high]))),
        "direction": _rounded_list(-footprint.withdrawal),
        "normal": _rounded_list(footprint.basis[:, 1]),
        "along": _rounded_list(footprint.basis[:, 0]),
        "thickness_mm": round(2 * half, 4),
        "width_mm": round(u[1] - u[0], 3),
        "depth_mm": round(high - float(bone.max()), 3),
        "blade_to_hinge_mm": round(high - float(hinge[2]), 2),
    }
    return box, cut, slot


def _wires(
    footprint: Footprint, chosen: Settings
) -> tuple[list[manifold3d.Manifold], list[manifold3d.Manifold], list[dict[str, Any]]]:
    sleeves, holes, wires = [], [], []
    names = ("proximal 1", "proximal 2", "distal 1", "distal 2")
    radius, outer = chosen.hole_diameter_mm / 2, chosen.sleeve_diameter_mm / 2
    for name, (u, v) in zip(names, footprint.wires, strict=True):
        around = footprint.over((u - outer, u + outer), (v - outer, v + outer))
        low, high = float(around.min()) - 1, float(around.max()) + chosen.sleeve_length_mm
        entry = footprint.over((u - 0.6, u + 0.6), (v - 0.6, v + 0.6))
        sleeve = manifold3d.Manifold.cylinder(high - low, outer, circular_segments=64)
        hole = manifold3d.Manifold.cylinder(high - low + 32, radius, circular_segments=64)
        sleeves.append(sleeve.translate((u, v, low)))
        holes.append(hole.translate((u, v, low - 30)))
        wires.append(
            {
                "name": name,
                "point": _rounded_list(footprint.to_world(np.array([u, v, float(entry.max())]))),
                "direction": _rounded_list(-footprint.withdrawal),
                "diameter_mm": chosen.wire_diameter_mm,
                "hole_diameter_mm": round(2 * radius, 4),
                "guided_mm": round(high - float(entry.max()), 2),
            }
        )
    return sleeves, holes, wires


def _label(
    footprint: Footprint, chosen: Settings, label: str
) -> tuple[manifold3d.Manifold, manifold3d.Manifold, dict[str, Any]]:
    """A flat plate between slot and distal wires, and the strokes to engrave into its outer face."""
    left, right = footprint.u_distal
    room = right - left - 2
    cell = min(CELL_MM, room / text_width(label, 1.0))
    width, height = text_width(label, cell) + 2, ROWS * cell + 1.6
    u = (left + right) / 2
    upper = -(chosen.slot_thickness_mm / 2 + chosen.slot_wall_mm)
    lower = -(chosen.distal_wire_mm - chosen.sleeve_diameter_mm / 2)
    v = (upper + lower) / 2
    bone = footprint.over((u - width / 2, u + width / 2), (v - height / 2, v + height / 2))
    front = float(bone.max()) + chosen.bone_clearance_mm + chosen.shell_thickness_mm + 0.7
    plate = _box(
        (u - width / 2, v - height / 2, float(bone.min()) - 1), (u + width / 2, v + height / 2, front)
    )
    strokes = text_solid(label, cell, LABEL_DEPTH_MM + OVERSHOOT_MM)
    engraving = {
        "point": _rounded_list(footprint.to_world(np.array([u, v, front]))),
        "direction": _rounded_list(footprint.withdrawal),
        "along": _rounded_list(footprint.basis[:, 0]),
        "width_mm": round(width, 3),
        "height_mm": round(height, 3),
        "depth_mm": LABEL_DEPTH_MM,
    }
    return plate, strokes.translate((u, v, front - LABEL_DEPTH_MM)), engraving


def _rounded_list(array: Array) -> list[float]:
    return [round(float(x), 6) for x in array]


def design_files(
    bones: Path,
    plan: Path | Mapping[str, Any],
    out: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Design a guide and write guide.stl, guide.3mf and report.json into ``out``, all or nothing.

    Args:
        bones: folder with the tibia of the plan.
        plan: plan document or its file.
        out: folder to write; the three files in it are replaced.
        parameters: guide parameters that differ from their defaults (``design.presets``).
        progress: told the stage and the share done.

    Returns:
        The report, as written.

    Raises:
        InputError: plan, bones or parameters cannot be used, or no valid guide comes out.
    """
    report_to = progress or (lambda _stage, _fraction: None)
    clock = {"start": time.perf_counter()}
    report_to("read", 0.0)
    document = read_plan(plan)
    chosen = settings(parameters)
    if document["osteotomy"]["correction_deg"] <= 0:
        raise InputError("no_correction", "The plan opens no wedge", "Plan a correction above 0 degrees")
    check_bones(document, bones)
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    clock["read"] = time.perf_counter()
    guide = design_guide(tibia, document, chosen, report_to)
    clock["design"] = time.perf_counter()
    report_to("export", 0.65)
    with output_folder(out) as folder:
        metadata = {
            "Title": f"HTO guide {guide.label[2:]}",
            "Side": document["side"],
            "PlanHash": plan_hash(document),
            "Label": guide.label[2:],
        }
        write_stl(guide.mesh, folder / "guide.stl", guide.label[2:])
        write_3mf(guide.mesh, folder / "guide.3mf", metadata)
        clock["export"] = time.perf_counter()
        report_to("check", 0.7)
        report = _report(guide, document, bones)
        report["checks"] = check_mesh_files(
            [folder / "guide.stl", folder / "guide.3mf"], tibia, document, report
        )
        clock["check"] = time.perf_counter()
        times = list(clock.items())
        report["seconds"] = {
            name: round(now - before, 3) for (_, before), (name, now) in itertools.pairwise(times)
        }
        report["seconds"]["total"] = round(times[-1][1] - times[0][1], 3)
        (folder / "report.json").write_text(json.dumps(report, indent=1), "utf-8")
    report_to("done", 1.0)
    return report


def _report(guide: Guide, document: Mapping[str, Any], bones: Path) -> dict[str, Any]:
    chosen = guide.settings
    return {
        "schema": "hto-guide/1",
        "label": guide.label[2:],
        "side": document["side"],
        "plan_sha256": plan_hash(document),
        "bones_sha256": hashes(bones),
        "parameters": vars(chosen),
        "clearances_mm": {
            "bone": chosen.bone_clearance_mm,
            "slot": chosen.slot_clearance_mm,
            "wire": chosen.wire_clearance_mm,
            "printer": chosen.printer_compensation_mm,
        },
        "withdrawal_direction": _rounded_list(guide.footprint.withdrawal),
        "slot": guide.slot,
        "wires": guide.wires,
        "engraving": guide.engraving,
        "footprint": _footprint_report(guide.footprint),
        "osteotomy": document["osteotomy"],
        "leg": _leg(document),
        "guide": {
            "volume_mm3": round(float(guide.mesh.volume), 1),
            "triangles": len(guide.mesh.faces),
            "size_mm": [round(float(x), 2) for x in np.ptp(guide.mesh.vertices, axis=0)],
        },
    }


def _footprint_report(footprint: Footprint) -> dict[str, Any]:
    """Local frame and contact outline: what later looks at the guide need to find its contact face."""
    (outline,) = _outline(footprint).to_polygons()
    return {
        "origin": _rounded_list(footprint.origin),
        **{name: _rounded_list(footprint.basis[:, axis]) for axis, name in enumerate("uvw")},
        "outline": [[round(float(x), 4) for x in corner] for corner in outline],
        "rim_mm": RIM_MM,
    }


def _leg(document: Mapping[str, Any]) -> dict[str, Any]:
    """Directions of the leg, unit, LPS."""
    frame = axes(Landmarks.from_document(document["landmarks"]).positions(), document["side"])
    return {name: _rounded_list(vector) for name, vector in vars(frame).items()}
