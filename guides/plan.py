"""The plan document: bones in; landmarks, measures, osteotomy and warnings out, by a JSON schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from guides.bones import Bone, BoneSet, hashes
from guides.errors import InputError
from guides.landmarks import Landmarks, Side, find_landmarks
from guides.measures import SHAFT_MM, Points, axes, measures_document
from guides.osteotomy import (
    LATERAL_CORTEX_MM,
    Cut,
    Osteotomy,
    find_cut,
    miniaci,
    move,
    open_wedge,
    solve_correction,
)

Progress = Callable[[str, float], None]
SCHEMA = "hto-plan/1"


def plan_files(
    bones: Path,
    side: Side,
    *,
    correction_deg: float | None = None,
    target_hka: float | None = None,
    target_wbl: float | None = None,
    landmarks: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plan a medial opening-wedge osteotomy on a folder of bones.

    Args:
        bones: folder with tibia.ply and, as far as they are known, femur.ply, fibula.ply and patella.ply.
        side: "L" or "R".
        correction_deg: opening in degrees; or
        target_hka: hip-knee-ankle angle to reach, degrees (180 straight, above valgus); or
        target_wbl: weight-bearing line to reach, per cent from medial. Exactly one of the three.
        landmarks: the ``landmarks`` of an earlier plan, some perhaps edited; only the tibia is then read,
            which makes a preview fast. None finds them.
        progress: told the stage and the share done.

    Returns:
        The plan document (``plan.schema.json``).

    Raises:
        InputError: bones, side, landmarks or correction cannot be used.
    """
    report = progress or (lambda _stage, _fraction: None)
    if side not in ("L", "R"):
        raise InputError("bad_side", f"Side {side!r} is unknown", "Give L or R")
    if sum(x is not None for x in (correction_deg, target_hka, target_wbl)) != 1:
        raise InputError(
            "one_target", "Give exactly one correction", "Choose degrees, an HKA target or a WBL target"
        )
    report("bones", 0.0)
    wanted = tuple(Bone) if landmarks is None else (Bone.TIBIA,)
    loaded = BoneSet.read(bones, [bone for bone in wanted if bone != Bone.PATELLA])
    report("landmarks", 0.4)
    # Found landmarks are rounded as the document rounds them: planning again on them gives the same plan.
    marks = Landmarks.from_document(landmarks or find_landmarks(loaded, side).to_document())
    report("osteotomy", 0.8)
    cut = find_cut(loaded[Bone.TIBIA], marks, side)
    targets = {"HKA": target_hka, "WBL": target_wbl}
    target = next(((name, value) for name, value in targets.items() if value is not None), None)
    if target is not None:
        correction_deg = solve_correction(cut, marks, side, *target)
    assert correction_deg is not None
    osteotomy = open_wedge(cut, marks, side, correction_deg)
    document = _document(side, marks, cut, osteotomy, hashes(bones))
    if target is not None:
        document["target"] = dict(zip(("measure", "value"), target, strict=True))
        document["warnings"] += _target_warnings(document)
    report("done", 1.0)
    return document


def _document(
    side: Side, marks: Landmarks, cut: Cut, osteotomy: Osteotomy, bones_sha256: dict[str, str]
) -> dict[str, Any]:
    def after(points: Points) -> Points:
        return move(points, osteotomy.hinge_point, osteotomy.hinge_axis, osteotomy.correction_deg)

    measures = measures_document(marks, side, after)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "side": side,
        "measures": measures,
        "landmarks": marks.to_document(),
        "osteotomy": osteotomy.to_document(),
        "warnings": [],
        "bones_sha256": bones_sha256,
    }
    document["osteotomy"]["miniaci_deg"] = _miniaci_check(marks, side, osteotomy, after)
    document["warnings"] = _warnings(marks, side, cut, osteotomy, measures)
    return document


def _miniaci_check(
    marks: Landmarks, side: Side, osteotomy: Osteotomy, after: Callable[[Points], Points]
) -> float | None:
    """Miniaci's angle for the weight-bearing line that this correction reaches: the two must agree."""
    points = marks.positions()
    if "hip_center" not in points:
        return None
    frame = axes(points, side)
    hip, ankle = points["hip_center"], after(points)["ankle_center"]
    medial, lateral = points["plateau_medial_edge"], points["plateau_lateral_edge"]
    # T: where the corrected line meets the plateau line in the frontal plane.
    line, edge, start = ankle - hip, lateral - medial, medial - hip
    lu, lw = line @ frame.medial, line @ frame.up
    eu, ew = edge @ frame.medial, edge @ frame.up
    su, sw = start @ frame.medial, start @ frame.up
    share = (lw * su - lu * sw) / (lu * ew - lw * eu)
    angle = miniaci(hip, points["ankle_center"], osteotomy.hinge_point, medial + share * edge, frame.anterior)
    return round(angle, 4)


def _warning(code: str, message: str, source: str) -> dict[str, str]:
    return {"code": code, "message": message, "source": source}


def _warnings(
    marks: Landmarks, side: Side, cut: Cut, osteotomy: Osteotomy, measures: Mapping[str, Any]
) -> list[dict[str, str]]:
    points = marks.positions()
    frame = axes(points, side)
    found = []
    after = {name: measure["after"] for name, measure in measures.items()}
    before = {name: measure["before"] for name, measure in measures.items()}
    if after["mMPTA"] > 94:
        text = f"mMPTA becomes {after['mMPTA']:.1f} degrees, above 94; consider a double-level osteotomy"
        found.append(_warning("mmpta_high", text, "PMC8822774"))
    if "JLO" in after and abs(after["JLO"]) > 5:
        text = f"Joint line obliquity becomes {after['JLO']:.1f} degrees, beyond 5"
        found.append(_warning("obliquity_high", text, "PMC8822774"))
    if osteotomy.gap_mm > 11:
        text = f"The gap of {osteotomy.gap_mm:.1f} mm is above 11 mm; the risk of a hinge fracture rises"
        found.append(_warning("gap_large", text, "BJJ 2017;99B:1313"))
    if osteotomy.lateral_cortex_mm < LATERAL_CORTEX_MM - 0.01:
        text = f"Only {osteotomy.lateral_cortex_mm:.1f} mm of lateral cortex remain"
        found.append(_warning("hinge_thin", text, "BJJ 2017;99B:1313"))
    slope = after["PTS_medial"] - before["PTS_medial"]
    if abs(slope) > 1:
        text = f"The medial slope changes by {slope:+.1f} degrees"
        found.append(_warning("slope_change", text, "S0749-8063(20)31277-9"))
    if (points["tuberosity"] - cut.point) @ cut.normal > 0:
        text = "The plane passes below the tuberosity; saw only to its back and finish with an ascending cut"
        found.append(_warning("tuberosity_above_cut", text, "biplanar technique, near 110 degrees"))
    hinge_height = (points["plateau_lateral"] - osteotomy.hinge_point) @ frame.up
    if hinge_height < 10:
        text = f"The hinge lies only {hinge_height:.0f} mm below the lateral plateau"
        found.append(_warning("hinge_near_joint", text, "BJJ 2017;99B:1313"))
    if marks["fibula_tip"].provenance == "imputed":
        text = "No fibula is in view: the aim of the cut and the side of the leg rest on typical anatomy"
        found.append(_warning("fibula_missing", text, "priors of this program"))
    shaft = float((points["tibia_shaft_proximal"] - points["tibia_shaft_distal"]) @ frame.up)
    if marks["ankle_center"].provenance == "imputed":
        text = "The ankle is out of view: its place, HKA and WBL are imputed; check them on a long-leg film"
        found.append(_warning("ankle_imputed", text, "10.1080/17453674.2020.1779516"))
        if shaft < SHAFT_MM:
            text = (
                f"Only {shaft:.0f} mm of tibial shaft are in view; its axis is uncertain below {SHAFT_MM:g}"
            )
            found.append(_warning("shaft_short", text, "10.1080/23335432.2021.1916406"))
    if "hip_center" not in marks:
        text = "Too little femur is in view: HKA and WBL cannot be given"
        found.append(_warning("femur_missing", text, "10.1080/17453674.2020.1779516"))
    elif marks["hip_center"].provenance == "imputed":
        text = "The hip is out of view and imputed from the femoral shaft; check HKA on a long-leg film"
        found.append(_warning("hip_imputed", text, "PMC7875943"))
    return found


def _target_warnings(document: Mapping[str, Any]) -> list[dict[str, str]]:
    target = document["target"]
    band = document["measures"][target["measure"]]["band_after"]
    unit = document["measures"][target["measure"]]["unit"]
    tolerance = 2.0 if unit == "deg" else 10.0
    if band is None or max(band[1] - target["value"], target["value"] - band[0]) <= tolerance:
        return []
    text = (
        f"{target['measure']} after the correction may lie anywhere from {band[0]:.1f} to {band[1]:.1f}"
        f" {unit} (90 %); confirm the correction on a long-leg film"
    )
    return [_warning("band_misses_target", text, "10.1080/17453674.2020.1779516")]


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of the plan document."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "plan.schema.json").read_text("utf-8"))
    return loaded


def schema_breach(document: Any, expected: Mapping[str, Any]) -> str | None:
    """Where and how a document breaks a JSON schema; None when it keeps to it."""
    import jsonschema  # type: ignore[import-untyped]

    breaches = jsonschema.Draft202012Validator(expected).iter_errors(document)
    worst = jsonschema.exceptions.best_match(breaches)
    return None if worst is None else f"{worst.json_path}: {worst.message[:120]}"


def read_plan(plan: Path | Mapping[str, Any]) -> dict[str, Any]:
    """A validated plan document from a file or from itself.

    Raises:
        InputError: ``bad_plan`` when the file cannot be read, or the document breaks the schema or
            contradicts itself; ``landmarks_missing``.
    """
    if isinstance(plan, Path):
        try:
            document: dict[str, Any] = json.loads(plan.read_text("utf-8"), parse_constant=_no_number)
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                "bad_plan", f"{plan} is not a readable plan", "Write one with: python -m guides plan"
            ) from error
    else:
        document = dict(plan)
    broken = schema_breach(document, schema())
    if broken is not None:
        raise InputError(
            "bad_plan", f"The plan is not valid at {broken}", "Plan again with: python -m guides plan"
        )
    Osteotomy.from_document(document["osteotomy"])
    Landmarks.from_document(document["landmarks"])
    return document


def _no_number(text: str) -> NoReturn:
    """JSON has no NaN and no infinity, whatever Python's reader admits."""
    raise ValueError(text)


def plan_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of the document in canonical JSON (sorted keys, no spaces)."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_bones(document: Mapping[str, Any], bones: Path) -> None:
    """Refuse bones that are not those of the plan.

    Raises:
        InputError: ``bones_differ``.
    """
    planned, given = document["bones_sha256"].get("tibia"), hashes(bones).get("tibia")
    if given is not None and planned != given:
        raise InputError(
            "bones_differ",
            "The tibia is not the one of the plan",
            "Plan again on these bones, or give the planned ones",
        )
