"""Meshes of other software: what is read, in which units and frame, and what is refused with which words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from recon.alignment import moved
from recon.bones import Bone, BoneSet
from recon.cli import main
from recon.errors import InputError
from recon.imported import import_bones, read_bones
from recon.mesh_files import bone_in_name, side_in_name
from recon.placing import place_bones
from tests.data import shared_data


def egg(*radii: float) -> trimesh.Trimesh:
    return trimesh.creation.icosphere(3).apply_scale(radii)


TIBIA = (35.0, 25.0, 60.0)


@pytest.fixture
def tibia(tmp_path: Path) -> Path:
    path = tmp_path / "tibia.stl"
    egg(*TIBIA).export(path)
    return path


@pytest.fixture(scope="module")
def knee() -> BoneSet:
    return BoneSet.read(shared_data("bones/hubmap_vhf_l"))


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("kind", ["stl", "ply", "obj"])
@pytest.mark.parametrize(("units", "factor"), [("mm", 1.0), ("cm", 0.1), ("m", 0.001), ("in", 1 / 25.4)])
def test_every_format_and_unit_gives_the_same_millimetres(
    tmp_path: Path, kind: str, units: str, factor: float
) -> None:
    path = tmp_path / f"Left_Tibia.{kind}"
    egg(*TIBIA).apply_scale(factor).export(path, **({"digits": 12} if kind == "obj" else {}))
    read = read_bones([path], units=units, side="L")
    mesh = read.bones[Bone.TIBIA]
    assert np.allclose(mesh.extents, 2 * np.array(TIBIA), atol=0.01)
    assert mesh.is_watertight and mesh.volume > 0
    assert read.files[Bone.TIBIA]["file"] == path.name and read.warnings == []


def test_names_say_bone_and_side() -> None:
    assert bone_in_name("Patient7 - R-Femur (smoothed).stl") == Bone.FEMUR
    assert bone_in_name("tibia_and_fibula.stl") is None and bone_in_name("segment_1.stl") is None
    assert side_in_name("R-Femur.stl") == "R" and side_in_name("tibia_left.ply") == "L"
    assert side_in_name("fibula.stl") is None and side_in_name("left_right.stl") is None


def test_one_obj_may_hold_a_group_a_bone_and_reads_no_other_file(tmp_path: Path, knee: BoneSet) -> None:
    lines, first = ["mtllib /etc/passwd"], 1
    for bone, mesh in knee.items():
        lines += [f"g {bone.label}", *(f"v {x:.9f} {y:.9f} {z:.9f}" for x, y, z in mesh.vertices)]
        lines += [f"f {a} {b} {c}" for a, b, c in mesh.faces + first]
        first += len(mesh.vertices)
    path = tmp_path / "knee.obj"
    path.write_text("\n".join(lines))
    read = read_bones([path], units="mm", side="L")
    assert set(read.bones) == set(Bone)
    for bone, mesh in read.bones.items():
        assert mesh.volume == pytest.approx(knee[bone].volume, rel=1e-3)


def test_a_wrong_unit_is_told_with_the_one_that_fits(tibia: Path, tmp_path: Path) -> None:
    in_metres = tmp_path / "metres" / "tibia.stl"
    in_metres.parent.mkdir()
    trimesh.load_mesh(tibia).apply_scale(0.001).export(in_metres)
    error = refused(lambda: read_bones([in_metres], units="mm"))
    assert error.code == "wrong_units"
    assert "0.12 mm" in error.message and "unit m" in error.remedy and "120 mm" in error.remedy
    assert refused(lambda: read_bones([tibia], units="m")).code == "wrong_units"
    assert refused(lambda: read_bones([tibia], units="furlong")).code == "bad_units"


def _open(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces[mesh.triangles_center[:, 2] < 55], process=False)


def _pieces(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    return trimesh.util.concatenate([mesh, mesh.copy().apply_translation([0, 0, 70]).apply_scale(0.6)])


def _nan(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    points = mesh.vertices.copy()
    points[3] = np.nan
    return trimesh.Trimesh(points, mesh.faces, process=False)


BAD = {
    "open_mesh": (_open, "hole"),
    "in_pieces": (_pieces, "pieces"),
    "bad_values": (_nan, "NaN"),
}


@pytest.mark.parametrize("code", BAD)
def test_a_surface_that_cannot_be_worked_with_is_refused_by_the_name_of_its_bone(
    tmp_path: Path, code: str
) -> None:
    change, word = BAD[code]
    path = tmp_path / "tibia.ply"
    change(egg(*TIBIA)).export(path)
    error = refused(lambda: read_bones([path], units="mm"))
    assert error.code == code and word in error.message and "tibia" in error.message and error.remedy


def test_where_a_bone_is_open_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tibia.ply"
    _open(egg(*TIBIA)).export(path)
    assert "(0, 0, 5" in refused(lambda: read_bones([path], units="mm")).message


def test_crumbs_and_inside_out_surfaces_are_mended_and_told(tmp_path: Path) -> None:
    inside_out = egg(*TIBIA)
    inside_out.invert()
    crumb = trimesh.creation.icosphere(1, radius=1.5).apply_translation([60, 0, 0])
    path = tmp_path / "tibia.ply"
    trimesh.util.concatenate([inside_out, crumb]).export(path)
    read = read_bones([path], units="mm")
    assert read.bones[Bone.TIBIA].volume > 0 and read.bones[Bone.TIBIA].body_count == 1
    assert len(read.warnings) == 2 and "inside out" in " ".join(read.warnings)


def test_files_that_are_no_meshes_or_not_named_are_refused(tmp_path: Path, tibia: Path) -> None:
    text, other = tmp_path / "femur.stl", tmp_path / "segment_1.stl"
    text.write_text("Dear colleague")
    other.write_bytes(tibia.read_bytes())
    word = tmp_path / "tibia.docx"
    word.write_text("x")
    assert refused(lambda: read_bones([text], units="mm")).code in {"unreadable_mesh", "empty_mesh"}
    assert refused(lambda: read_bones([word], units="mm")).code == "unreadable_mesh"
    assert refused(lambda: read_bones([other], units="mm")).code == "unnamed_bone"
    assert refused(lambda: read_bones([], units="mm")).code == "no_bones"
    twice = tmp_path / "tibia_2.stl"
    twice.write_bytes(tibia.read_bytes())
    assert refused(lambda: read_bones([tibia, twice], units="mm")).code == "bone_twice"
    assert refused(lambda: read_bones([tmp_path / "tibia.ply"], units="mm")).code == "no_file"
    assert set(read_bones({Bone.TIBIA: other}, units="mm").bones) == {Bone.TIBIA}


def test_the_other_knee_is_refused_by_name_and_by_build(tmp_path: Path, tibia: Path, knee: BoneSet) -> None:
    right = tmp_path / "tibia_R.stl"
    right.write_bytes(tibia.read_bytes())
    assert refused(lambda: read_bones([right], units="mm", side="L")).code == "wrong_side"
    assert len(knee.write(tmp_path)) == 4
    files = [tmp_path / f"{bone.label}.ply" for bone in Bone]
    assert refused(lambda: read_bones(files, units="mm", side="R")).code == "wrong_side"


def test_a_mirrored_bone_is_found_out_by_what_it_is_laid_onto(knee: BoneSet) -> None:
    some = BoneSet({bone: knee[bone] for bone in (Bone.FEMUR, Bone.TIBIA)})
    mirrored = moved(some, np.diag([-1.0, 1, 1, 1]))
    error = refused(lambda: place_bones(mirrored, frame="own", side="L", onto=knee))
    assert error.code in {"wrong_side", "unlike_bones"}


def test_bones_in_the_rigs_frame_stay_where_they_are_if_they_are_there(knee: BoneSet) -> None:
    placed = place_bones(knee, frame="rig", side="L", onto=knee)
    assert placed.alignment is None and max(placed.frame["residual_mm"].values()) < 0.1
    away = np.eye(4)
    away[:3, 3] = [0, 80, 0]
    assert refused(lambda: place_bones(moved(knee, away), frame="rig", onto=knee)).code == "not_in_rig"


def test_bones_alone_keep_their_frame_and_other_axes_are_turned_and_told(knee: BoneSet) -> None:
    placed = place_bones(knee, frame="own", side="L")
    assert placed.frame == {"kind": "own"} and placed.bones is knee and placed.warnings == []
    ras = moved(knee, np.diag([-1.0, -1, 1, 1]))
    placed = place_bones(ras, frame="own", side="L")
    assert np.allclose(placed.frame["quarter_turn"], np.diag([-1.0, -1, 1])) and placed.warnings
    assert np.allclose(placed.bones[Bone.TIBIA].vertices, knee[Bone.TIBIA].vertices)


def test_the_folder_and_its_report(tmp_path: Path, knee: BoneSet, capsys: pytest.CaptureFixture[str]) -> None:
    there = np.eye(4)
    there[:3, :3] = Rotation.from_euler("zyx", [160, 20, -15], degrees=True).as_matrix()
    there[:3, 3] = [300, -200, 900]
    (tmp_path / "given").mkdir()
    (tmp_path / "onto").mkdir()
    files = moved(knee, there).write(tmp_path / "given")
    knee.write(tmp_path / "onto")
    arguments = ["--units", "mm", "--side", "L", "--onto", str(tmp_path / "onto"), "--software", "Other 1.0"]
    out = tmp_path / "out"
    assert main(["import-bones", "--bones", *map(str, files), *arguments, "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["model"]["name"] == "Other 1.0" and report["frame"] == {"kind": "aligned"}
    assert report["alignment"]["mean_mm"] < 0.1 and "remain" in capsys.readouterr().out
    back = BoneSet.read(out)
    for bone in Bone:
        assert np.abs(back[bone].vertices - knee[bone].vertices).max() < 0.3
    assert (
        main(["import-bones", "--bones", *map(str, files), "--units", "m", "--out", str(tmp_path / "no")])
        == 2
    )
    assert "Give the unit mm" in capsys.readouterr().err and not (tmp_path / "no").exists()


def test_nothing_is_written_when_something_is_refused(tmp_path: Path, tibia: Path) -> None:
    out = tmp_path / "out"
    assert refused(lambda: import_bones([tibia], units="m", out=out)).code == "wrong_units"
    assert not out.exists()
