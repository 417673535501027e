"""Planning: bones in; landmarks, measures, osteotomy and warnings out, as a document with a JSON schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trimesh

from guides.bones import Bone, BoneSet, hashes
from guides.bones.uncertainty import Uncertainty, read_uncertainties
from guides.errors import InputError
from guides.judgement import (
    Judged,
    target_warnings,
    trust_warnings,
    unsure_places,
    warning,
    warnings,
)
from guides.landmarks import Landmarks, Side, check_consistency, find_landmarks
from guides.measures import (
    LongFilm,
    Points,
    Pose,
    axes,
    doubts,
    drawn_points,
    jlca,
    measures_document,
    read_film,
)
from guides.osteotomy import (
    Correction,
    Cut,
    Kind,
    Osteotomy,
    Placing,
    Planned,
    Technique,
    TuberositySide,
    close_wedge,
    dugdale,
    find_closing_cut,
    find_cut,
    jlca_compensation,
    miniaci,
    open_wedge,
    osteotomy_bands,
    plateau_crossing,
    retrotubercular,
    solve_correction,
    solved_hinge,
    volume_of,
)
from guides.plan_document import SCHEMA, check_bones, plan_hash, read_plan, schema, schema_breach
from guides.reconstruction import read_reconstruction

__all__ = [
    "SCHEMA",
    "Progress",
    "check_bones",
    "plan_files",
    "plan_hash",
    "read_plan",
    "schema",
    "schema_breach",
]

Progress = Callable[[str, float], None]


def plan_files(
    bones: Path,
    side: Side,
    *,
    correction_deg: float | None = None,
    target_hka: float | None = None,
    target_wbl: float | None = None,
    target_mpta: float | None = None,
    kind: Kind = "medial_opening_wedge",
    tuberosity: TuberositySide = "distal",
    slope_change_deg: float = 0.0,
    jlca_compensation: bool = False,
    long_film_hka: float | None = None,
    long_film_jlca: float | None = None,
    film_reading: Mapping[str, Any] | None = None,
    landmarks: Mapping[str, Any] | None = None,
    cut: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plan a high tibial osteotomy on a folder of bones.

    Args:
        bones: folder with tibia.ply and, as far as they are known, femur.ply, fibula.ply and patella.ply.
            Where vertices carry ``uncertainty_mm``, measures have bands that come of it, and the plan says
            how sure the tibia is where it needs it. Where a ``report.json`` beside them does not trust them,
            the plan says so first.
        side: "L" or "R".
        correction_deg: turn in degrees; or
        target_hka: hip-knee-ankle angle to reach, degrees (180 straight, above valgus); or
        target_wbl: weight-bearing line to reach, per cent from medial; or
        target_mpta: medial proximal tibial angle to reach, degrees. Exactly one of the four.
        kind: medial_opening_wedge or lateral_closing_wedge.
        tuberosity: the fragment that keeps it: distal (second cut ascending) or proximal (descending).
        slope_change_deg: wanted change of the medial posterior slope, positive for more.
        jlca_compensation: count on the joint line closing by (JLCA - 2) / 2 degrees after the correction.
        long_film_hka: HKA read on a weight-bearing long-leg film, degrees; overrides what the bones show.
        long_film_jlca: JLCA read on that film, degrees.
        film_reading: where both were measured, the film and the marks on it, as of ``read_film``.
        landmarks: the ``landmarks`` of an earlier plan, some perhaps edited; only the tibia is then read,
            which makes a preview fast. None finds them.
        cut: start and hinge of the cut where they are placed by hand, ``{"start_point": [x, y, z],
            "hinge_point": [x, y, z]}`` in LPS mm, each optional; what is left out is found.
        progress: told the stage and the share done.

    Returns:
        The plan document (``plan.schema.json``).

    Raises:
        InputError: bones, side, landmarks, film, technique, cut or correction cannot be used.
    """
    report = progress or (lambda _stage, _fraction: None)
    if side not in ("L", "R"):
        raise InputError("bad_side", f"Side {side!r} is unknown", "Give L or R")
    targets = {"HKA": target_hka, "WBL": target_wbl, "mMPTA": target_mpta}
    target = next(((name, value) for name, value in targets.items() if value is not None), None)
    if sum(x is not None for x in (correction_deg, *targets.values())) != 1:
        raise InputError(
            "one_target", "Give exactly one correction", "Choose degrees, or a target of HKA, WBL or MPTA"
        )
    technique = Technique(kind, tuberosity, slope_change_deg, jlca_compensation)
    placing = Placing.from_document(cut)
    film = read_film(side, long_film_hka, long_film_jlca, film_reading)
    report("bones", 0.0)
    loaded, spoilt = _read(bones, landmarks)
    report("landmarks", 0.4)
    # Found landmarks are rounded as the document rounds them: planning again on them gives the same plan.
    marks = Landmarks.from_document(landmarks or find_landmarks(loaded, side).to_document())
    if landmarks is not None:
        check_consistency(marks.positions(), side)
    report("osteotomy", 0.8)
    uncertainty = read_uncertainties(bones)
    case = _Case.of(loaded, marks, side, technique, film, placing)
    if target is not None:
        correction_deg = solve_correction(case.correction, case.points, side, *target)
    assert correction_deg is not None
    document = _document(case, correction_deg, target, hashes(bones), uncertainty)
    document["warnings"] = trust_warnings(read_reconstruction(bones)) + document["warnings"] + spoilt
    if target is not None:
        document["target"] = dict(zip(("measure", "value"), target, strict=True))
        document["warnings"] += target_warnings(document)
    report("done", 1.0)
    return document


def _read(bones: Path, landmarks: Mapping[str, Any] | None) -> tuple[BoneSet, list[dict[str, Any]]]:
    """The bones that planning looks at; a patella that cannot be used costs a measure, not the plan."""
    if landmarks is not None:
        loaded = BoneSet.read(bones, [Bone.TIBIA])
        lost = (
            bones / f"{Bone.PATELLA.label}.ply"
        ).is_file() and "patella_articular_superior" not in landmarks
        return loaded, [_without_patella("no landmarks were found on the patella")] if lost else []
    try:
        return BoneSet.read(bones), []
    except InputError as error:
        loaded = BoneSet.read(bones, [bone for bone in Bone if bone != Bone.PATELLA])
        return loaded, [_without_patella(error.message)]


def _without_patella(why: str) -> dict[str, Any]:
    return warning("patella_unusable", f"Patellar height cannot be given: {why}", "this program")


@dataclass(frozen=True)
class _Case:
    """One leg, and how it is to be corrected."""

    tibia: trimesh.Trimesh
    marks: Landmarks
    points: Points
    side: Side
    technique: Technique
    film: LongFilm
    placing: Placing
    cut: Cut
    jlca: float | None
    joint_closing_deg: float

    @classmethod
    def of(
        cls,
        bones: BoneSet,
        marks: Landmarks,
        side: Side,
        technique: Technique,
        film: LongFilm,
        placing: Placing,
    ) -> _Case:
        film.check(marks)
        points = film.moved(marks, side).positions()
        tibia = bones[Bone.TIBIA]
        finder = find_cut if technique.kind == Osteotomy.KIND else find_closing_cut
        opening = float(jlca(points, side)) if "femur_medial_distal" in points else None
        if technique.jlca_compensation and opening is None:
            raise InputError(
                "measure_unavailable",
                "JLCA cannot be computed from these bones",
                "Add the femur to the bones, or plan without compensation of JLCA",
            )
        closing = jlca_compensation(opening) if technique.jlca_compensation and opening is not None else 0.0
        cut = finder(tibia, points, side, placing)
        return cls(tibia, marks, points, side, technique, film, placing, cut, opening, closing)

    def correction(self, degrees: float) -> Correction:
        """What so many degrees do to the leg."""
        hinge = solved_hinge(self.cut, self.points, self.side, degrees, self.technique.slope_change_deg)
        return Correction(*hinge, degrees, self.technique.tuberosity, self.joint_closing_deg)

    def osteotomy(self, degrees: float) -> Osteotomy:
        """The wedge of so many degrees."""
        wedge = open_wedge if self.technique.kind == Osteotomy.KIND else close_wedge
        return wedge(self.cut, self.points, self.side, degrees, self.technique.slope_change_deg)


def _document(
    case: _Case,
    correction_deg: float,
    target: tuple[str, float] | None,
    bones_sha256: dict[str, str],
    uncertainty: Mapping[Bone, Uncertainty],
) -> dict[str, Any]:
    osteotomy = case.osteotomy(correction_deg)
    correction = Correction(
        osteotomy.hinge_point,
        osteotomy.hinge_axis,
        correction_deg,
        case.technique.tuberosity,
        case.joint_closing_deg,
    )
    drawn = Pose(
        drawn_points(case.marks, case.side, case.film, doubt=doubts(case.marks, uncertainty)), case.side
    )
    measures = measures_document(
        case.marks, case.side, lambda points: correction.of_leg(points, case.side), case.film, drawn
    )
    tibia = uncertainty.get(Bone.TIBIA)
    unsure = unsure_places(tibia, case.points, osteotomy)
    numbers = _constructions(case, osteotomy, correction)
    planned = Planned(
        case.tibia, case.cut, osteotomy, correction, numbers["wedge_volume_mm3"], target, case.placing
    )
    bands = osteotomy_bands(planned, case.points, drawn, case.side, tibia)
    numbers["bands"] = _with_constructions(bands, numbers, correction_deg)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "side": case.side,
        "technique": case.technique.to_document(),
        "measures": measures,
        "landmarks": case.marks.to_document(),
        "osteotomy": osteotomy.to_document()
        | numbers
        | {"bands": _with_constructions(bands, numbers, correction_deg)},
        "warnings": warnings(
            Judged(
                case.marks,
                case.points,
                case.side,
                case.cut,
                osteotomy,
                case.technique,
                case.film,
                measures,
                unsure,
            )
        ),
        "bones_sha256": bones_sha256,
    }
    if case.jlca is not None:
        document["jlca_compensation"] = {
            "applied": case.technique.jlca_compensation,
            "jlca": round(case.jlca, 4),
            "deg": round(jlca_compensation(case.jlca), 4),
        }
    if unsure:
        document["uncertainty_mm"] = unsure
    if placed := case.placing.to_document():
        document["cut"] = placed
    if case.film.measured:
        document["long_film"] = case.film.to_document(case.marks, case.side)
    return document


def _constructions(case: _Case, osteotomy: Osteotomy, correction: Correction) -> dict[str, Any]:
    """Wedge volume, height of the hinge, second cut, and the angles of Miniaci and Dugdale for the line that
    the bone reaches."""
    points, side = case.points, case.side
    below = float((points[osteotomy.HINGE_PLATEAU] - osteotomy.hinge_point) @ axes(points, side).up)
    found: dict[str, Any] = {
        "hinge_below_joint_mm": round(below, 4),
        "wedge_volume_mm3": round(volume_of(osteotomy, case.tibia, case.cut.outline), 2),
        "miniaci_deg": None,
        "dugdale_deg": None,
    }
    if osteotomy.KIND == Osteotomy.KIND:
        name = "ascending" if case.technique.tuberosity == "distal" else "descending"
        found[name] = retrotubercular(case.cut, osteotomy, points, side, case.technique.tuberosity)
    if "hip_center" in points:
        frame, hip, ankle = axes(points, side), points["hip_center"], points["ankle_center"]
        reached = correction.of_bone(points)["ankle_center"]
        edges = (points["plateau_medial_edge"], points["plateau_lateral_edge"])
        aim = plateau_crossing(hip, reached, *edges, frame)
        found["miniaci_deg"] = round(miniaci(hip, ankle, osteotomy.hinge_point, aim, frame.anterior), 4)
        found["dugdale_deg"] = round(dugdale(hip, ankle, aim, frame.anterior), 4)
    return found


def _with_constructions(
    bands: dict[str, list[float] | None], numbers: Mapping[str, Any], correction_deg: float
) -> dict[str, list[float] | None]:
    """Bands with those of Miniaci's and Dugdale's angles, which change as the correction does."""
    needed = bands["correction_deg"]
    drawn = {name: numbers[name] for name in ("miniaci_deg", "dugdale_deg") if numbers[name] is not None}
    return bands | {
        name: None if needed is None else [round(x + value - correction_deg, 2) for x in needed]
        for name, value in drawn.items()
    }
