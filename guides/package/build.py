"""Check a design once more and pack it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from guides.bones import Bone, BoneSet
from guides.check import check_mesh_files, import_guide
from guides.check.report_file import report_beside
from guides.errors import InputError
from guides.export import output_folder, write_3mf, write_stl
from guides.osteotomy import Osteotomy, read_osteotomy
from guides.package.aids import gauge, spacer
from guides.package.dicom import write_dicom
from guides.package.manifest import sources, write_manifest
from guides.package.sheet import write_sheet
from guides.plan_document import check_bones, plan_hash, read_plan

PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
BONE_REACH_MM = 90.0
"""Tibia above and below the cut that the bone model keeps."""

Progress = Callable[[str, float], None]


def package_files(
    guide: Path,
    bones: Path,
    plan: Path | Mapping[str, Any],
    out: Path,
    pseudonym: str,
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Pack a design with bone model, spacer, gauge, DICOM, sheet, plan, report and manifest; all or nothing.

    The exported guide is read and checked again; what a check blocks is not packed.

    Args:
        guide: folder of a design.
        bones: folder with the tibia of the plan.
        plan: plan document or its file.
        out: folder to write.
        pseudonym: names the patient in names and metadata of the files.
        progress: told the stage and the share done.

    Returns:
        The manifest.

    Raises:
        InputError: ``bad_pseudonym``, ``no_guide``, ``guide_blocked``, or anything wrong with plan and bones.
    """
    tell = progress or (lambda _stage, _fraction: None)
    if not PSEUDONYM.fullmatch(pseudonym):
        raise InputError(
            "bad_pseudonym",
            f"{pseudonym!r} cannot name files",
            "Use up to 64 letters, digits, dots, dashes and underscores",
        )
    tell("check", 0.0)
    document = read_plan(plan)
    check_bones(document, bones)
    files = [guide / "guide.stl", guide / "guide.3mf"]
    report = report_beside(files[0])
    if report is None or not all(file.is_file() for file in files):
        raise InputError(
            "no_guide", f"{guide} holds no whole design", "Give the folder that python -m guides design wrote"
        )
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    report["checks"] = check_mesh_files(files, tibia, document, report)
    blocking = [check for check in report["checks"] if check["status"] == "block"]
    if blocking:
        raise InputError(
            "guide_blocked",
            f"The guide cannot be printed: {'; '.join(check['message'] for check in blocking)}",
            f"{blocking[0]['remedy']}",
        )
    tell("parts", 0.4)
    osteotomy = read_osteotomy(document["osteotomy"])
    prefix = f"{pseudonym}-{document['side']}"
    with output_folder(out) as folder:
        what = _write_parts(folder, prefix, import_guide(files[0]), tibia, report, osteotomy, pseudonym)
        tell("sheet", 0.7)
        sheet = f"{prefix}-instructions.pdf"
        parts = {name: import_guide(folder / f"{prefix}-{name}.stl") for name in ("guide", "bone")}
        write_sheet(folder / sheet, parts["guide"], parts["bone"], report, document, pseudonym)
        what[sheet] = "instruction sheet with pictures and wire lengths"
        (folder / "report.json").write_text(json.dumps(report, indent=1), "utf-8")
        what["report.json"] = "parameters, checks and simulated scores of the design"
        (folder / "plan.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")
        what["plan.json"] = "the plan"
        if (guide / "contact.ply").is_file():
            shutil.copyfile(guide / "contact.ply", folder / "contact.ply")
            what["contact.ply"] = "simulated contact map"
        head = {
            "pseudonym": pseudonym,
            "side": document["side"],
            "label": report["label"],
            "plan_sha256": plan_hash(document),
            "sources": sources(bones, report),
        }
        manifest = write_manifest(folder, head, what)
    tell("done", 1.0)
    return manifest


def _write_parts(
    folder: Path,
    prefix: str,
    guide: trimesh.Trimesh,
    tibia: trimesh.Trimesh,
    report: dict[str, Any],
    osteotomy: Osteotomy,
    pseudonym: str,
) -> dict[str, str]:
    """STL of every part, one 3MF of what is printed, and the guide as DICOM; each is read again."""
    label = f"{pseudonym} {report['label']}"
    plate, angle = gauge(report, osteotomy, report["label"])
    report["aids"] = {"gauge_deg": round(angle, 3), "spacer_deg": osteotomy.correction_deg}
    parts = {
        "guide": (guide, "cutting guide, patient LPS"),
        "bone": (_bone_model(tibia, osteotomy), "tibia about the cut, patient LPS"),
        "spacer": (spacer(osteotomy, report["label"]), f"wedge of {osteotomy.correction_deg:g} degrees"),
        "gauge": (plate, f"plate whose edges lie along the wires at {abs(angle):.1f} degrees"),
    }
    what = {}
    for name, (mesh, words) in parts.items():
        path = folder / f"{prefix}-{name}.stl"
        write_stl(mesh, path, f"{name} {label}")
        again = import_guide(path)
        if not (again.is_watertight and again.volume > 0):
            raise InputError(
                "export_failed", f"The {name} did not survive its export", "Design the guide again"
            )
        what[path.name] = words
    printed = [
        (name, _beside(parts[name][0], guide, place))
        for place, name in enumerate(("guide", "spacer", "gauge"))
    ]
    metadata = {
        "Title": f"HTO guide {label}",
        "Pseudonym": pseudonym,
        "Side": report["side"],
        "PlanHash": report["plan_sha256"],
        "Label": report["label"],
    }
    name = f"{prefix}-print.3mf"
    write_3mf(printed, folder / name, metadata)
    what[name] = "guide, spacer and gauge, ready to print"
    name = f"{prefix}-guide.dcm"
    write_dicom(
        (folder / f"{prefix}-guide.stl").read_bytes(), folder / name,
        pseudonym=pseudonym, title=f"HTO guide {report['label']}", plan_sha256=report["plan_sha256"],
    )  # fmt: skip
    what[name] = "the guide as a DICOM encapsulated STL"
    return what


def _beside(mesh: trimesh.Trimesh, guide: trimesh.Trimesh, place: int) -> trimesh.Trimesh:
    """Parts other than the guide stand beside it, so that nothing overlaps on the printer's bed."""
    if place == 0:
        return mesh
    corner = np.array([guide.bounds[1, 0] + 10, guide.bounds[0, 1] + 60 * (place - 1), guide.bounds[0, 2]])
    return trimesh.Trimesh(mesh.vertices - mesh.bounds[0] + corner, mesh.faces, process=False)


def _bone_model(tibia: trimesh.Trimesh, osteotomy: Osteotomy) -> trimesh.Trimesh:
    """The tibia about the cut as one closed solid."""
    from guides.solids import checked, from_mesh, to_printable

    normal, level = osteotomy.plane_normal, float(osteotomy.plane_point @ osteotomy.plane_normal)
    solid = from_mesh(tibia).trim_by_plane(normal, level - BONE_REACH_MM)
    solid = solid.trim_by_plane(-normal, -(level + BONE_REACH_MM))
    pieces = sorted(checked(solid, "the bone model").decompose(), key=lambda piece: float(piece.volume()))
    return to_printable(pieces[-1])
