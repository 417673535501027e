"""Guides for every osteotomy, undercuts that do not lock, and bones and wishes that no guide can follow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from guides.bones import Bone, BoneSet
from guides.cli import main
from guides.design import design_files
from guides.design.soundness import check_sound
from guides.errors import InputError
from guides.plan import plan_files
from guides.solids import from_mesh
from tests.benchmarks.exported_guide import examine
from tests.benchmarks.guide_undercut import undercut_touches
from tests.guides.conftest import Designed, FolderOf, statuses

Design = Callable[..., Designed]


def test_undercuts_are_filled_and_without_it_the_guide_locks(tmp_path: Path) -> None:
    filled, open_ = undercut_touches(tmp_path)
    assert filled == 0 and open_ > 0


@pytest.mark.parametrize(("name", "correction"), [("hubmap_vhm_l", 8.0), ("staple_lhdl_ct_r", 12.0)])
def test_a_lateral_closing_wedge_gets_two_slots_clear_of_the_fibula(
    folder_of: FolderOf, tmp_path: Path, name: str, correction: float
) -> None:
    bones = folder_of(name)
    side: Any = name[-1].upper()
    plan = plan_files(bones, side, correction_deg=correction, kind="lateral_closing_wedge")
    report = design_files(bones, plan, tmp_path / "out")
    assert "block" not in statuses(report["checks"]).values()
    assert [slot["name"] for slot in report["other_slots"]] == ["lower cut"]
    normals = [np.array(slot["normal"]) for slot in (report["slot"], *report["other_slots"])]
    angle = np.degrees(np.arccos(abs(normals[0] @ normals[1])))
    assert angle == pytest.approx(correction, abs=0.05)
    guide = trimesh.load_mesh(tmp_path / "out" / "guide.stl")
    fibula = BoneSet.read(bones, [Bone.TIBIA, Bone.FIBULA])[Bone.FIBULA]
    assert (from_mesh(guide) ^ from_mesh(fibula)).volume() == 0
    found = examine(tmp_path / "out", bones / "tibia.ply", plan)
    assert found["faults"] == [] and found["slot_deg"] < 0.05


def test_a_biplanar_plan_gets_a_second_slot(folder_of: FolderOf, tmp_path: Path) -> None:
    bones = folder_of("hubmap_vhm_r")
    plan = plan_files(bones, "R", correction_deg=10)
    report = design_files(bones, plan, tmp_path / "out", parameters={"second_slot": 1})
    found = statuses(report["checks"])
    assert "block" not in found.values()
    assert found["slot_plane_angle_second_cut"] == found["slot_open_second_cut"] == "pass"
    planned = np.array(plan["osteotomy"]["ascending"]["plane_normal"])
    assert abs(np.array(report["other_slots"][0]["normal"]) @ planned) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("correction", "technique", "parameters", "code"),
    [
        (2.0, {"kind": "lateral_closing_wedge"}, {}, "wedge_too_thin"),
        (8.0, {"tuberosity": "proximal"}, {"second_slot": 1}, "no_second_cut"),
        (8.0, {}, {"bone_clearance_mm": 3.0}, "parameter_out_of_range"),
    ],
)
def test_wishes_that_cannot_be_built_are_refused(
    folder_of: FolderOf,
    tmp_path: Path,
    correction: float,
    technique: dict[str, Any],
    parameters: dict[str, float],
    code: str,
) -> None:
    bones = folder_of("synthetic_l")
    plan = plan_files(bones, "L", correction_deg=correction, **technique)
    with pytest.raises(InputError) as error:
        design_files(bones, plan, tmp_path / "out", parameters=parameters)
    assert error.value.code == code and error.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_guide_on_bones_that_say_how_unsure_they_are_reaches_further_down(
    folder_of: FolderOf, designed: Design, tmp_path: Path
) -> None:
    name = "hubmap_vhm_l"
    sure = designed(name).report["footprint"]["outline"]
    bones = tmp_path / "bones"
    shutil.copytree(folder_of(name), bones)
    tibia = BoneSet.read(bones)[Bone.TIBIA]
    tibia.vertex_attributes["uncertainty_mm"] = np.full(len(tibia.vertices), 0.6, dtype=np.float32)
    (bones / "tibia.ply").write_bytes(tibia.export(file_type="ply"))
    report = design_files(bones, plan_files(bones, "L", correction_deg=8), tmp_path / "out")
    assert report["unsure_bones"] and not any(check["status"] == "block" for check in report["checks"])
    further = min(v for _, v in sure) - min(v for _, v in report["footprint"]["outline"])
    # All of what the parameter adds, or half of it where the face of the bone narrows.
    assert any(further == pytest.approx(22 * share, abs=1) for share in (1.0, 0.5))


def test_a_wire_through_the_joint_blocks(folder_of: FolderOf, tmp_path: Path) -> None:
    """The plan is sound, but its landmarks put the joint line just above the wires."""
    bones = folder_of("synthetic_l")
    plan = plan_files(bones, "L", correction_deg=8)
    for name in ("plateau_medial", "plateau_lateral", "tibia_knee_center"):
        plan["landmarks"][name]["position"][2] -= 22
    report = design_files(bones, plan, tmp_path / "out")
    blocked = [check for check in report["checks"] if check["status"] == "block"]
    assert {check["name"] for check in blocked} & {"wire_joint_proximal_1", "wire_joint_hinge_pin"}
    assert all(check["place"] and "cut" in check["remedy"] for check in blocked)


def folded(bone: trimesh.Trimesh, at: np.ndarray[Any, Any]) -> trimesh.Trimesh:
    """The bone with a dent so deep that it comes out on the other side: closed, but not a solid."""
    mesh = bone.subdivide()
    vertices = np.array(mesh.vertices)
    off = np.linalg.norm(vertices - at, axis=1)
    middle = np.array([*vertices[off < 40].mean(axis=0)])
    inward = (middle - at) / np.linalg.norm(middle - at)
    vertices += np.outer(90 * np.exp(-((off / 12) ** 2)), inward)
    return trimesh.Trimesh(vertices, mesh.faces, process=False)


def test_a_bone_that_passes_through_itself_is_refused(folder_of: FolderOf, designed: Design) -> None:
    made = designed("hubmap_vhm_l")
    start = np.array(made.plan["osteotomy"]["start_point"])
    tibia = made.tibia()
    check_sound(tibia, start)
    bad = folded(tibia, start)
    assert bad.is_watertight
    with pytest.raises(InputError) as error:
        check_sound(bad, start)
    assert error.value.code == "self_intersecting" and "mm" in error.value.message


def test_work_that_takes_too_long_is_stopped_and_leaves_nothing(
    designed: Design, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No mesh hangs on command; the time limit cannot tell a long work from an endless one."""
    made = designed("hubmap_vhm_l")
    plan = made.out.parent / "plan.json"
    command = ["design", "--bones", str(made.bones), "--plan", str(plan), "--out", str(tmp_path / "out")]
    assert main([*command, "--time-limit", "0.05"]) == 2
    assert "stopped" in capfd.readouterr().err
    kept = tmp_path / "kept"
    shutil.copytree(made.out, kept)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    score = ["score", "--guide", str(kept), "--bones", str(made.bones), "--time-limit", "0.05"]
    assert main(score) == 2
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
