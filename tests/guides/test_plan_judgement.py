"""Warnings with value and limit, several plans side by side, and what bad input is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from guides.alternatives import AIMS, alternatives
from guides.bones import Bone, BoneSet
from guides.cli import main
from guides.errors import InputError
from guides.landmarks import find_landmarks
from guides.plan import plan_files, read_plan
from guides.solids import to_mesh
from tests.guides.conftest import FolderOf
from tests.guides.synthetic import synthetic_leg, write_leg


def warned(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    for warning in plan["warnings"]:
        assert warning["message"] and warning["source"]
    return {warning["code"]: warning for warning in plan["warnings"]}


@pytest.mark.parametrize(
    ("code", "correction", "measure", "limit"),
    [
        ("mmpta_high", 12.0, "mMPTA", 94.0),
        ("obliquity_high", 18.0, "JLO", 5.0),
        ("gap_large", 14.0, None, 11.0),
    ],
)
def test_a_warning_comes_with_its_limit_and_goes_below_it(
    folder_of: FolderOf, code: str, correction: float, measure: str | None, limit: float
) -> None:
    bones = folder_of("synthetic_l")
    plan = plan_files(bones, "L", correction_deg=correction)
    found = warned(plan)[code]
    value = plan["measures"][measure]["after"] if measure else plan["osteotomy"]["gap_mm"]
    assert found["value"] == pytest.approx(value, abs=1e-3)
    assert found["limit"] == limit and abs(value) > limit
    assert code not in warned(plan_files(bones, "L", correction_deg=3.0))


def reported(source: Path, folder: Path, report: Any) -> Path:
    """The bones of a folder, beside which such a report lies."""
    shutil.copytree(source, folder)
    (folder / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
    return folder


def test_bones_that_their_reconstruction_does_not_trust_are_said_so_before_all_else(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    bones = folder_of("synthetic_l")

    def planned(name: str, report: Any) -> dict[str, Any]:
        return plan_files(reported(bones, tmp_path / name, report), "L", correction_deg=12)

    plain = plan_files(bones, "L", correction_deg=12)
    sound = planned("sound", {"trust": {"trusted": True, "reasons": ["the femur is unusually shaped"]}})
    assert sound == plain == planned("other", {"warnings": [], "bones": {}})
    refused = planned("refused", {"trust": {"trusted": False, "reasons": ["no patella", "metal"]}})
    first, *rest = refused["warnings"]
    assert first["code"] == "bones_untrusted" and first["message"].endswith("no patella; metal")
    assert refused | {"warnings": rest} == plain
    suspected = planned("suspected", {"trust": {"trusted": True, "reasons": [], "suspected": ["tibia"]}})
    first, *rest = suspected["warnings"]
    assert first["code"] == "bones_suspected" and first["message"].startswith("Look at the tibia in both")
    assert suspected | {"warnings": rest} == plain
    bare = planned("bare", {"trust": {"trusted": False, "reasons": []}})
    assert bare["warnings"][0]["message"].endswith("many small signs speak against it")


@pytest.mark.parametrize("report", ["{", "[]", {"trust": {"reasons": []}}, {"images": [{"file": "ap.dcm"}]}])
def test_a_report_beside_bones_that_is_none_is_refused(
    folder_of: FolderOf, tmp_path: Path, report: Any
) -> None:
    with pytest.raises(InputError) as caught:
        plan_files(reported(folder_of("synthetic_l"), tmp_path / "b", report), "L", correction_deg=8)
    assert caught.value.code == "bad_bones_report" and "take the file away" in caught.value.remedy


def test_a_hinge_beside_the_tibiofibular_joint_is_told_where_it_lies(folder_of: FolderOf) -> None:
    bones = folder_of("vsd_z013_l")
    plan = plan_files(bones, "L", correction_deg=8)
    assert "hinge_outside_safe_zone" not in warned(plan)
    up = np.array([0, 0, 12.0])
    marks = {name: mark["position"] for name, mark in plan["landmarks"].items()}
    for name in ("ptfj", "ptfj_medial", "ptfj_proximal", "ptfj_distal"):
        marks[name] = list(np.array(marks[name]) - up)
    lowered = warned(plan_files(bones, "L", correction_deg=8, landmarks=marks))["hinge_outside_safe_zone"]
    assert "above the zone" in lowered["message"] and lowered["value"] > 1


def test_little_shaft_and_a_wide_band_are_warned_of(folder_of: FolderOf) -> None:
    plan = plan_files(folder_of("hubmap_vhm_r/90"), "R", target_hka=185.0)
    found = warned(plan)
    assert found["shaft_short"]["value"] < found["shaft_short"]["limit"] == 50
    band = plan["measures"]["HKA"]["band_after"]
    assert found["band_misses_target"]["value"] == pytest.approx(max(band[1] - 185, 185 - band[0]), abs=0.02)


def test_a_patella_that_cannot_be_used_costs_a_measure_and_not_the_plan(
    folder_of: FolderOf, tmp_path: Path
) -> None:
    bones = tmp_path / "bones"
    shutil.copytree(folder_of("vsd_z013_l"), bones)
    mesh = trimesh.load_mesh(bones / "patella.ply", process=False)
    mesh.update_faces(np.arange(len(mesh.faces)) % 40 != 0)
    mesh.export(bones / "patella.ply")
    plan = plan_files(bones, "L", correction_deg=8)
    assert "patella_unusable" in warned(plan)
    assert "Caton_Deschamps" not in plan["measures"]
    # A preview on landmarks that were found before says so as well.
    assert "patella_unusable" in warned(plan_files(bones, "L", correction_deg=9, landmarks=plan["landmarks"]))


def test_three_alternatives_are_the_plans_that_their_targets_give(folder_of: FolderOf) -> None:
    bones = folder_of("synthetic_r")
    rows = alternatives(bones, "R", tuberosity="proximal")
    assert [row["name"] for row in rows] == [aim.name for aim in AIMS]
    corrections = []
    for row in rows:
        plan = read_plan(row["plan"])
        assert plan == plan_files(bones, "R", tuberosity="proximal", **row["target"])
        assert row["row"]["correction_deg"] == plan["osteotomy"]["correction_deg"]
        assert row["row"]["HKA"] == plan["measures"]["HKA"]["after"]
        assert row["row"]["leg_length"] == plan["measures"]["leg_length"]["change"]
        assert row["row"]["Caton_Deschamps"] is None, "no patella"
        assert row["row"]["warnings"] == [warning["code"] for warning in plan["warnings"]]
        corrections.append(row["row"]["correction_deg"])
    assert rows[0]["row"]["WBL"] == pytest.approx(62.5, abs=1e-2)
    assert rows[1]["row"]["WBL"] == pytest.approx(50, abs=1e-2)
    assert rows[2]["row"]["HKA"] == pytest.approx(183, abs=1e-2)
    assert corrections[1] < corrections[0]


def test_an_alternative_out_of_reach_says_so_beside_the_others(
    folder_of: FolderOf, capsys: pytest.CaptureFixture[str]
) -> None:
    bones = folder_of("vsd_z013_l")
    rows = alternatives(bones, "L")
    refused = {row["name"]: row["refused"] for row in rows if "refused" in row}
    assert list(refused) == [AIMS[1].name]
    assert refused[AIMS[1].name]["code"] == "target_out_of_reach" and refused[AIMS[1].name]["remedy"]
    command = ["alternatives", "--bones", str(bones), "--side", "L"]
    assert main(command) == 0
    assert capsys.readouterr().out.count("\n") == 3
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(rows))


Spoil = Callable[[Path], Path]


def _swapped(first: str, second: str) -> Callable[[FolderOf, Path], Path]:
    def make(folder_of: FolderOf, folder: Path) -> Path:
        shutil.copytree(folder_of("vsd_z013_l"), folder)
        (folder / f"{first}.ply").rename(folder / "kept")
        (folder / f"{second}.ply").rename(folder / f"{first}.ply")
        (folder / "kept").rename(folder / f"{second}.ply")
        return folder

    return make


def _short(_: FolderOf, folder: Path) -> Path:
    return write_leg(folder, synthetic_leg("L"), below_mm=20)


def _whole(folder_of: FolderOf, _: Path) -> Path:
    return folder_of("vsd_z013_l")


def _holes(folder_of: FolderOf, folder: Path) -> Path:
    shutil.copytree(folder_of("vsd_z013_l"), folder)
    mesh = trimesh.load_mesh(folder / "tibia.ply", process=False)
    mesh.update_faces(np.arange(len(mesh.faces)) % 50 != 0)
    mesh.export(folder / "tibia.ply")
    return folder


def _placed(
    shifts: dict[str, tuple[float, float, float]], scale: float = 1.0
) -> Callable[[FolderOf, Path], Path]:
    """Some bones moved by so many mm, or made smaller."""

    def make(folder_of: FolderOf, folder: Path) -> Path:
        shutil.copytree(folder_of("vsd_z013_l"), folder)
        for name, shift in shifts.items():
            mesh = trimesh.load_mesh(folder / f"{name}.ply", process=False)
            mesh.apply_scale(scale).apply_translation(shift)
            mesh.export(folder / f"{name}.ply")
        return folder

    return make


def _hole(landmark: str, radius_mm: float) -> Callable[[FolderOf, Path], Path]:
    """The tibia without the faces about a landmark, or without the nearest one."""

    def make(folder_of: FolderOf, folder: Path) -> Path:
        shutil.copytree(folder_of("vsd_z013_l"), folder)
        place = find_landmarks(BoneSet.read(folder), "L")[landmark].position
        mesh = trimesh.load_mesh(folder / "tibia.ply", process=False)
        distance = np.linalg.norm(mesh.triangles_center - place, axis=1)
        mesh.update_faces(distance > max(radius_mm, distance.min()))
        mesh.export(folder / "tibia.ply")
        return folder

    return make


BAD = {
    "cut 20 mm below the plateau": (_short, "L", 8, "mm of tibia are in view", "at least 56 mm"),
    "wrong side": (_whole, "R", 8, "medial side", "side of the case"),
    "tibia and fibula": (_swapped("tibia", "fibula"), "L", 8, "fibula is larger than the tibia", "swapped"),
    "tibia and femur": (_swapped("tibia", "femur"), "L", 8, "femur lies below the tibia", "swapped"),
    "femur and fibula": (_swapped("femur", "fibula"), "L", 8, "lies", "swapped"),
    "femur and patella": (_swapped("femur", "patella"), "L", 8, "patella is larger", "swapped"),
    "tibia and patella": (_swapped("tibia", "patella"), "L", 8, "than the tibia", "swapped"),
    "patella and fibula": (_swapped("patella", "fibula"), "L", 8, "fibula lies above the tibia", "swapped"),
    "holes": (_holes, "L", 8, "tibia mesh has holes", "reconstruct"),
    "metres": (_placed({"tibia": (0, 0, 0)}, 0.001), "L", 8, "0.34 mm long", "in metres: export it again"),
    "all in centimetres": (
        _placed(dict.fromkeys(("tibia", "femur", "fibula", "patella"), (0, 0, 0)), 0.1), "L", 8,
        "The tibia is 3", "in centimetres: export it again in millimetres",
    ),
    "a femur aside": (_placed({"femur": (300, 0, 0)}), "L", 8, "The femur lies 296 mm", "in one frame"),
    "a femur of the other leg": (_placed({"femur": (-90, 0, 0)}), "L", 8, "The femur lies 9", "of one leg"),
    "a femur too high": (_placed({"femur": (0, 0, 40)}), "L", 8, "The femur lies 4", "in one frame"),
    "a femur behind": (_placed({"femur": (0, 60, 0)}), "L", 8, "The femur lies", "in one frame"),
    "a patella aside": (_placed({"patella": (120, 0, 0)}), "L", 8, "The patella lies 1", "in one frame"),
    "a patella far ahead": (_placed({"patella": (0, -100, 0)}), "L", 8, "The patella lies 1", "in one frame"),
    "a hole in the plateau": (
        _hole("plateau_medial", 8), "L", 8, "a hole 17.7 mm across at its upper end", "Close it",
    ),
    "one triangle out of the plateau": (_hole("plateau_lateral", 0), "L", 8, "at its upper end", "Close it"),
    "a small hole at the tuberosity": (_hole("tuberosity", 2), "L", 8, "35 mm below its top", "Close it"),
    "a hole at the ankle": (_hole("ankle_center", 6), "L", 8, "at its lower end", "Close it"),
    "40 degrees": (_whole, "L", 40, "40 degrees", "0 to 20 degrees"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_told_what_would_mend_it(
    folder_of: FolderOf, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    make, side, correction, message, remedy = BAD[what]
    bones, out = make(folder_of, tmp_path / "bones"), tmp_path / "plan.json"
    command = ["plan", "--bones", str(bones), "--side", side, f"--correction={correction}", "--out", str(out)]
    assert main(command) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and message in line and remedy in line, line
    assert not out.exists()


def test_no_fibula_is_planned_with_a_warning(tmp_path: Path) -> None:
    leg = {name: bone for name, bone in synthetic_leg("R").items() if name != "fibula"}
    plan = plan_files(write_leg(tmp_path, leg), "R", correction_deg=8)
    assert "fibula_missing" in warned(plan)
    assert plan["landmarks"]["fibula_tip"]["provenance"] == "imputed"
    assert "hinge_outside_safe_zone" not in warned(plan), "nothing is known of the joint"


@pytest.mark.parametrize("technique", [{}, {"tuberosity": "proximal"}, {"kind": "lateral_closing_wedge"}])
@pytest.mark.parametrize("name", ["vsd_z013_r", "synthetic_l", "synthetic_r/95"])
def test_a_correction_of_nothing_changes_nothing(
    folder_of: FolderOf, name: str, technique: dict[str, Any]
) -> None:
    side = name.split("/")[0][-1].upper()
    plan = plan_files(folder_of(name), side, correction_deg=0, **technique)
    for measure in plan["measures"].values():
        assert measure["after"] == measure["before"] and measure["change"] == 0
        assert measure["band_after"] == measure["band"]
    osteotomy = plan["osteotomy"]
    assert osteotomy["gap_mm"] == osteotomy["gap_anterior_mm"] == osteotomy["wedge_volume_mm3"] == 0
    hka = plan["measures"]["HKA"]["before"]
    again = plan_files(folder_of(name), side, target_hka=hka + 1e-4, landmarks=plan["landmarks"], **technique)
    assert again["osteotomy"]["correction_deg"] == pytest.approx(0, abs=0.01)


MIRROR = np.array([-1.0, 1, 1])


@pytest.mark.parametrize(
    "technique",
    [
        {"target_wbl": 60.0},
        {"correction_deg": 9.0, "slope_change_deg": 2.0, "tuberosity": "proximal"},
        {"target_hka": 184.0, "kind": "lateral_closing_wedge", "jlca_compensation": True},
        {"target_mpta": 92.0, "long_film_hka": 174.0, "long_film_jlca": 4.0},
    ],
)
@pytest.mark.parametrize("name", ["hubmap_vhm_l", "synthetic_r/95"])
def test_a_mirrored_leg_gives_the_mirrored_plan(
    folder_of: FolderOf, tmp_path: Path, name: str, technique: dict[str, Any]
) -> None:
    side = name.split("/")[0][-1].upper()
    other = "R" if side == "L" else "L"
    here = plan_files(folder_of(name), side, **technique)
    meshes = {}
    for bone, mesh in BoneSet.read(folder_of(name)).items():
        meshes[bone] = trimesh.Trimesh(mesh.vertices * MIRROR, mesh.faces[:, ::-1], process=False)
    BoneSet(meshes).write(tmp_path)
    marks = {
        mark: {"position": list(np.array(value["position"]) * MIRROR), "provenance": value["provenance"]}
        for mark, value in here["landmarks"].items()
    }
    there = plan_files(tmp_path, other, **technique, landmarks=marks)
    for key, value in here["osteotomy"].items():
        if isinstance(value, float):
            assert there["osteotomy"][key] == pytest.approx(value, abs=2e-3, rel=1e-4), key
    for key in ("plane_point", "hinge_point", "start_point", "plane_normal", "medial_direction"):
        assert np.array(there["osteotomy"][key]) * MIRROR == pytest.approx(
            np.array(here["osteotomy"][key]), abs=2e-3
        ), key
    # An axis of rotation is a pseudovector: mirrored, it keeps its part across the mirror.
    assert np.array(there["osteotomy"]["hinge_axis"]) * -MIRROR == pytest.approx(
        np.array(here["osteotomy"]["hinge_axis"]), abs=1e-4
    )
    for measure, value in here["measures"].items():
        for part in ("before", "after"):
            assert there["measures"][measure][part] == pytest.approx(value[part], abs=2e-3), measure
        if value["band"] is not None:
            assert there["measures"][measure]["band"] == pytest.approx(value["band"], abs=0.02), measure
    assert [w["code"] for w in there["warnings"]] == [w["code"] for w in here["warnings"]]


def test_a_synthetic_leg_and_its_mirror_are_planned_alike_from_the_bones_on(tmp_path: Path) -> None:
    plans = {}
    for side in ("L", "R"):
        folder = tmp_path / side
        folder.mkdir()
        BoneSet(
            {bone: to_mesh(synthetic_leg(side)[bone.label]) for bone in Bone if bone != Bone.PATELLA}
        ).write(folder)
        plans[side] = plan_files(folder, side, target_wbl=62.5)
    left, right = plans["L"]["osteotomy"], plans["R"]["osteotomy"]
    assert right["correction_deg"] == pytest.approx(left["correction_deg"], abs=0.3)
    assert right["gap_mm"] == pytest.approx(left["gap_mm"], abs=0.3)


def test_an_error_names_a_code_for_the_programs_that_read_it(folder_of: FolderOf) -> None:
    with pytest.raises(InputError) as error:
        plan_files(folder_of("synthetic_l"), "L", target_mpta=50.0)
    assert error.value.code == "target_out_of_reach"
