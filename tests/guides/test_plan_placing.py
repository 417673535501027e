"""A cut placed by hand, landmarks moved by hand, and the corrected knee as surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trimesh

from guides.bones import Bone, BoneSet
from guides.errors import InputError
from guides.landmarks import Landmarks
from guides.osteotomy import corrected_knee, read_osteotomy, simulate
from guides.plan import plan_files, read_plan
from tests.guides.conftest import FolderOf, side_of

LEGS = ("vsd_z013_l", "hubmap_vhm_r", "synthetic_r/95")
KINDS = ("medial_opening_wedge", "lateral_closing_wedge")


def array(osteotomy: dict[str, Any], name: str) -> np.ndarray:
    return np.array(osteotomy[name])


@pytest.mark.parametrize("name", LEGS)
@pytest.mark.parametrize("kind", KINDS)
def test_placing_what_was_found_changes_nothing(folder_of: FolderOf, name: str, kind: str) -> None:
    bones, side = folder_of(name), side_of(name)
    found = plan_files(bones, side, correction_deg=7, kind=kind)
    cut = {point: found["osteotomy"][point] for point in ("start_point", "hinge_point")}
    again = plan_files(bones, side, correction_deg=7, kind=kind, landmarks=found["landmarks"], cut=cut)
    # The found hinge is moved along its axis when that turns for the slope; a placed one stays.
    assert again["osteotomy"]["gap_mm"] == pytest.approx(found["osteotomy"]["gap_mm"], abs=0.02)
    for point in ("start_point", "hinge_point", "plane_normal", "hinge_axis"):
        assert again["osteotomy"][point] == pytest.approx(found["osteotomy"][point], abs=2e-3), point
    assert again["measures"]["mMPTA"]["after"] == pytest.approx(found["measures"]["mMPTA"]["after"], abs=1e-3)


@pytest.mark.parametrize("name", LEGS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_plane_runs_through_start_and_hinge(folder_of: FolderOf, name: str, kind: str) -> None:
    bones, side = folder_of(name), side_of(name)
    plain = plan_files(bones, side, correction_deg=7, kind=kind)
    found = plain["osteotomy"]
    medial = array(found, "medial_direction")
    into_bone = medial if kind == KINDS[0] else -medial
    start = array(found, "start_point") + np.array([0.0, 0.0, -4.0])
    hinge = array(found, "hinge_point") + 3 * into_bone + np.array([0.0, 0.0, -2.0])
    cut = {"start_point": start.tolist(), "hinge_point": hinge.tolist()}
    document = plan_files(
        bones, side, correction_deg=7, kind=kind, landmarks=plain["landmarks"], cut=cut, slope_change_deg=1.0
    )
    plan = read_plan(document)
    osteotomy = plan["osteotomy"]
    normal = array(osteotomy, "plane_normal")
    for point in (start, hinge):
        assert (point - array(osteotomy, "plane_point")) @ normal == pytest.approx(0, abs=1e-3)
    assert array(osteotomy, "hinge_point") == pytest.approx(hinge, abs=1e-4)
    # The saw enters on the bone, wherever beside it the start was put.
    tibia = BoneSet.read(bones, [Bone.TIBIA])[Bone.TIBIA]
    on_bone = trimesh.proximity.closest_point(tibia, array(osteotomy, "start_point")[None])[1][0]
    assert on_bone < 1e-3
    assert plan["measures"]["PTS_medial"]["change"] == pytest.approx(1.0, abs=0.01)
    assert set(plan["cut"]) == set(cut)
    assert simulate(tibia, read_osteotomy(osteotomy)).distal.volume > 0


def test_a_thin_hinge_is_planned_and_warned_of(folder_of: FolderOf) -> None:
    bones = folder_of("synthetic_l")
    found = plan_files(bones, "L", correction_deg=7)
    hinge = array(found["osteotomy"], "hinge_point") - 5 * array(found["osteotomy"], "medial_direction")
    plan = plan_files(bones, "L", correction_deg=7, cut={"hinge_point": hinge.tolist()})
    codes = {warning["code"] for warning in plan["warnings"]}
    assert "hinge_thin" in codes and "hinge_thin" not in {w["code"] for w in found["warnings"]}
    assert plan["osteotomy"]["lateral_cortex_mm"] == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize(
    "cut",
    [{"start_point": [0, 0]}, {"start_point": "left"}, {"middle": [0, 0, 0]}, {"hinge_point": [0, 0, None]}],
)
def test_what_is_no_point_is_refused(folder_of: FolderOf, cut: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        plan_files(folder_of("synthetic_l"), "L", correction_deg=7, cut=cut)
    assert error.value.code == "bad_cut"


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize(
    ("name", "move"),
    [
        ("plateau_medial", "across"),
        ("plateau_lateral_edge", "across"),
        ("plateau_medial_anterior", "back"),
        ("ankle_center", "up"),
        ("hip_center", "down"),
    ],
)
def test_landmarks_dragged_past_one_another_are_refused(
    folder_of: FolderOf, side: str, name: str, move: str
) -> None:
    bones = folder_of(f"synthetic_{side.lower()}")
    marks = plan_files(bones, side, correction_deg=0)["landmarks"]
    x, y, z = marks[name]["position"]
    moved = {"across": [-x, y, z], "back": [x, y + 40, z], "up": [x, y, 50], "down": [x, y, -50]}[move]
    with pytest.raises(InputError) as error:
        plan_files(bones, side, correction_deg=7, landmarks=marks | {name: moved})
    assert error.value.code == "landmarks_contradict" and name.replace("_", " ") in error.value.message


@pytest.mark.parametrize("name", [*LEGS, "synthetic_l"])
@pytest.mark.parametrize("kind", KINDS)
def test_fragments_for_pictures_are_the_exact_solids(folder_of: FolderOf, name: str, kind: str) -> None:
    bones = BoneSet.read(folder_of(name))
    plan = plan_files(folder_of(name), side_of(name), correction_deg=10, kind=kind)
    osteotomy = read_osteotomy(plan["osteotomy"])
    points = Landmarks.from_document(plan["landmarks"]).positions()
    knee, exact = corrected_knee(bones, points, osteotomy), simulate(bones[Bone.TIBIA], osteotomy)
    for mine, solid in ((knee.proximal, exact.proximal), (knee.distal, exact.distal)):
        assert mine.is_watertight and mine.is_winding_consistent
        assert mine.volume == pytest.approx(solid.volume, rel=1e-6)
        assert mine.bounds == pytest.approx(solid.bounds, abs=1e-4)
        assert mine.center_mass == pytest.approx(solid.center_mass, abs=1e-3)
    assert knee.meshes[Bone.TIBIA].volume == pytest.approx(
        exact.proximal.volume + exact.distal.volume, rel=1e-6
    )
    assert set(knee.meshes) == set(bones)


@pytest.mark.parametrize("name", ["vsd_z013_l", "hubmap_vhm_r"])
def test_the_patella_follows_the_tuberosity(folder_of: FolderOf, name: str) -> None:
    bones = BoneSet.read(folder_of(name))
    plan = plan_files(folder_of(name), side_of(name), correction_deg=10)
    osteotomy = read_osteotomy(plan["osteotomy"])
    points = Landmarks.from_document(plan["landmarks"]).positions()
    distal = corrected_knee(bones, points, osteotomy, "distal").others[Bone.PATELLA]
    proximal = corrected_knee(bones, points, osteotomy, "proximal").others[Bone.PATELLA]
    assert proximal.bounds == pytest.approx(bones[Bone.PATELLA].bounds)
    assert distal.bounds[0, 2] < bones[Bone.PATELLA].bounds[0, 2] - 1, "it comes down"
