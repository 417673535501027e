"""Judge an exported guide by reading its file again: topology, fit, slots, wires, withdrawal, printing.

Nothing here trusts the designer: shape is measured on the re-imported file, and the slots are found again
in its faces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from guides.bones import Bone, BoneSet, read_mesh
from guides.catalogue import Rules
from guides.check.fit import gap, overlap, withdrawal
from guides.check.printing import overhang, printable, thickness
from guides.check.report_file import report_beside
from guides.check.slots import planned_planes, slot_open, slot_plane, slot_reach, slot_walls
from guides.check.topology import handles, metadata_3mf, same_volume, topology
from guides.check.verdict import Check, verdict
from guides.check.wires import wire_hole, wires_and_plan
from guides.errors import InputError
from guides.osteotomy import read_osteotomy
from guides.plan_document import check_bones, plan_hash, read_plan

__all__ = ["Check", "check_files", "check_mesh_files", "import_guide"]


def check_files(guide: Path, bones: Path, plan: Path | Mapping[str, Any]) -> list[Check]:
    """Check one exported guide (STL or 3MF) against bones and plan.

    A ``report.json`` beside the guide tells clearance, wires and withdrawal direction; without it those
    checks warn that they could not be made.

    Returns:
        One dictionary a check: name, status (pass, warn, block), value, limit, unit, message, place (LPS mm
        or None), remedy (None where it passes).

    Raises:
        InputError: a file cannot be read at all, or the bones are not those of the plan.
    """
    document = read_plan(plan)
    check_bones(document, bones)
    if not guide.is_file():
        raise InputError("no_guide", f"{guide} does not exist", "Design one with: python -m guides design")
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    return check_mesh_files([guide], tibia, document, report_beside(guide))


def check_mesh_files(
    files: Sequence[Path],
    tibia: trimesh.Trimesh,
    document: Mapping[str, Any],
    report: Mapping[str, Any] | None,
) -> list[Check]:
    """All checks of the first file, and topology and agreement of the others with it."""
    meshes = [import_guide(path) for path in files]
    kinds = [path.suffix[1:].lower() for path in files]
    first = meshes[0]
    checks: list[Check] = []
    for path, kind, mesh in zip(files, kinds, meshes, strict=True):
        checks += topology(mesh, kind)
        if kind == "3mf":
            checks += metadata_3mf(path, report)
    for kind, mesh in zip(kinds[1:], meshes[1:], strict=True):
        checks.append(same_volume(first, mesh, (kinds[0], kind)))
    if not (first.is_watertight and first.volume > 0):
        return checks
    checks.append(overlap(first, tibia))
    osteotomy = read_osteotomy(document["osteotomy"])
    planes = planned_planes(osteotomy, document)
    built = ["cut"] if report is None else ["cut", *(s["name"] for s in report.get("other_slots", []))]
    for name in built:
        checks += slot_plane(first, name, *planes[name])
    rules = Rules(**report.get("rules", {})) if report is not None else Rules()
    engraving = None if report is None else report.get("engraving")
    checks.append(thickness(first, engraving, rules.thinnest_wall_mm))
    if report is None:
        message = "No report.json beside the guide: clearance, wires, withdrawal and label were not checked"
        remedy = "Check the guide in the folder that its design wrote"
        return [*checks, verdict("report", False, None, None, "", message, failed="warn", remedy=remedy)]
    checks.append(gap(first, tibia, float(report["clearances_mm"]["bone"])))
    out = np.asarray(report["withdrawal_direction"], dtype=float)
    checks.append(withdrawal(first, tibia, out))
    checks.append(overhang(first, tibia, out, float(report["clearances_mm"]["bone"])))
    checks.append(handles(first, report))
    for slot in (report["slot"], *report.get("other_slots", [])):
        checks += [slot_open(first, slot), slot_walls(first, slot)]
    checks.append(slot_reach(report["slot"], osteotomy))
    for wire in report["wires"]:
        checks += wire_hole(first, wire, rules.smallest_hole_mm)
    checks += wires_and_plan(tibia, report["wires"], document, planes, osteotomy)
    checks += printable(first, report, rules)
    for what in report.get("missing", []):
        checks.append(verdict("missing", False, None, None, "", what, failed="warn"))
    for outgrowth in report.get("outgrowths", []):
        checks.append(
            verdict(
                "outgrowth", False, outgrowth["area_mm2"], None, "mm2", outgrowth["message"],
                place=np.asarray(outgrowth["point"], dtype=float), failed="warn",
                remedy="Look at the place: paint contact there where it is sound bone, or leave it bridged",
            )
        )  # fmt: skip
    matches = report["plan_sha256"] == plan_hash(document)
    checks.append(verdict("plan_hash", matches, None, None, "", "The guide was designed from this plan"))
    side = report["label"].split()[0] == document["side"] == report["side"]
    checks.append(verdict("label_side", side, None, None, "", "The engraved side is the side of the plan"))
    return checks


def import_guide(path: Path) -> trimesh.Trimesh:
    """Read an STL or 3MF as one mesh in millimetres, with equal vertices welded.

    Raises:
        InputError: ``not_a_mesh``.
    """
    mesh = read_mesh(path)
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    return mesh
