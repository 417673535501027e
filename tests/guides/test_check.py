"""The checks must fail on guides that were spoilt on purpose, each by the check that names the fault."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh

from guides.check import check_files
from guides.check.printing import overhang
from guides.errors import InputError
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from tests.guides.conftest import Designed, statuses

Design = Callable[..., Designed]


@pytest.fixture
def made(designed: Design) -> Designed:
    return designed("synthetic_l")


def judged(made: Designed, mesh: trimesh.Trimesh, folder: Path) -> dict[str, str]:
    """Statuses of a spoilt guide beside the report of the good one."""
    mesh.export(folder / "guide.stl")
    shutil.copy(made.out / "report.json", folder / "report.json")
    return statuses(check_files(folder / "guide.stl", made.bones, made.plan))


def moved(mesh: trimesh.Trimesh, shift: np.ndarray) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices + shift, mesh.faces, process=False)


def test_the_good_guide_passes_as_stl_and_3mf(made: Designed) -> None:
    for name in ("guide.stl", "guide.3mf"):
        found = statuses(check_files(made.out / name, made.bones, made.plan))
        assert "block" not in found.values() and len(found) > 30


def test_without_its_report_the_checks_say_what_they_could_not_do(made: Designed, tmp_path: Path) -> None:
    shutil.copy(made.stl, tmp_path / "guide.stl")
    found = statuses(check_files(tmp_path / "guide.stl", made.bones, made.plan))
    assert found["report"] == "warn" and found["slot_plane_angle"] == "pass"


def test_a_filled_slot(made: Designed, tmp_path: Path) -> None:
    slot = made.report["slot"]
    out = -np.array(slot["direction"])
    basis = np.column_stack([slot["along"], slot["normal"], out])
    # Within the walls and short of the mouth: faces that coincide would leave slivers in the file.
    box = trimesh.creation.box((slot["width_mm"] / 3, 2.9, slot["depth_mm"] / 2))
    centre = np.array(slot["point"]) - out * slot["depth_mm"] / 2
    plug = trimesh.Trimesh(box.vertices @ basis.T + centre, box.faces)
    plug.fix_normals()
    found = judged(made, to_mesh(from_mesh(made.guide()) + from_mesh(plug)), tmp_path)
    assert found["slot_open"] == "block"


def test_a_plugged_hole(made: Designed, tmp_path: Path) -> None:
    wire = made.report["wires"][2]
    point, out = np.array(wire["point"]), -np.array(wire["direction"])
    plug = trimesh.creation.cylinder(2.0, segment=[point + 3 * out, point + 5 * out])
    found = judged(made, to_mesh(from_mesh(made.guide()) + from_mesh(plug)), tmp_path)
    assert found["wire_open_distal_1"] == "block"
    assert found["wire_open_distal_2"] == found["wire_open_proximal_1"] == "pass"


def test_a_hole_that_is_too_tight(made: Designed, tmp_path: Path) -> None:
    wire = made.report["wires"][0]
    point, out = np.array(wire["point"]), -np.array(wire["direction"])
    tube = trimesh.creation.annulus(0.9, 1.8, segment=[point + 1 * out, point + 9 * out])
    found = judged(made, to_mesh(from_mesh(made.guide()) + from_mesh(tube)), tmp_path)
    assert found["wire_hole_proximal_1"] == "block"


@pytest.mark.parametrize("depth", [0.5, 1.5])
def test_a_guide_pushed_into_the_bone(made: Designed, tmp_path: Path, depth: float) -> None:
    inwards = -np.array(made.report["withdrawal_direction"])
    found = judged(made, moved(made.guide(), depth * inwards), tmp_path)
    assert found["overlap"] == "block"


def test_a_guide_closer_than_its_clearance(made: Designed, tmp_path: Path) -> None:
    inwards = -np.array(made.report["withdrawal_direction"])
    found = judged(made, moved(made.guide(), 0.2 * inwards), tmp_path)
    assert found["smallest_gap"] == "block"


@pytest.mark.parametrize(
    ("shift", "check"), [(0.3, "slot_plane_distance"), (-0.3, "slot_plane_distance"), (4, "slot_plane_angle")]
)
def test_a_guide_shifted_along_the_bone(made: Designed, tmp_path: Path, shift: float, check: str) -> None:
    """By less than the slot the distance tells; further off no slot is found where the plan has the cut."""
    normal = np.array(made.plan["osteotomy"]["plane_normal"])
    assert judged(made, moved(made.guide(), shift * normal), tmp_path)[check] == "block"


def test_a_guide_turned_by_half_a_degree(made: Designed, tmp_path: Path) -> None:
    slot = made.report["slot"]
    turn = trimesh.transformations.rotation_matrix(np.radians(0.5), slot["along"], slot["point"])
    mesh = made.guide()
    mesh.apply_transform(turn)
    assert judged(made, mesh, tmp_path)["slot_plane_angle"] == "block"


def test_a_loose_part(made: Designed, tmp_path: Path) -> None:
    far = made.guide().bounds[1] + 5
    ball = trimesh.creation.icosphere(radius=2)
    loose = trimesh.util.concatenate([made.guide(), moved(ball, far)])
    assert judged(made, loose, tmp_path)["parts_stl"] == "block"


def test_an_open_mesh(made: Designed, tmp_path: Path) -> None:
    mesh = made.guide()
    mesh.update_faces(np.arange(len(mesh.faces)) > 20)
    assert judged(made, mesh, tmp_path)["watertight_stl"] == "block"


def test_a_guide_turned_inside_out(made: Designed, tmp_path: Path) -> None:
    mesh = made.guide()
    mesh.invert()
    assert judged(made, mesh, tmp_path)["volume_stl"] == "block"


def test_a_hook_behind_the_bone(made: Designed, tmp_path: Path) -> None:
    out = np.array(made.report["withdrawal_direction"])
    centre = made.tibia().bounds.mean(axis=0) * [0, 0, 0] + made.guide().bounds.mean(axis=0)
    behind = trimesh.creation.cylinder(2, segment=[centre - 75 * out, centre - 72 * out])
    found = judged(made, trimesh.util.concatenate([made.guide(), behind]), tmp_path)
    assert found["withdrawal"] == "block"


def test_a_wall_thinner_than_the_printer_can(made: Designed, tmp_path: Path) -> None:
    out = np.array(made.report["withdrawal_direction"])
    along = np.array(made.report["slot"]["along"])
    centre = made.guide().bounds.mean(axis=0) + 12 * out
    basis = np.column_stack([along, out, np.cross(along, out)])
    box = trimesh.creation.box((30, 30, 0.4))
    fin = trimesh.Trimesh(box.vertices @ basis.T + centre, box.faces)
    fin.fix_normals()
    found = judged(made, to_mesh(from_mesh(made.guide()) + from_mesh(fin)), tmp_path)
    assert found["thickness"] == "warn"


def test_supports_on_the_contact_face() -> None:
    bone = trimesh.creation.box((60, 60, 10), trimesh.transformations.translation_matrix([0, 0, -5]))
    plate = trimesh.creation.box(bounds=[[-10, -10, 0.3], [10, 10, 4]])
    out = np.array([0.0, 0, 1])
    good = overhang(plate, bone, out, 0.3)
    assert (good["status"], good["value"]) == ("pass", 0)
    tongue = trimesh.creation.box(bounds=[[8, -5, 0.3], [20, 5, 0.7]])
    found = overhang(to_mesh(from_mesh(plate) + from_mesh(tongue)), bone, out, 0.3)
    assert found["status"] == "warn" and found["value"] == pytest.approx(100)
    assert 10 <= found["place"][0] <= 20
    ledge = trimesh.creation.box(bounds=[[8, -5, 2], [20, 5, 3]])
    outside = overhang(to_mesh(from_mesh(plate) + from_mesh(ledge)), bone, out, 0.3)
    assert outside["status"] == "pass" and "100 mm2 of the outside" in outside["message"]


def test_the_guide_of_another_plan(made: Designed, tmp_path: Path) -> None:
    other = plan_files(made.bones, "L", correction_deg=9)
    found = statuses(check_files(made.stl, made.bones, other))
    assert found["plan_hash"] == "block"


def test_bones_of_somebody_else(made: Designed, designed: Design) -> None:
    with pytest.raises(InputError) as error:
        check_files(made.stl, designed("hubmap_vhm_l").bones, made.plan)
    assert error.value.code == "bones_differ"


@pytest.mark.parametrize("spoil", ["{", "[]", "{}", "no_wires", "bad_wire", "bad_slot"])
def test_a_spoilt_report_is_refused(made: Designed, tmp_path: Path, spoil: str) -> None:
    shutil.copy(made.stl, tmp_path / "guide.stl")
    report = json.loads((made.out / "report.json").read_text("utf-8"))
    if spoil == "no_wires":
        del report["wires"]
    elif spoil == "bad_wire":
        report["wires"][1]["direction"] = [0, 1]
    elif spoil == "bad_slot":
        report["slot"]["width_mm"] = "wide"
    text = json.dumps(report) if "_" in spoil else spoil
    (tmp_path / "report.json").write_text(text, "utf-8")
    with pytest.raises(InputError) as error:
        check_files(tmp_path / "guide.stl", made.bones, made.plan)
    assert error.value.code == "bad_report"
