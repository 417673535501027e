"""A knee moved anywhere is brought back; what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from recon.alignment import align, moved
from recon.bones import Bone, BoneSet
from recon.cut_ends import flat_ends, seen_of_meshes
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.handedness import quarter_turn, side_of
from tests.data import shared_data


def motion(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    transform = np.eye(4)
    transform[:3, :3] = Rotation.random(random_state=rng).as_matrix()
    transform[:3, 3] = rng.uniform(-500, 500, 3)
    return transform


def slab(bones: BoneSet, low: float, high: float) -> BoneSet:
    """What a scanner sees that covers only these heights."""
    box = trimesh.creation.box(bounds=[[-300, -300, low], [300, 300, high]])
    cut = {b: trimesh.boolean.intersection([m, box], engine="manifold") for b, m in bones.items()}
    return BoneSet({bone: mesh for bone, mesh in cut.items() if len(mesh.faces)})


@pytest.fixture(scope="module")
def knee() -> BoneSet:
    return BoneSet.read(shared_data("bones/hubmap_vhf_l"))


def error_of(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Degrees, and millimetres at the knee."""
    left = found @ truth
    return np.degrees(Rotation.from_matrix(left[:3, :3]).magnitude()), float(np.linalg.norm(left[:3, 3]))


@pytest.mark.parametrize("seed", [1, 2])
def test_whole_bones_in_any_frame_find_their_way_onto_a_part_of_them(knee: BoneSet, seed: int) -> None:
    truth = motion(seed)
    seen = FieldOfView(np.full(3, -100.0), np.full(3, 100.0))
    found = align(moved(knee, truth), slab(knee, -100, 100), fixed_field=seen)
    degrees, shift = error_of(found.transform, truth)
    assert degrees < 0.1 and shift < 0.2
    assert found.mean_mm < 0.1 and set(found.residual_mm) == set(Bone)
    assert np.linalg.det(found.transform[:3, :3]) == pytest.approx(1)


def test_flat_ends_of_the_smaller_field_of_view_pull_nothing(knee: BoneSet) -> None:
    truth = motion(3)
    seen = FieldOfView(np.array([-1e4, -1e4, -60.0]), np.array([1e4, 1e4, 50.0])).moved(truth)
    found = align(moved(slab(knee, -60, 50), truth), slab(knee, -100, 100), moving_field=seen)
    degrees, shift = error_of(found.transform, truth)
    assert degrees < 0.1 and shift < 0.2 and found.mean_mm < 0.1


def test_one_bone_is_enough_and_the_others_say_how_the_pose_differs(knee: BoneSet) -> None:
    truth = motion(4)
    bent = np.eye(4)
    bent[:3, :3] = Rotation.from_euler("x", 12, degrees=True).as_matrix()
    femur = moved(BoneSet({Bone.FEMUR: knee[Bone.FEMUR]}), bent)
    other = moved(BoneSet({**knee, **femur}), truth)
    seen = FieldOfView(np.full(3, -100.0), np.full(3, 100.0))
    found = align(other, slab(knee, -100, 100), on=[Bone.TIBIA], fixed_field=seen)
    degrees, shift = error_of(found.transform, truth)
    assert degrees < 0.3 and shift < 0.5
    assert found.bones == (Bone.TIBIA,) and found.mean_mm == pytest.approx(found.residual_mm[Bone.TIBIA])
    assert found.residual_mm[Bone.TIBIA] < 0.1 < 1.0 < found.residual_mm[Bone.FEMUR]
    report = found.report()
    assert report["bones"] == ["tibia"] and report["residual_mm"]["femur"] > 1


def test_it_refuses_what_has_nothing_in_common_and_what_does_not_fit(knee: BoneSet) -> None:
    tibia, femur = BoneSet({Bone.TIBIA: knee[Bone.TIBIA]}), BoneSet({Bone.FEMUR: knee[Bone.FEMUR]})
    with pytest.raises(InputError) as refused:
        align(tibia, femur)
    assert refused.value.code == "no_common_bone"
    ball = BoneSet({Bone.TIBIA: trimesh.creation.icosphere(3, radius=60)})
    with pytest.raises(InputError) as refused:
        align(ball, tibia)
    assert refused.value.code == "unlike_bones"


@pytest.mark.parametrize("name", ["hubmap_vhf_l", "hubmap_vhm_r", "staple_mc22_l", "vsd_z013_r"])
def test_the_side_and_the_axes_are_told_from_the_bones(name: str) -> None:
    bones = BoneSet.read(shared_data(f"bones/{name}"))
    side = "L" if name.endswith("l") else "R"
    assert side_of(bones) == side_of(moved(bones, motion(5))) == side
    assert side_of(moved(bones, np.diag([-1.0, 1, 1, 1]))) == ("R" if side == "L" else "L")
    assert side_of(BoneSet({b: bones[b] for b in (Bone.FEMUR, Bone.TIBIA, Bone.FIBULA)})) is None
    lying = np.eye(4)
    lying[:3, :3] = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    turn = quarter_turn(moved(bones, lying), side)  # type: ignore[arg-type]
    assert turn is not None and np.allclose(turn @ lying[:3, :3], np.eye(3))


def test_cut_shafts_end_where_they_were_cut_in_any_frame(knee: BoneSet) -> None:
    assert all(flat_ends(mesh, 40.0) == [] for mesh in knee.values())
    there = motion(7)
    cut = moved(slab(knee, -70, 80), there)
    for bone, height in ((Bone.FEMUR, 80.0), (Bone.TIBIA, -70.0), (Bone.FIBULA, -70.0)):
        ((normal, offset),) = flat_ends(cut[bone], 40.0)
        expected = there[:3, :3] @ [0, 0, np.sign(height)]
        assert normal @ expected > 0.999
        assert offset == pytest.approx(abs(height) + there[:3, 3] @ expected, abs=0.5)
    seen = seen_of_meshes(cut)
    points = np.array([[0, 0, 79.0], [0, 0, 81], [0, 0, -69], [0, 0, -71], [60, 0, 0]])
    inside = seen.depth(points @ there[:3, :3].T + there[:3, 3])
    assert (inside > 0).tolist() == [True, False, True, False, True]


def test_a_field_of_view_moves_with_its_bones_and_survives_its_report() -> None:
    placement = motion(6)
    field = FieldOfView(np.array([-10.0, -20, -30]), np.array([10.0, 20, np.inf]))
    points = np.random.default_rng(0).uniform(-50, 50, (200, 3))
    there = points @ placement[:3, :3].T + placement[:3, 3]
    again = FieldOfView.of_report(field.moved(placement).report())
    assert np.allclose(again.depth(there), field.depth(points))
    back = field.moved(placement).moved(np.linalg.inv(placement)) & field
    assert np.allclose(back.depth(points), field.depth(points))
