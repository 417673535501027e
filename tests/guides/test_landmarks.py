"""Landmarks: where they were put on a built leg, and consistent on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from guides.bones import Bone, BoneSet, distance, signed_distance
from guides.errors import InputError
from guides.landmarks import REQUIRED, Landmarks, find_landmarks, plateau
from guides.measures import MEASURES, band, drawn_points
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from tests.guides.conftest import CROPS, FULL_LEGS, FolderOf, side_of
from tests.guides.synthetic import FEMUR_MM, TIBIA_MM, synthetic_leg, write_leg

MIRROR = np.diag([-1.0, 1, 1])
SLOPES = ("PTS_medial", "PTS_lateral")


def measured(bones: BoneSet, side: str) -> dict[str, float]:
    points = find_landmarks(bones, side).positions()
    return {
        name: float(measure.function(points, side))
        for name, measure in MEASURES.items()
        if set(measure.needs) <= set(points)
    }


def turned(bones: BoneSet, matrix: np.ndarray, shift: tuple[float, float, float] = (0, 0, 0)) -> BoneSet:
    meshes = {}
    for bone, mesh in bones.items():
        copy = trimesh.Trimesh(mesh.vertices @ matrix.T + shift, mesh.faces, process=False)
        if np.linalg.det(matrix) < 0:
            copy.invert()
        meshes[bone] = copy
    return BoneSet(meshes)


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize(("varus", "slope"), [(0.0, 0.0), (3.0, 7.0), (6.0, 10.0), (-3.0, 4.0)])
def test_a_built_leg_gives_back_its_angles(tmp_path: Path, side: str, varus: float, slope: float) -> None:
    leg = synthetic_leg(side, plateau_varus_deg=varus, slope_deg=slope, hip_medial_mm=25)
    bones = BoneSet.read(write_leg(tmp_path, leg))
    out = 1 if side == "L" else -1
    marks = find_landmarks(bones, side).positions()
    assert marks["hip_center"] == pytest.approx([-25 * out, 0, FEMUR_MM], abs=0.3)
    assert marks["ankle_center"] == pytest.approx([0, 0, -TIBIA_MM], abs=2)
    assert marks["tibia_knee_center"] == pytest.approx([0, 0, 0], abs=1)
    assert marks["tuberosity"] == pytest.approx([4 * out, -26, -42], abs=1.5)
    assert marks["fibula_tip"] == pytest.approx([38 * out, 16, -16], abs=3.1)
    found = measured(bones, side)
    assert found["mMPTA"] == pytest.approx(90 - varus, abs=0.6)
    assert found["PTS_medial"] == pytest.approx(slope, abs=0.3)
    assert found["PTS_lateral"] == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("name", FULL_LEGS)
def test_landmarks_of_real_legs_lie_where_anatomy_has_them(folder_of: FolderOf, name: str) -> None:
    bones, side = BoneSet.read(folder_of(name)), side_of(name)
    marks = find_landmarks(bones, side)
    assert set(REQUIRED) < set(marks)
    assert {mark.provenance for mark in marks.values()} == {"auto"}
    points = marks.positions()
    out = 1 if side == "L" else -1
    on_tibia = ["tuberosity"]
    assert distance(bones[Bone.TIBIA], np.array([points[n] for n in on_tibia])).max() < 1.5
    for compartment in ("medial", "lateral"):
        near = distance(bones[Bone.TIBIA], points[f"plateau_{compartment}"][None])[0]
        assert near < 3, "the articular plane runs along the surface"
    assert out * (points["plateau_lateral"] - points["plateau_medial"])[0] > 25
    assert out * (points["fibula_tip"] - points["tibia_knee_center"])[0] > 15
    below = (points["tibia_knee_center"] - points["tuberosity"])[2]
    assert 20 < below < 55
    ahead = (points["tibia_knee_center"] - points["tuberosity"])[1]
    assert ahead > 15
    assert 10 < (points["hip_center"] - points["femur_knee_center"])[2] / 10 < 60
    found = measured(bones, side)
    assert 82 < found["mMPTA"] < 93 and 82 < found["mLDFA"] < 97
    assert 0 < found["PTS_medial"] < 18


# The femur of hubmap_vhf was repaired across its notch, up to 9 mm off, as the README of the data says.
@pytest.mark.parametrize("name", ["vsd_z013_l", "staple_lhdl_ct_r", "hubmap_vhm_r", *CROPS[1:]])
def test_spines_notch_and_fibular_head_lie_where_anatomy_has_them(folder_of: FolderOf, name: str) -> None:
    """Each against its neighbours on the bone; patients lie up to a few degrees askew."""
    side, bones = side_of(name), BoneSet.read(folder_of(name))
    points = find_landmarks(bones, side).positions()
    out = 1 if side == "L" else -1
    spines = np.array([points[f"tibial_spine_{which}"] for which in ("medial", "lateral")])
    assert ((spines - points["tibia_knee_center"])[:, 2] > 4).all()
    assert ((spines - points["tibia_knee_center"])[:, 2] < 12).all()
    assert out * (spines[1] - spines[0])[0] > 4
    assert (distance(bones[Bone.TIBIA], spines) < 1).all()
    notch = points["femur_notch"] - points["femur_knee_center"]
    assert abs(notch[0]) < 9
    assert 4 < notch[2] < 20
    assert (distance(bones[Bone.FEMUR], points["femur_notch"][None]) < 1.5).all()
    head, tip = points["fibula_head_center"], points["fibula_tip"]
    assert 5 < tip[2] - head[2] < 22
    assert signed_distance(bones[Bone.FIBULA], head[None])[0] < -3


@pytest.mark.parametrize("name", ["hubmap_vhm_l", "staple_lhdl_ct_r", "hubmap_vhf_l/90", "synthetic_l"])
def test_a_mirrored_leg_gives_mirrored_landmarks(folder_of: FolderOf, name: str) -> None:
    bones, side = BoneSet.read(folder_of(name)), side_of(name)
    here = find_landmarks(bones, side).positions()
    there = find_landmarks(turned(bones, MIRROR), "R" if side == "L" else "L").positions()
    assert here.keys() == there.keys()
    for mark, point in here.items():
        assert there[mark] * [-1, 1, 1] == pytest.approx(point, abs=1.0), mark


@pytest.mark.parametrize("name", ["hubmap_vhm_r", "vsd_z013_l"])
@pytest.mark.parametrize("turn", [(8, 0, 0), (0, 8, 0), (0, 0, 12), (-6, 7, -10)])
def test_measures_hold_when_the_patient_lies_askew(
    folder_of: FolderOf, name: str, turn: tuple[float, float, float]
) -> None:
    bones, side = BoneSet.read(folder_of(name)), side_of(name)
    straight = measured(bones, side)
    matrix = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    askew = measured(turned(bones, matrix, (120, -45, 300)), side)
    for measure in ("mMPTA", "mLDFA", "HKA", "PTS_medial", "PTS_lateral"):
        assert askew[measure] == pytest.approx(straight[measure], abs=0.5), measure
    assert askew["WBL"] == pytest.approx(straight["WBL"], abs=2)


def test_knee_only_views_agree_with_whole_legs_as_far_as_they_claim(folder_of: FolderOf) -> None:
    inside, frontal, sagittal = [], [], []
    for name in CROPS:
        side = side_of(name)
        whole = plan_files(folder_of(name.split("/")[0]), side, correction_deg=8)["measures"]
        part = plan_files(folder_of(name), side, correction_deg=8)
        assert part["landmarks"]["ankle_center"]["provenance"] == "imputed"
        assert {"ankle_imputed", "hip_imputed"} <= {warning["code"] for warning in part["warnings"]}
        measure = part["measures"]["mMPTA"]
        assert measure["provenance"] == "imputed"
        frontal.append(abs(measure["before"] - whole["mMPTA"]["before"]))
        sagittal.append(abs(part["measures"]["PTS_medial"]["before"] - whole["PTS_medial"]["before"]))
        low, high = measure["band"]
        inside.append(low <= whole["mMPTA"]["before"] <= high)
    assert sum(inside) >= 0.8 * len(inside), "a 90 % band"
    # The bow of a tibia below the view cannot be known: one of these five is 4 degrees off.
    assert np.mean(frontal) < 1.6
    assert np.mean(sagittal) < 0.7
    assert max(sagittal) < 1.5


@pytest.mark.parametrize("name", FULL_LEGS)
def test_110_mm_of_tibia_give_the_angles_of_the_whole_leg(folder_of: FolderOf, name: str) -> None:
    side = side_of(name)
    whole = measured(BoneSet.read(folder_of(name)), side)
    marks = find_landmarks(BoneSet.read(folder_of(f"{name}/110")), side)
    part = {
        measure: float(MEASURES[measure].function(marks.positions(), side)) for measure in ("mMPTA", *SLOPES)
    }
    stated = band(MEASURES["HKA"], drawn_points(marks, side), side)
    assert stated is not None and stated[0] < whole["HKA"] < stated[1]
    assert stated[1] - stated[0] < 10, "a band that says nothing holds everything"
    for slope in SLOPES:
        assert part[slope] == pytest.approx(whole[slope], abs=1.0)
    if name == "staple_lhdl_ct_r":  # bows by 10 mm below the view
        stated = band(MEASURES["mMPTA"], drawn_points(marks, side), side)
        assert stated is not None and stated[1] - stated[0] > 4
        assert 2 < part["mMPTA"] - whole["mMPTA"] < 4
    else:
        assert part["mMPTA"] == pytest.approx(whole["mMPTA"], abs=1.2)


def test_steps_of_thick_slices_move_the_plateau_little(
    folder_of: FolderOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    tibia = BoneSet.read(folder_of("vsd_z013_l"), [Bone.TIBIA])[Bone.TIBIA]
    vertices = np.array(tibia.vertices)
    near = vertices[:, 2] > tibia.bounds[1, 2] - 24

    def angles(mesh: trimesh.Trimesh) -> np.ndarray:
        found = measured(BoneSet({Bone.TIBIA: mesh}), "L")
        return np.array([found[measure] for measure in ("mMPTA", *SLOPES)])

    def errors() -> np.ndarray:
        true, found = angles(tibia), []
        for offset in (0.0, 1.0, 2.0, 3.0):
            stepped = vertices.copy()
            stepped[near, 2] = np.floor((vertices[near, 2] - offset) / 4) * 4 + offset + 2
            found.append(angles(trimesh.Trimesh(stepped, tibia.faces, process=False)) - true)
        return np.sqrt(np.mean(np.square(found), axis=0))

    off = errors()
    assert off[0] < 1.5 and off[1:].max() < 2.5
    monkeypatch.setattr(plateau, "STEP_MM", 0.3)
    assert np.linalg.norm(off) < 0.8 * np.linalg.norm(errors()), "a fit that follows the majority jumps"


def test_an_oblique_edge_of_the_view_does_not_bend_the_axis(tmp_path: Path) -> None:
    square = BoneSet.read(write_leg(tmp_path / "square", synthetic_leg("L"), below_mm=100))
    normal = np.array([np.sin(np.radians(12)), 0, np.cos(np.radians(12))])
    tibia = from_mesh(square[Bone.TIBIA]).trim_by_plane(normal, float(normal @ [0, 0, -92]))
    oblique = BoneSet({**square, Bone.TIBIA: to_mesh(tibia)})
    assert measured(oblique, "L")["mMPTA"] == pytest.approx(measured(square, "L")["mMPTA"], abs=0.7)


def test_the_wrong_side_is_refused(folder_of: FolderOf) -> None:
    bones = BoneSet.read(folder_of("synthetic_l"))
    with pytest.raises(InputError) as error:
        find_landmarks(bones, "R")
    assert error.value.code == "wrong_side"
    assert "left leg" in error.value.remedy


def test_swapped_bones_are_refused(folder_of: FolderOf) -> None:
    bones = BoneSet.read(folder_of("synthetic_l"))
    swapped = BoneSet({**bones, Bone.TIBIA: bones[Bone.FIBULA], Bone.FIBULA: bones[Bone.TIBIA]})
    with pytest.raises(InputError) as error:
        find_landmarks(swapped, "L")
    assert error.value.code == "bones_swapped"


@pytest.mark.parametrize("below", [20, 40, 50])
def test_too_short_a_tibia_is_refused_with_its_length(tmp_path: Path, below: float) -> None:
    bones = BoneSet.read(write_leg(tmp_path, synthetic_leg("L"), below_mm=below))
    with pytest.raises(InputError) as error:
        find_landmarks(bones, "L")
    assert error.value.code == "tibia_too_short"
    assert "56 mm" in error.value.remedy


def test_a_real_knee_with_little_tibia_is_planned_and_its_axis_is_called_unsure(
    folder_of: FolderOf,
) -> None:
    plan = plan_files(folder_of("pymskt_dess1_r"), "R", correction_deg=8)
    assert "shaft_short" in {warning["code"] for warning in plan["warnings"]}
    low, high = plan["measures"]["PTS_medial"]["band"]
    assert high - low > 6


def test_a_short_view_of_a_whole_tibia_gives_nearly_its_slope(folder_of: FolderOf, tmp_path: Path) -> None:
    whole = BoneSet.read(folder_of("hubmap_vhm_r"))
    tibia = whole[Bone.TIBIA]
    joint = find_landmarks(whole, "R")["tibia_knee_center"].position[2]
    short = to_mesh(from_mesh(tibia).trim_by_plane((0, 0, 1), joint - 60))
    BoneSet({Bone.TIBIA: short}).write(tmp_path)
    seen = measured(BoneSet.read(tmp_path), "R")["PTS_medial"]
    assert seen == pytest.approx(measured(whole, "R")["PTS_medial"], abs=3)


def test_without_fibula_and_femur_the_plan_says_so(tmp_path: Path) -> None:
    leg = synthetic_leg("R")
    folder = write_leg(tmp_path, {"tibia": leg["tibia"]})
    plan = plan_files(folder, "R", correction_deg=8)
    assert {"fibula_missing", "femur_missing"} <= {warning["code"] for warning in plan["warnings"]}
    assert "HKA" not in plan["measures"] and "WBL" not in plan["measures"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tuberosity": [1.0, 2.0]}, "bad_landmark"),
        ({"tuberosity": [1.0, 2.0, float("nan")]}, "bad_landmark"),
        ({"tuberosity": "here"}, "bad_landmark"),
        ({"tuberosity": {"position": [1, 2, 3], "provenance": "guessed"}}, "bad_landmark"),
        ({"tuberosity": None}, "bad_landmark"),
    ],
)
def test_landmarks_that_are_no_points_are_refused(
    folder_of: FolderOf, change: dict[str, object], code: str
) -> None:
    marks = find_landmarks(BoneSet.read(folder_of("synthetic_l")), "L").to_document()
    with pytest.raises(InputError) as error:
        Landmarks.from_document({**marks, **change})
    assert error.value.code == code


def test_a_missing_landmark_is_named(folder_of: FolderOf) -> None:
    marks = find_landmarks(BoneSet.read(folder_of("synthetic_l")), "L").to_document()
    del marks["ptfj"]
    with pytest.raises(InputError, match="ptfj"):
        Landmarks.from_document(marks)
