"""The cut, the hinge and the opening, on real bones and on the opened mesh itself."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from guides.bones import Bone, BoneSet, distance, signed_distance
from guides.errors import InputError
from guides.landmarks import Landmarks, find_landmarks
from guides.measures import axes, mmpta, slope_medial
from guides.osteotomy import Osteotomy, find_cut, open_wedge, simulate
from guides.plan import plan_files
from guides.solids import from_mesh, to_mesh
from tests.guides.conftest import CROPS, FULL_LEGS, FolderOf, side_of
from tests.guides.synthetic import synthetic_leg

ALL = (*FULL_LEGS, *CROPS, "synthetic_l", "synthetic_r/95")


@pytest.mark.parametrize("name", ALL)
def test_the_cut_is_where_a_surgeon_would_make_it(folder_of: FolderOf, name: str) -> None:
    side = side_of(name)
    plan = plan_files(folder_of(name), side, correction_deg=8)
    tibia = BoneSet.read(folder_of(name), [Bone.TIBIA])[Bone.TIBIA]
    cut = Osteotomy.from_document(plan["osteotomy"])
    points = Landmarks.from_document(plan["landmarks"]).positions()
    frame = axes(points, side)
    assert distance(tibia, cut.start_point[None])[0] < 1e-3, "starts on the medial cortex"
    assert (points["plateau_medial"] - cut.start_point) @ frame.up == pytest.approx(37, abs=0.1)
    assert (cut.start_point - points["tibia_knee_center"]) @ frame.medial > 10
    assert cut.lateral_cortex_mm == pytest.approx(10, abs=0.01)
    assert -signed_distance(tibia, cut.hinge_point[None])[0] > 5, "the hinge lies in bone"
    assert (points["tibia_knee_center"] - cut.hinge_point) @ frame.medial > 10, "on the lateral side"
    assert 10 < (points["plateau_lateral"] - cut.hinge_point) @ frame.up < 28
    # The whole cut surface keeps its distance from both plateaus.
    outline = tibia.section(cut.plane_normal, cut.plane_point).vertices
    below = [(points[f"plateau_{c}"] - outline) @ frame.up for c in ("medial", "lateral")]
    assert min(map(np.min, below)) > 8
    # It passes in front behind or above the tuberosity, never through the shaft below it.
    assert (points["tuberosity"] - cut.plane_point) @ cut.plane_normal < 5
    assert abs(cut.hinge_axis @ frame.anterior) > 0.95


@pytest.mark.parametrize("name", ["hubmap_vhm_l", "vsd_z013_r", "staple_lhdl_ct_r", "synthetic_r"])
@pytest.mark.parametrize("correction", [4.0, 8.0, 12.0, 16.0])
def test_plane_hinge_gap_and_slope_of_the_opening(folder_of: FolderOf, name: str, correction: float) -> None:
    plan = plan_files(folder_of(name), side_of(name), correction_deg=correction)
    cut, measures = plan["osteotomy"], plan["measures"]
    normal, axis, medial = (np.array(cut[n]) for n in ("plane_normal", "hinge_axis", "medial_direction"))
    assert np.abs([normal @ axis, normal @ medial, axis @ medial]).max() < 1e-5
    hinge, start = np.array(cut["hinge_point"]), np.array(cut["start_point"])
    assert (hinge - start) @ normal == pytest.approx(0, abs=1e-4)
    chord = 2 * np.sin(np.radians(correction) / 2)
    assert cut["gap_mm"] == pytest.approx(chord * cut["cut_depth_mm"], abs=1e-3)
    assert cut["gap_anterior_mm"] <= cut["gap_mm"] + 1e-6
    assert cut["gap_posterior_mm"] <= cut["gap_mm"] + 1e-6
    assert measures["PTS_medial"]["after"] == pytest.approx(measures["PTS_medial"]["before"], abs=0.01)
    # The hinge lies lateral of the knee centre, so the axis through the knee turns a little less.
    gained = measures["mMPTA"]["after"] - measures["mMPTA"]["before"]
    assert 0.9 * correction < gained < correction
    assert cut["miniaci_deg"] == pytest.approx(correction, abs=0.15)


@pytest.mark.parametrize("name", ["hubmap_vhm_l", "staple_lhdl_ct_r", "vsd_z013_l", "synthetic_r"])
def test_the_opened_bone_has_the_planned_angle(folder_of: FolderOf, name: str) -> None:
    """Open the mesh, fill the wedge as a graft would, and find the landmarks of the new bone afresh.

    Finding them twice differs by some tenths of a degree of its own.
    """
    side = side_of(name)
    plan = plan_files(folder_of(name), side, correction_deg=9)
    bones = BoneSet.read(folder_of(name), [Bone.TIBIA, Bone.FIBULA])
    cut = Osteotomy.from_document(plan["osteotomy"])
    opened = simulate(bones[Bone.TIBIA], cut)
    assert opened.proximal.volume + opened.distal.volume == pytest.approx(bones[Bone.TIBIA].volume, rel=1e-6)
    faces = []
    for part, normal in ((opened.proximal, -cut.plane_normal), (opened.distal, None)):
        middle = cut.hinge_point
        if normal is None:
            turn = trimesh.transformations.rotation_matrix(
                np.radians(cut.correction_deg), cut.hinge_axis, cut.hinge_point
            )
            normal = turn[:3, :3] @ cut.plane_normal
        on_face = np.abs((part.vertices - middle) @ normal) < 1e-4
        faces.append(part.vertices[on_face])
    graft = trimesh.convex.convex_hull(np.vstack(faces))
    whole = to_mesh(from_mesh(opened.proximal) + from_mesh(opened.distal) + from_mesh(graft))
    found = find_landmarks(BoneSet({Bone.TIBIA: whole, Bone.FIBULA: bones[Bone.FIBULA]}), side).positions()
    planned = plan["measures"]
    assert mmpta(found, side) == pytest.approx(planned["mMPTA"]["after"], abs=0.5)
    assert slope_medial(found, side) == pytest.approx(planned["PTS_medial"]["after"], abs=1.0)


@pytest.mark.parametrize("name", ["hubmap_vhm_r", "synthetic_l"])
def test_the_distal_fragment_opens_by_the_gap_at_the_medial_cortex(folder_of: FolderOf, name: str) -> None:
    plan = plan_files(folder_of(name), side_of(name), correction_deg=10)
    cut = Osteotomy.from_document(plan["osteotomy"])
    tibia = BoneSet.read(folder_of(name), [Bone.TIBIA])[Bone.TIBIA]
    opened = simulate(tibia, cut)
    # Proximal bone is above the plane; distal bone medial of the hinge has left it, lateral it closes on it.
    assert ((opened.proximal.vertices - cut.plane_point) @ cut.plane_normal).min() > -1e-6
    height = (opened.distal.vertices - cut.plane_point) @ cut.plane_normal
    medial = (opened.distal.vertices - cut.hinge_point) @ cut.medial_direction
    far = medial > 0.9 * cut.cut_depth_mm
    assert height[far].max() < -0.8 * cut.gap_mm
    assert height.max() < np.sin(np.radians(10)) * (cut.lateral_cortex_mm + 1)
    outline = tibia.section(cut.plane_normal, cut.plane_point)
    depth = (outline.vertices - cut.hinge_point) @ cut.medial_direction
    thickness = np.radians(10) * depth.clip(0).mean()
    assert 0 < opened.wedge_volume_mm3 < thickness * 4000


def test_the_wedge_volume_of_a_block_by_hand() -> None:
    block = trimesh.creation.box((60, 40, 100))
    cut = Osteotomy(
        plane_point=np.zeros(3), plane_normal=np.array([0, 0, 1.0]), hinge_point=np.array([20.0, 0, 0]),
        hinge_axis=np.array([0, -1.0, 0]), medial_direction=np.array([-1.0, 0, 0]), correction_deg=6.0,
        cut_depth_mm=50.0, gap_mm=0, gap_anterior_mm=0, gap_posterior_mm=0, lateral_cortex_mm=10.0,
        start_point=np.array([-30.0, 0, 0]),
    )  # fmt: skip
    opened = simulate(block, cut)
    assert opened.wedge_volume_mm3 == pytest.approx(np.radians(6) * 50**2 / 2 * 40, rel=1e-6)
    assert opened.proximal.volume == pytest.approx(60 * 40 * 50)
    assert opened.distal.bounds[1, 2] == pytest.approx(10 * np.sin(np.radians(6)), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(correction=st.floats(0, 20))
def test_any_correction_in_range_is_neutral_to_the_slope(correction: float) -> None:
    tibia, marks, cut = _synthetic()
    opened = open_wedge(cut, marks.positions(), "L", correction)
    assert opened.lateral_cortex_mm == pytest.approx(10, abs=1e-6)
    assert opened.gap_mm == pytest.approx(2 * opened.cut_depth_mm * np.sin(np.radians(correction / 2)))
    assert abs(opened.hinge_axis @ cut.normal) < 1e-9
    assert -signed_distance(tibia, opened.hinge_point[None])[0] > 5


@pytest.mark.parametrize("correction", [-1.0, -0.001, 20.001, 90.0, float("nan"), float("inf")])
def test_corrections_out_of_range_are_refused(correction: float) -> None:
    _, marks, cut = _synthetic()
    with pytest.raises(InputError) as error:
        open_wedge(cut, marks.positions(), "L", correction)
    assert error.value.code == "correction_out_of_range"
    assert "0 to 20" in error.value.remedy


_made: list[tuple[trimesh.Trimesh, Landmarks, object]] = []


def _synthetic():  # type: ignore[no-untyped-def]
    if not _made:
        bones = BoneSet({bone: to_mesh(synthetic_leg("L")[bone.label]) for bone in Bone if bone.value != 1})
        marks = find_landmarks(bones, "L")
        _made.append((bones[Bone.TIBIA], marks, find_cut(bones[Bone.TIBIA], marks.positions(), "L")))
    return _made[0]


@pytest.mark.parametrize(
    ("target", "value"), [("target_hka", 182.0), ("target_hka", 180.0), ("target_wbl", 62.5)]
)
def test_a_target_is_reached(folder_of: FolderOf, target: str, value: float) -> None:
    plan = plan_files(folder_of("synthetic_l"), "L", **{target: value})
    measure = "HKA" if target == "target_hka" else "WBL"
    assert plan["measures"][measure]["after"] == pytest.approx(value, abs=1e-3)
    assert plan["target"] == {"measure": measure, "value": value}


def test_a_target_that_no_opening_reaches_is_refused_with_the_range(folder_of: FolderOf) -> None:
    with pytest.raises(InputError) as error:
        plan_files(folder_of("synthetic_l"), "L", target_hka=170.0)
    assert error.value.code == "target_out_of_reach"
    assert "170" in error.value.message


def test_exactly_one_target_is_needed(folder_of: FolderOf) -> None:
    with pytest.raises(InputError, match="exactly one"):
        plan_files(folder_of("synthetic_l"), "L")
    with pytest.raises(InputError, match="exactly one"):
        plan_files(folder_of("synthetic_l"), "L", correction_deg=5, target_hka=181)


def test_edited_landmarks_move_the_plan_and_are_marked(folder_of: FolderOf) -> None:
    first = plan_files(folder_of("synthetic_l"), "L", correction_deg=8)
    assert plan_files(folder_of("synthetic_l"), "L", correction_deg=8, landmarks=first["landmarks"]) == first
    marks = dict(first["landmarks"])
    x, y, z = marks["plateau_medial"]["position"]
    marks["plateau_medial"] = {"position": [x, y, z - 2], "provenance": "edited"}
    second = plan_files(folder_of("synthetic_l"), "L", correction_deg=8, landmarks=marks)
    assert second["measures"]["mMPTA"]["provenance"] == "edited"
    dropped = np.degrees(np.arctan(2 / 41))
    change = second["measures"]["mMPTA"]["before"] - first["measures"]["mMPTA"]["before"]
    assert change == pytest.approx(-dropped, abs=0.2)
    lowered = second["osteotomy"]["start_point"][2] - first["osteotomy"]["start_point"][2]
    assert lowered == pytest.approx(-2, abs=0.1)
