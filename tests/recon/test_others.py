"""People of other collections as nodes of the population's elements."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.errors import InputError
from recon.metrics import surface_distances
from recon.population.fit_others import Surface, completed, fit_part
from recon.population.others import other_person
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.sample import OffModel, draw_bones
from recon.population.shape_model import PARTS, ShapeModel
from recon.training.dataset import TRAINING_OTHERS, TRAINING_PEOPLE, VALIDATION_PEOPLE

EVERYWHERE = (np.full(3, -np.inf), np.full(3, np.inf))


@pytest.mark.parametrize("name", TRAINING_OTHERS)
def test_everybody_has_four_closed_bones_of_human_size(name: str) -> None:
    bones = bones_from_nodes(other_person(name))
    for mesh in bones.values():
        assert mesh.is_watertight
        assert mesh.volume > 0
    assert 280 < np.ptp(bones[Bone.TIBIA].vertices[:, 2]) < 460
    assert 340 < np.ptp(bones[Bone.FEMUR].vertices[:, 2]) < 540
    assert bones[Bone.FIBULA].centroid[0] > bones[Bone.TIBIA].centroid[0]


def test_nobody_of_a_test_is_among_them() -> None:
    tested = ("vhf", "sts_010", "sts_028", "vsd", "staple", "mc22")
    assert not [name for name in TRAINING_OTHERS if any(part in name for part in tested)]


def test_a_shape_model_of_more_people_holds_them() -> None:
    model = ShapeModel.from_people(range(4), TRAINING_OTHERS[:2])
    for row, name in enumerate(TRAINING_OTHERS[:2], start=4):
        held = model.nodes(model.known[row])
        assert all(np.abs(held[part] - other_person(name)[part]).max() < 1e-3 for part in PARTS)
    assert len(model.deviations) == 5


def test_an_unknown_person_is_refused() -> None:
    with pytest.raises(InputError, match="no person 'nobody'"):
        ShapeModel.from_people(range(4), ["nobody"])


def test_the_patella_of_an_unseen_person_is_found_where_it_lies() -> None:
    person = {part: nodes[VALIDATION_PEOPLE[1]] for part, nodes in people_nodes().items()}
    mesh = bones_from_nodes(person)[Bone.PATELLA]
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec([0.1, -0.15, 0.2]).as_matrix()
    motion[:3, 3] = [30, -12, 55]
    moved = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).apply_transform(motion)
    fitted = fit_part("patella", {Bone.PATELLA: Surface(moved, *EVERYWHERE, noise=0.3, reach=14.0)})
    assert fitted.apart.mean() < 0.25  # less than the noise that it was told of
    # Back in the frame of the population: the same shape, a rigid motion apart.
    made = bones_from_nodes({**person, "patella": fitted.nodes})[Bone.PATELLA]
    to_truth, _, _ = trimesh.registration.icp(made.vertices, mesh, scale=False, reflection=False)
    made.apply_transform(to_truth)
    assert surface_distances(np.array(made.vertices), mesh).mean() < 0.3


def test_what_was_not_seen_is_foretold_from_the_rest() -> None:
    every = people_nodes()
    person = VALIDATION_PEOPLE[0]
    whole = completed({"femur": every["femur"][person]})
    assert (whole["femur"] == every["femur"][person]).all()
    mean = every["tibia_fibula"][list(TRAINING_PEOPLE)].mean(axis=0)
    truth = every["tibia_fibula"][person]
    foretold = np.linalg.norm(whole["tibia_fibula"] - truth, axis=1).mean()
    assert foretold < 0.8 * np.linalg.norm(mean - truth, axis=1).mean()


def test_detail_off_the_model_can_be_left_out() -> None:
    model = ShapeModel.from_people(range(6))

    def roughness(detail: float) -> float:
        mesh = draw_bones(model, np.random.default_rng(3), OffModel(detail=detail))[Bone.FEMUR]
        return float(np.abs(mesh.face_adjacency_angles).mean())

    assert roughness(0.0) < roughness(1.0)
