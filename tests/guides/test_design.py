"""Guides from real bones, read again from what was exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh

from guides.bones import BoneSet, distance, signed_distance
from guides.design import design_files
from guides.design.presets import PARAMETERS, presets_document, settings
from guides.errors import InputError
from guides.landmarks import Landmarks
from guides.measures import axes
from guides.plan import plan_files
from guides.solids import from_mesh
from tests.guides.conftest import CROPS, FULL_LEGS, Designed, FolderOf, side_of, statuses

Design = Callable[..., Designed]
EVERY = [
    *((name, 8.0) for name in (*FULL_LEGS, *CROPS, "synthetic_l")),
    ("vsd_z013_l", 4.0),
    ("vsd_z013_l", 16.0),
]


@pytest.mark.parametrize(("name", "correction"), EVERY)
def test_a_guide_is_one_closed_part_clear_of_the_bone(designed: Design, name: str, correction: float) -> None:
    made = designed(name, correction)
    blocked = [check for check in made.report["checks"] if check["status"] == "block"]
    assert not blocked
    stl, threemf = made.guide(), trimesh.load_mesh(made.out / "guide.3mf")
    for mesh in (stl, threemf):
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.body_count == 1
    assert threemf.volume == pytest.approx(stl.volume, rel=1e-6)
    assert threemf.bounds == pytest.approx(stl.bounds, abs=1e-4)
    assert (stl.extents < 80).all() and 5_000 < stl.volume < 25_000
    assert (from_mesh(stl) ^ from_mesh(made.tibia())).volume() < 1e-3
    assert distance(made.tibia(), stl.vertices).min() > 0.2
    assert [wire["kind"] for wire in made.report["wires"]] == [*4 * ["wire"], "hinge"]
    # Each hole, the slot and each window go right through the guide.
    assert 1 - stl.euler_number / 2 == len(made.report["wires"]) + 1 + len(made.report["windows"])
    json.loads((made.out / "report.json").read_text("utf-8"))


@pytest.mark.parametrize("name", [*FULL_LEGS, *CROPS])
def test_the_guide_sits_anteromedially_below_the_joint(designed: Design, name: str) -> None:
    made = designed(name)
    points = Landmarks.from_document(made.plan["landmarks"]).positions()
    frame = axes(points, side_of(name))
    out = np.array(made.report["withdrawal_direction"])
    assert out @ frame.medial > 0.7 and 0.1 < out @ frame.anterior < 0.7
    guide = made.guide()
    across = (
        (guide.vertices - points["tuberosity"])
        @ np.cross(out, frame.up)
        * np.sign(np.cross(out, frame.up) @ frame.anterior)
    )
    assert across.max() < -5, "the tendon at the tuberosity stays free"
    joint = min(points["plateau_medial"] @ frame.up, points["plateau_lateral"] @ frame.up)
    assert (guide.vertices @ frame.up).max() < joint - 3
    normal = np.array(made.plan["osteotomy"]["plane_normal"])
    assert np.abs(np.array(made.report["slot"]["normal"]) @ normal) == pytest.approx(1, abs=1e-6)
    middle = np.array(made.report["slot"]["point"]) - made.plan["osteotomy"]["plane_point"]
    assert middle @ normal == pytest.approx(0, abs=1e-4)
    for wire in made.report["wires"]:
        assert wire["drill_depth_mm"] >= 20, "enough bone to hold the guide"
        depths = np.arange(0, wire["drill_depth_mm"])
        path = np.array(wire["point"]) + depths[:, None] * np.array(wire["direction"])
        assert (path @ frame.up).max() < joint - 4.9, "a wire drilled as deep as stated stays off the joint"
        assert signed_distance(made.tibia(), path[4:]).max() < 0, "and in the bone"
        above = (path - made.plan["osteotomy"]["plane_point"]) @ normal
        if wire["kind"] == "hinge":
            continue
        assert np.ptp(np.sign(above)) == 0 and np.abs(above).min() > 5, "and off the saw"


def test_a_mirrored_leg_gets_the_mirrored_guide(
    designed: Design, folder_of: FolderOf, tmp_path: Path
) -> None:
    here = designed("hubmap_vhm_l")
    mirrored = {}
    for bone, mesh in BoneSet.read(here.bones).items():
        copy = trimesh.Trimesh(mesh.vertices * [-1, 1, 1], mesh.faces, process=False)
        copy.invert()
        mirrored[bone] = copy
    (tmp_path / "bones").mkdir()
    BoneSet(mirrored).write(tmp_path / "bones")
    plan = plan_files(tmp_path / "bones", "R", correction_deg=8)
    report = design_files(tmp_path / "bones", plan, tmp_path / "out")
    flip = np.array([-1, 1, 1])
    hinge = np.array(plan["osteotomy"]["hinge_point"]) * flip
    assert hinge == pytest.approx(here.plan["osteotomy"]["hinge_point"], abs=0.5)
    assert np.array(report["withdrawal_direction"]) * flip == pytest.approx(
        here.report["withdrawal_direction"], abs=0.02
    )
    assert report["guide"]["volume_mm3"] == pytest.approx(here.report["guide"]["volume_mm3"], rel=0.03)
    places = np.array([wire["point"] for wire in here.report["wires"]])
    for wire in report["wires"]:
        assert np.linalg.norm(places - np.array(wire["point"]) * flip, axis=1).min() < 1.0
    assert report["label"].startswith("R ") and here.report["label"].startswith("L ")


def test_the_same_input_gives_the_same_file(designed: Design, tmp_path: Path) -> None:
    made = designed("synthetic_l")
    design_files(made.bones, made.plan, tmp_path / "again")
    assert (tmp_path / "again" / "guide.stl").read_bytes() == made.stl.read_bytes()


def test_an_existing_folder_keeps_its_other_files(designed: Design, tmp_path: Path) -> None:
    made = designed("synthetic_l")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "guide.stl").write_text("old")
    design_files(made.bones, made.plan, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "guide.stl").read_bytes() == made.stl.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "contact.ply",
        "guide.3mf",
        "guide.stl",
        "notes.txt",
        "report.json",
        "scores.json",
    ]


def test_parameters_reach_the_guide(designed: Design, tmp_path: Path) -> None:
    made = designed("synthetic_l")
    chosen = {"wire_diameter_mm": 3.0, "blade_thickness_mm": 1.27, "bone_clearance_mm": 0.5}
    report = design_files(made.bones, made.plan, tmp_path / "out", parameters=chosen)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["wire_hole_distal_1"]["value"] == pytest.approx(3.2, abs=0.05)
    assert checks["slot_thickness"]["value"] == pytest.approx(1.57, abs=0.02)
    assert checks["smallest_gap"]["value"] > 0.4
    assert "block" not in statuses(report["checks"]).values()


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"wire_diameter_mm": 9.0}, "parameter_out_of_range"),
        ({"wire_diameter_mm": float("nan")}, "parameter_out_of_range"),
        ({"wire_diameter_mm": "thick"}, "bad_parameter"),
        ({"wire_diameter_mm": True}, "bad_parameter"),
        ({"wire_width": 2.0}, "unknown_parameter"),
        ([1, 2], "bad_parameter"),
    ],
)
def test_bad_parameters_are_refused(parameters: object, code: str) -> None:
    with pytest.raises(InputError) as error:
        settings(parameters)  # type: ignore[arg-type]
    assert error.value.code == code


def test_the_form_and_the_engine_agree_on_defaults() -> None:
    assert {entry["name"]: entry["default"] for entry in presets_document()} == settings().numbers()
    assert all(p.min <= p.default <= p.max for p in PARAMETERS)


def test_a_plan_without_opening_gets_no_guide(folder_of: FolderOf, tmp_path: Path) -> None:
    plan = plan_files(folder_of("synthetic_l"), "L", correction_deg=0)
    assert plan["osteotomy"]["gap_mm"] == 0
    with pytest.raises(InputError) as error:
        design_files(folder_of("synthetic_l"), plan, tmp_path / "out")
    assert error.value.code == "no_correction" and not (tmp_path / "out").exists()


def test_no_room_on_the_bone_is_a_refusal_with_numbers(folder_of: FolderOf, tmp_path: Path) -> None:
    folder = folder_of("synthetic_l")
    plan = plan_files(folder, "L", correction_deg=8)
    tuberosity = np.array(plan["landmarks"]["tuberosity"]["position"])
    marks = plan["landmarks"] | {
        "tuberosity": {"position": list(tuberosity - [25, -10, 0]), "provenance": "edited"}
    }
    crowded = plan_files(folder, "L", correction_deg=8, landmarks=marks)
    with pytest.raises(InputError) as error:
        design_files(folder, crowded, tmp_path / "out")
    assert error.value.code == "bone_too_small" and "tuberosity" in error.value.remedy
    assert list(tmp_path.iterdir()) == []
