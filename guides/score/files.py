"""Scores of a design on disk: guide folder and bones in, scores and contact map out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from guides.bones import Bone, BoneSet, hashes, read_mesh
from guides.errors import InputError
from guides.export import output_folder
from guides.plan_document import schema_breach
from guides.score.accuracy import PLACEMENTS, SURFACE_NOISE_MM
from guides.score.alignment import align
from guides.score.heat import write_contact
from guides.score.simulate import Progress, Verdict, simulate

LEAST_PLACEMENTS, MOST_PLACEMENTS = 10, 10_000
MOST_NOISE_MM = 3.0

_VECTOR = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_NUMBER = {"type": "number"}
_REPORT_SCHEMA = _object(
    clearances_mm=_object(bone=_NUMBER),
    footprint=_object(
        origin=_VECTOR,
        u=_VECTOR,
        v=_VECTOR,
        w=_VECTOR,
        rim_mm=_NUMBER,
        bottom_mm=_NUMBER,
        outline={"type": "array", "minItems": 3, "items": {"type": "array", "items": _NUMBER, "minItems": 2}},
    ),
    leg=_object(anterior=_VECTOR, medial=_VECTOR),
    osteotomy=_object(
        plane_point=_VECTOR,
        plane_normal=_VECTOR,
        start_point=_VECTOR,
        hinge_point=_VECTOR,
        hinge_axis=_VECTOR,
        correction_deg=_NUMBER,
    ),
    slot=_object(point=_VECTOR, normal=_VECTOR),
    wires={
        "type": "array",
        "items": _object(
            point=_VECTOR,
            direction=_VECTOR,
            diameter_mm=_NUMBER,
            hole_diameter_mm=_NUMBER,
            guided_mm=_NUMBER,
        ),
    },
)
"""What the scores read from a design's report."""


def read_design(folder: Path) -> tuple[trimesh.Trimesh, dict[str, Any]]:
    """The printed mesh and the report of a design folder.

    Raises:
        InputError: ``no_guide``, ``not_a_mesh`` or ``bad_report``.
    """
    missing = [name for name in ("guide.stl", "report.json") if not (folder / name).is_file()]
    if missing:
        raise InputError(
            "no_guide",
            f"{folder} holds no {' and no '.join(missing)}",
            "Give the folder that python -m guides design wrote",
        )
    mesh = read_mesh(folder / "guide.stl")
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    try:
        report: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
        breach = schema_breach(report, _REPORT_SCHEMA)
    except ValueError:
        breach = "not JSON"
    if breach is not None:
        raise InputError(
            "bad_report",
            f"{folder / 'report.json'} is no report of a guide ({breach})",
            "Design the guide again",
        )
    return mesh, report


def check_numbers(count: int, noise_mm: float) -> None:
    """Refuse numbers of placements and noise that make no sense.

    Raises:
        InputError: ``bad_placements``.
    """
    if not LEAST_PLACEMENTS <= count <= MOST_PLACEMENTS or not 0 <= noise_mm <= MOST_NOISE_MM:
        raise InputError(
            "bad_placements",
            f"{count} placements with a surface noise of {noise_mm:g} mm are out of range",
            f"Choose {LEAST_PLACEMENTS} to {MOST_PLACEMENTS} placements and 0 to {MOST_NOISE_MM:g} mm",
        )


def score_files(
    guide: Path,
    bones: Path,
    *,
    design_bones: Path | None = None,
    out: Path | None = None,
    count: int = PLACEMENTS,
    seed: int = 0,
    noise_mm: float = SURFACE_NOISE_MM,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Score a design on a tibia and write scores.json and contact.ply.

    Args:
        guide: folder of a design (guide.stl, report.json).
        bones: folder with the tibia that the guide is put on.
        design_bones: folder with the tibia that it was designed on; that tibia is first laid on the other
            one as a whole, and the planned cut with it. Without it both are taken to share a frame.
        out: where to write; None writes into ``guide`` and adds ``scores`` to the report there.
        count: placements of the accuracy score, at least 10.
        seed: of the placements.
        noise_mm: standard deviation of the surface in the placements.
        progress: told the stage and the share done.

    Returns:
        The document of scores.json.

    Raises:
        InputError: guide, bones or numbers cannot be used.
    """
    check_numbers(count, noise_mm)
    mesh, report = read_design(guide)
    bone = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    to_bone = np.eye(4)
    if design_bones is not None:
        to_bone = align(BoneSet.read(design_bones, [Bone.TIBIA])[Bone.TIBIA], bone)
        # The bone comes to the design: the guide's own frame stays that of its report.
        bone = bone.copy()
        bone.apply_transform(np.linalg.inv(to_bone))
    verdict = simulate(mesh, bone, report, count=count, seed=seed, noise_mm=noise_mm, progress=progress)
    document = verdict.document | {
        "design_bones_sha256": report.get("bones_sha256", {}),
        "bones_sha256": hashes(bones),
        "design_to_bones": [[round(float(x), 9) for x in row] for row in to_bone],
    }
    with output_folder(out or guide) as folder:
        write_scores(folder, verdict, document, report)
        if out is None:
            (folder / "report.json").write_text(json.dumps(report | {"scores": document}, indent=1), "utf-8")
    return document


def write_scores(folder: Path, verdict: Verdict, document: dict[str, Any], report: dict[str, Any]) -> None:
    """scores.json and contact.ply, the contact face where the guide was designed, with its gaps at rest."""
    (folder / "scores.json").write_text(json.dumps(document, indent=1), "utf-8")
    face = verdict.contact.face
    write_contact(
        folder / "contact.ply",
        verdict.frame.world(np.asarray(face.vertices)),
        np.asarray(face.faces),
        verdict.gaps,
        float(report["clearances_mm"]["bone"]),
    )
