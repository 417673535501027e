"""A design on disk: bones and plan in; guide, report, scores and contact map out, all or nothing."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from guides.bones import Array, Bone, BoneSet, hashes
from guides.bones.uncertainty import read_uncertainty
from guides.check import check_mesh_files
from guides.design.assembly import Guide, design_guide
from guides.design.choice_report import choice_document
from guides.design.contact_area import regions
from guides.design.footprint import RIM_MM
from guides.design.presets import Settings, settings
from guides.design.rims import outline
from guides.design.solid_parts import rounded
from guides.errors import InputError
from guides.export import output_folder, write_3mf, write_stl
from guides.landmarks import Landmarks
from guides.measures import axes
from guides.plan import Progress, check_bones, plan_hash, read_plan
from guides.score import simulate
from guides.score.files import write_scores

SCHEMA = "hto-guide/1"


def design_files(
    bones: Path,
    plan: Path | Mapping[str, Any],
    out: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    presets: Sequence[str] = (),
    site_presets: Path | None = None,
    painting: Sequence[Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Design a guide and write guide.stl, guide.3mf, report.json, scores.json and contact.ply into ``out``.

    Args:
        bones: folder with the tibia of the plan; a lateral wedge wants its fibula too.
        plan: plan document or its file.
        out: folder to write; files of the same names in it are replaced.
        parameters: guide parameters that differ from their defaults and presets (``design.presets``).
        presets: ids of presets (``catalogue``).
        site_presets: a JSON file with presets of one's own.
        painting: contact area added and taken away by hand (``design.painting.read_strokes``).
        progress: told the stage and the share done.

    Returns:
        The report, as written.

    Raises:
        InputError: plan, bones or parameters cannot be used, or no valid guide comes out.
    """
    tell = progress or (lambda _stage, _fraction: None)
    clock = {"start": time.perf_counter()}
    tell("read", 0.0)
    document, chosen = check_request(bones, plan, parameters, presets, site_presets, painting)
    uncertainty = read_uncertainty(bones / f"{Bone.TIBIA.label}.ply")
    chosen = replace(chosen, unsure=uncertainty is not None)
    loaded = BoneSet.read(bones, _needed(document))
    tibia = loaded[Bone.TIBIA]
    clock["read"] = time.perf_counter()
    guide = design_guide(tibia, document, chosen, tell, loaded.get(Bone.FIBULA), uncertainty=uncertainty)
    clock["design"] = time.perf_counter()
    tell("export", 0.65)
    with output_folder(out) as folder:
        metadata = {
            "Title": f"HTO guide {guide.label}",
            "Side": document["side"],
            "PlanHash": plan_hash(document),
            "Label": guide.label,
        }
        write_stl(guide.mesh, folder / "guide.stl", guide.label)
        write_3mf([("guide", guide.mesh)], folder / "guide.3mf", metadata)
        clock["export"] = time.perf_counter()
        tell("check", 0.7)
        report = _report(guide, document, bones)
        report["checks"] = check_mesh_files(
            [folder / "guide.stl", folder / "guide.3mf"], tibia, document, report
        )
        clock["check"] = time.perf_counter()
        verdict = simulate(
            guide.mesh, tibia, report, progress=lambda _stage, share: tell("score", 0.85 + 0.15 * share)
        )
        scores = verdict.document | {
            "design_bones_sha256": report["bones_sha256"],
            "bones_sha256": report["bones_sha256"],
            "design_to_bones": np.eye(4).tolist(),
        }
        write_scores(folder, verdict, scores, report)
        report["scores"] = scores
        clock["score"] = time.perf_counter()
        times = list(clock.items())
        report["seconds"] = {
            name: round(now - before, 3) for (_, before), (name, now) in itertools.pairwise(times)
        }
        report["seconds"]["total"] = round(times[-1][1] - times[0][1], 3)
        (folder / "report.json").write_text(json.dumps(report, indent=1), "utf-8")
    tell("done", 1.0)
    return report


def check_request(
    bones: Path,
    plan: Path | Mapping[str, Any],
    parameters: Mapping[str, Any] | None,
    presets: Sequence[str] = (),
    site_presets: Path | None = None,
    painting: Any = None,
) -> tuple[dict[str, Any], Settings]:
    """What can be refused before any solid is touched: the plan, the parameters, and whose bones they are.

    Raises:
        InputError: as ``design_files``.
    """
    document = read_plan(plan)
    chosen = settings(parameters, presets, site_presets, painting)
    if document["osteotomy"]["correction_deg"] <= 0:
        raise InputError("no_correction", "The plan opens no wedge", "Plan a correction above 0 degrees")
    check_bones(document, bones)
    return document, chosen


def _needed(document: Mapping[str, Any]) -> list[Bone]:
    lateral = document["osteotomy"].get("kind") == "lateral_closing_wedge"
    return [Bone.TIBIA, Bone.FIBULA] if lateral else [Bone.TIBIA]


def _report(guide: Guide, document: Mapping[str, Any], bones: Path) -> dict[str, Any]:
    chosen = guide.settings
    return {
        "schema": SCHEMA,
        "label": guide.label,
        "side": document["side"],
        "plan_sha256": plan_hash(document),
        "bones_sha256": hashes(bones),
        "parameters": chosen.numbers(),
        "unsure_bones": chosen.unsure,
        "presets": list(chosen.presets),
        "painting": [stroke.to_document() for stroke in chosen.painting],
        "rules": chosen.rules.to_document(),
        "clearances_mm": {
            "bone": chosen.bone_clearance_mm,
            "slot": chosen.slot_clearance_mm,
            "wire": chosen.wire_clearance_mm,
            "printer": chosen.printer_compensation_mm,
        },
        "withdrawal_direction": rounded(guide.footprint.withdrawal),
        "slot": guide.layout.slot,
        "other_slots": guide.layout.other_slots,
        "wires": guide.layout.wires,
        "windows": guide.layout.windows,
        "missing": guide.missing,
        "outgrowths": guide.outgrowths,
        "engraving": guide.layout.engraving,
        "footprint": _footprint(guide),
        "osteotomy": document["osteotomy"],
        "leg": _leg(document),
        "guide": {
            "volume_mm3": round(float(guide.mesh.volume), 1),
            "triangles": len(guide.mesh.faces),
            "size_mm": [round(float(x), 2) for x in np.ptp(guide.mesh.vertices, axis=0)],
        },
    }


def _footprint(guide: Guide) -> dict[str, Any]:
    """Local frame and contact outline: what later looks at the guide need to find its contact face."""
    footprint = guide.footprint
    (polygon,) = outline(footprint).to_polygons()
    corners: Array = np.asarray(polygon)
    return {
        "origin": rounded(footprint.origin),
        **{name: rounded(footprint.basis[:, axis]) for axis, name in enumerate("uvw")},
        "outline": [[round(float(x), 4) for x in corner] for corner in corners],
        "relief": [
            [[round(float(x), 4) for x in corner] for corner in region]
            for region in regions(footprint.relief > 0, footprint)
        ],
        "rim_mm": RIM_MM,
        "bottom_mm": round(guide.bottom, 4),
        "choice": choice_document(guide.choice),
    }


def _leg(document: Mapping[str, Any]) -> dict[str, Any]:
    """Directions of the leg, unit, LPS."""
    frame = axes(Landmarks.from_document(document["landmarks"]).positions(), document["side"])
    return {name: rounded(vector) for name, vector in vars(frame).items()}
