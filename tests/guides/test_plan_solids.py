"""The exact fragments of a plan: no bone is lost, and each part is in the fragment that it belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.landmarks import Landmarks, rotate
from guides.osteotomy import (
    ClosingWedge,
    Osteotomy,
    corrected_knee,
    exact_knee,
    read_osteotomy,
    read_second_cut,
    solid_files,
)
from guides.plan import plan_files
from tests.guides.conftest import FolderOf, side_of

LEGS = ("vsd_z013_l", "hubmap_vhm_r")
TECHNIQUES: dict[str, dict[str, Any]] = {
    "ascending": {"tuberosity": "distal"},
    "descending": {"tuberosity": "proximal"},
    "closing": {"kind": "lateral_closing_wedge"},
}
ON_CUT_MM = 0.01


class Made:
    """A plan of nine degrees on a real leg, and the files of its fragments."""

    def __init__(self, bones: Path, name: str, technique: str, out: Path) -> None:
        self.bones = BoneSet.read(bones)
        self.plan = plan_files(bones, side_of(name), correction_deg=9, **TECHNIQUES[technique])
        (out / "plan.json").write_text(json.dumps(self.plan))
        self.report = solid_files(bones, out / "plan.json", out)
        self.files = {path.stem: trimesh.load_mesh(path, process=False) for path in out.glob("*.ply")}
        self.osteotomy = read_osteotomy(self.plan["osteotomy"])
        self.second = read_second_cut(self.plan["osteotomy"])

    def turned_back(self, points: Any) -> Any:
        cut = self.osteotomy
        return cut.hinge_point + rotate(points - cut.hinge_point, cut.hinge_axis, -cut.correction_deg)


@pytest.fixture(params=[(name, technique) for name in LEGS for technique in TECHNIQUES], ids="-".join)
def made(request: pytest.FixtureRequest, folder_of: FolderOf, tmp_path: Path) -> Made:
    name, technique = request.param
    return Made(folder_of(name), name, technique, tmp_path)


def test_fragments_are_closed_and_add_up_to_the_bone(made: Made) -> None:
    tibia = made.bones[Bone.TIBIA]
    closing = isinstance(made.osteotomy, ClosingWedge)
    assert set(made.files) == {"proximal", "distal"} | ({"removed"} if closing else set())
    for mesh in made.files.values():
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 1000
        assert len(mesh.split(only_watertight=False)) == 1
    # Files carry single precision.
    assert sum(mesh.volume for mesh in made.files.values()) == pytest.approx(tibia.volume, rel=1e-6)
    for name, mesh in made.files.items():
        assert made.report[f"{name}_mm3"] == pytest.approx(mesh.volume, abs=0.01)
    assert made.report["tibia_mm3"] == pytest.approx(tibia.volume, abs=0.01)
    assert (made.report["removed_mm3"] > 1000) == closing
    assert 0 <= made.report["overlap_mm3"] < 0.01 * tibia.volume


def test_every_part_of_the_bone_is_in_the_fragment_that_it_belongs_to(made: Made) -> None:
    vertices = np.asarray(made.bones[Bone.TIBIA].vertices)
    cut = made.osteotomy
    above = (vertices - cut.plane_point) @ cut.plane_normal
    distal, beside = above < 0, np.abs(above)
    if made.second is not None:
        front = (vertices - made.second.point) @ made.second.normal
        tuberosity = (front > 0) & ((above > 0) == made.second.rises)
        assert tuberosity.sum() > 5, "or there is no second cut to speak of"
        distal = distal ^ tuberosity
        beside = np.minimum(beside, np.abs(front))
    removed = np.zeros(len(vertices), dtype=bool)
    if isinstance(cut, ClosingWedge):
        lower = (vertices - cut.hinge_point) @ cut.distal_plane_normal
        removed = distal & (lower > 0)
        distal &= ~removed
        beside = np.minimum(beside, np.abs(lower))
    back = {"proximal": np.asarray(made.files["proximal"].vertices)}
    back["distal"] = made.turned_back(np.asarray(made.files["distal"].vertices))
    clear = beside > ON_CUT_MM
    for name, belongs in (("proximal", ~distal & ~removed), ("distal", distal)):
        distance = cKDTree(back[name]).query(vertices[clear])[0]
        assert (distance[belongs[clear]] < 1e-3).all(), f"{name} lacks bone that it should have"
        assert (distance[~belongs[clear]] > 1e-3).all(), f"{name} has bone that it should not have"


def test_normals_are_those_of_the_bone_and_lie_in_the_cut_at_its_rim(made: Made) -> None:
    points = Landmarks.from_document(made.plan["landmarks"]).positions()
    tuberosity = made.plan["technique"]["tuberosity"]
    fragments = made.files["proximal"], made.files["distal"]
    knee = exact_knee(made.bones, points, made.osteotomy, fragments, tuberosity, made.second)
    cut = made.osteotomy
    part = knee.proximal
    height = (np.asarray(part.vertices) - cut.plane_point) @ cut.plane_normal
    rim = np.abs(height) < 1e-3
    normals = np.asarray(part.vertex_normals)
    assert rim.sum() > 30 and np.abs(normals[rim] @ cut.plane_normal).max() < 1e-6
    assert np.linalg.norm(normals[rim], axis=1) == pytest.approx(1, abs=1e-6)
    # Far from the cuts they are those of the mesh itself, which weighs its faces otherwise.
    far = height > 15
    alike = (normals * fragments[0].vertex_normals).sum(axis=1)[far]
    assert np.median(alike) > 0.99 and (alike > 0).mean() > 0.99
    shown = knee.meshes[Bone.TIBIA]
    assert shown.volume == pytest.approx(sum(mesh.volume for mesh in fragments), rel=1e-9)
    plain = corrected_knee(made.bones, points, made.osteotomy, tuberosity)
    for bone, mesh in plain.others.items():
        assert knee.others[bone].bounds == pytest.approx(mesh.bounds)


def test_a_cut_beside_the_bone_writes_nothing(folder_of: FolderOf, tmp_path: Path) -> None:
    plan = plan_files(folder_of("synthetic_l"), "L", correction_deg=8)
    cut = Osteotomy.from_document(plan["osteotomy"])
    for name in ("plane_point", "hinge_point", "start_point"):
        plan["osteotomy"][name] = (getattr(cut, name) + np.array([0, 0, 500.0])).tolist()
    for name in ("ascending", "descending"):
        plan["osteotomy"].pop(name, None)
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(InputError) as error:
        solid_files(folder_of("synthetic_l"), tmp_path / "plan.json", tmp_path)
    assert error.value.code == "cut_outside_bone"
    assert not list(tmp_path.glob("*.ply"))
