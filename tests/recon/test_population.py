"""Virtual knees: shaped like people, posed like knees, the same from the same seed."""

from __future__ import annotations

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon.bones import Bone
from recon.drr.beam import per_mm
from recon.population.implants import partial_knee
from recon.population.people import PEOPLE, _NumpyOnly, bones_from_nodes, people_nodes
from recon.population.phantom import (
    LAYERS,
    Tissue,
    line_integrals,
    render_bones,
    render_layers,
    render_leg,
    skin_and_muscle,
)
from recon.population.pose import KneePose, side_of
from recon.population.sample import (
    Rare,
    draw_bones,
    draw_cameras,
    draw_sample,
    label_points,
    make_sample,
    person_bones,
)
from recon.population.shape_model import PARTS, ShapeModel, smooth_detail
from recon.training.dataset import TEST_PEOPLE, TRAINING_PEOPLE, VALIDATION_PEOPLE
from recon.training.exposure import expose


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return ShapeModel.from_people(TRAINING_PEOPLE)


@pytest.mark.parametrize("person", [0, 13, 25])
def test_every_person_has_four_closed_bones_of_human_size(person: int) -> None:
    bones = bones_from_nodes({part: nodes[person] for part, nodes in people_nodes().items()})
    assert set(bones) == set(Bone)
    for mesh in bones.values():
        assert mesh.is_watertight
        assert mesh.body_count == 1
        assert mesh.volume > 0
    assert 280 < np.ptp(bones[Bone.TIBIA].vertices[:, 2]) < 460
    assert 340 < np.ptp(bones[Bone.FEMUR].vertices[:, 2]) < 540
    assert 5e3 < bones[Bone.PATELLA].volume < 40e3
    # A left leg in LPS: the fibula lies to the left of the tibia, the patella in front of it.
    assert bones[Bone.FIBULA].centroid[0] > bones[Bone.TIBIA].centroid[0]


def test_a_pickle_that_is_more_than_arrays_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError):
        _NumpyOnly(io.BytesIO(pickle.dumps(print))).load()


def test_no_person_is_on_two_sides_of_the_split() -> None:
    sides = [set(TRAINING_PEOPLE), set(VALIDATION_PEOPLE), set(TEST_PEOPLE)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == PEOPLE


def test_the_shape_model_holds_its_people_and_no_others(model: ShapeModel) -> None:
    nodes = people_nodes()["femur"]
    inside = model.nodes(model.person_coefficients(3))["femur"]
    outside = model.nodes(model.person_coefficients(TEST_PEOPLE[0]))["femur"]
    assert np.abs(inside - nodes[3]).max() < 1e-6
    assert np.linalg.norm(outside - nodes[TEST_PEOPLE[0]], axis=1).mean() > 0.3


def test_loosened_parts_leave_the_span_of_the_whole_legs_and_keep_their_own(model: ShapeModel) -> None:
    mean = model.nodes(np.zeros(len(model.deviations)))
    loose = model.loosened(mean, 0.5, np.random.default_rng(4))
    flat = np.concatenate([loose[part].reshape(-1) for part in PARTS]) - model.mean
    assert np.linalg.norm(flat - model.modes.T @ (model.modes @ flat)) > 0.1 * np.linalg.norm(flat)
    femur = slice(0, 3 * model.sizes[0])
    own = model.modes[:, femur].T
    weights = np.linalg.lstsq(own, flat[femur], rcond=None)[0]
    assert np.abs(own @ weights - flat[femur]).max() < 1e-6


def test_a_model_of_two_people_is_refused() -> None:
    with pytest.raises(ValueError, match="three people"):
        ShapeModel.from_people([1, 2])


def test_smooth_detail_has_the_amplitude_it_was_asked_for() -> None:
    points = np.random.default_rng(0).uniform(-200, 200, (4000, 3))
    sizes = [
        smooth_detail(points, np.random.default_rng(seed), amplitude=0.5, length=12).std()
        for seed in range(20)
    ]
    assert np.mean(sizes) == pytest.approx(0.5, rel=0.1)


def test_posed_bones_are_joined_but_do_not_overlap() -> None:
    for seed in range(4):
        bones = person_bones(TEST_PEOPLE[0], np.random.default_rng(seed))
        tibia, femur = bones[Bone.TIBIA], bones[Bone.FEMUR]
        common = trimesh.boolean.intersection([tibia, femur], engine="manifold")
        shared = 0.0 if common.is_empty else common.volume
        assert shared < 0.01 * tibia.volume
        gap = trimesh.proximity.closest_point(femur, tibia.vertices[tibia.vertices[:, 2] > -30])[1].min()
        assert gap < 8
        assert np.linalg.norm(femur.vertices[femur.vertices[:, 2].argmin()]) < 60


def test_a_pose_stays_within_what_an_x_ray_table_sees() -> None:
    poses = [KneePose.draw(np.random.default_rng(seed)) for seed in range(200)]
    assert max(pose.flexion for pose in poses) <= 30
    assert max(np.abs(pose.leg_shift).max() for pose in poses) <= 30


def test_labels_are_inside_tests(model: ShapeModel) -> None:
    bones = draw_bones(model, np.random.default_rng(5))
    points = np.random.default_rng(6).uniform(-60, 60, (1500, 3))
    labels = label_points(bones, points)
    for bone, mesh in bones.items():
        inside = mesh.contains(points)
        # Bones of a virtual knee may just touch; elsewhere both tests must agree.
        assert (inside == (labels == bone)).mean() > 0.998


def test_a_seed_gives_the_same_sample_and_another_seed_another(model: ShapeModel) -> None:
    first, again, other = (draw_sample(model, seed, points=3000) for seed in (8, 8, 9))
    assert (first.layers == again.layers).all()
    assert (first.points == again.points).all()
    assert (first.labels == again.labels).all()
    assert not np.array_equal(first.layers, other.layers)
    assert first.layers.shape == (2, len(LAYERS), 256, 256)
    assert set(np.unique(first.labels)) == {0, 1, 2, 3, 4}


def test_layers_add_up_to_the_leg_and_attenuate_as_they_should(model: ShapeModel) -> None:
    rng = np.random.default_rng(3)
    tissue = Tissue.draw(rng)
    bones = draw_bones(model, rng)
    layers = render_layers(bones, draw_cameras(rng), tissue, rng).astype(float)
    assert (layers >= 0).all()
    assert layers[:, 0].max() > 5  # cortex along a shaft
    assert layers[:, 3:].sum(1).max() < 400  # no leg is thicker
    total = line_integrals(layers, tissue)
    bone = layers[:, 0] + layers[:, 1] > 15
    assert total[bone].mean() > total[~bone & (layers[:, 3] > 30)].mean()
    assert total[layers.sum(1) == 0].max() == pytest.approx(0, abs=1e-9)


def test_bones_of_one_material_in_air_attenuate_by_their_length_alone(model: ShapeModel) -> None:
    rng = np.random.default_rng(3)
    tissue = replace(Tissue.draw_plain(rng), core_density=1.0, soft_density=0.0)
    bones = draw_bones(model, rng)
    leg = render_leg(bones, draw_cameras(rng), tissue, rng)
    one_energy = np.array([0.0, 0, 0, 1, 0])
    total = np.stack([line_integrals(view, tissue, one_energy) for view in leg.layers.astype(float)])
    lengths = leg.bones.sum(axis=1)
    assert total[lengths > 0] / lengths[lengths > 0] == pytest.approx(
        per_mm("cortical")[3] * tissue.cortical_density, rel=1e-3
    )
    assert total[lengths == 0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("outline", "corner"), [(2.0, 1.0), (16.0, 2**0.5)])
def test_a_plain_outline_is_straight_and_round_or_nearly_a_box(
    model: ShapeModel, outline: float, corner: float
) -> None:
    rng = np.random.default_rng(4)
    tissue = replace(Tissue.draw_plain(rng), outline=outline, leg_radii=(60.0, 60.0))
    skin, muscle = skin_and_muscle(draw_bones(model, rng), tissue, rng)
    assert skin.is_watertight
    assert muscle.vertices == pytest.approx(skin.vertices)
    middle = (skin.bounds[0] + skin.bounds[1]) / 2
    reach = np.linalg.norm(skin.vertices[:-2, :2] - middle[:2], axis=1)  # the last two close the ends
    assert reach.min() == pytest.approx(60, rel=0.01)
    assert reach.max() == pytest.approx(60 * corner, rel=0.05)


def test_a_share_of_the_knees_are_plain_phantoms(model: ShapeModel) -> None:
    usual, plain = (draw_sample(model, 8, points=3000, rare=Rare(plain=share)) for share in (0.0, 1.0))
    assert (usual.attenuation != plain.attenuation).any()
    assert not np.array_equal(usual.layers, plain.layers)


def test_a_share_of_the_knees_have_implants_that_hide_what_is_behind(model: ShapeModel) -> None:
    usual, metal = (draw_sample(model, 8, points=3000, rare=Rare(implants=share)) for share in (0.0, 1.0))
    assert usual.layers.shape == (2, len(LAYERS), 256, 256)
    assert metal.layers.shape == (2, len(LAYERS) + 1, 256, 256)
    assert metal.attenuation.shape == (len(LAYERS) + 1, 5)
    assert (metal.attenuation[-1] > metal.attenuation[:-1].max(axis=0)).all()
    hidden = metal.layers[:, -1] > 2
    assert (hidden.mean(axis=(1, 2)) > 0.0005).all()
    assert (hidden.mean(axis=(1, 2)) < 0.1).all()
    for layers, behind in zip(metal.layers, hidden, strict=True):
        clear = np.concatenate([layers[:-1], 0 * layers[-1:]])
        with_it, without = (
            expose(view, metal.attenuation, np.random.default_rng(1))[0] for view in (layers, clear)
        )
        change = np.abs(with_it - without)
        assert change[behind].mean() > 10 * change[~behind].mean()


def test_bone_that_an_implant_replaced_is_no_bone(model: ShapeModel) -> None:
    rng = np.random.default_rng(5)
    bones = draw_bones(model, rng)
    implant = partial_knee(bones, side_of(bones))
    sample = make_sample(bones, draw_cameras(rng), Tissue.draw(rng), rng, points=20000, implant=implant)
    cut = implant.removed[Bone.TIBIA]
    gone = cut.contains(sample.points.astype(float)) & bones[Bone.TIBIA].contains(sample.points.astype(float))
    assert gone.sum() > 20
    assert (sample.labels[gone] != Bone.TIBIA).mean() > 0.98


def test_given_bones_are_rendered_for_the_command_line() -> None:
    rng = np.random.default_rng(0)
    bones = person_bones(TEST_PEOPLE[1], rng)
    images = render_bones(bones, draw_cameras(rng), seed=1)
    assert len(images) == 2
    assert all(image.shape == (256, 256) and image.max() > 1 for image in images)
