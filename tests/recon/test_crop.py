"""Legs that end in the picture: bone and tissue stop at the plane, labels with them."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.bones import Bone
from recon.drr.raster import path_lengths
from recon.population.crop import Crop
from recon.population.phantom import Tissue, render_layers
from recon.population.sample import draw_cameras, make_sample, person_bones
from recon.training.dataset import TEST_PEOPLE


def test_a_flattened_mesh_encloses_what_lies_between_the_planes() -> None:
    ball = trimesh.creation.icosphere(subdivisions=5, radius=50)
    crop = Crop(np.array([0.0, 0.0, 1.0]), -20.0, 30.0)
    flat = trimesh.Trimesh(crop.flattened(np.array(ball.vertices)), ball.faces, process=False)
    exact = np.pi * (50**2 * 50 - (30**3 + 20**3) / 3)
    assert flat.volume == pytest.approx(exact, rel=0.01)
    camera = draw_cameras(np.random.default_rng(0))[0]
    whole = path_lengths(np.array(ball.vertices), ball.faces, camera)
    part = path_lengths(np.array(flat.vertices), flat.faces, camera)
    middle = camera.project(np.zeros((1, 3)))[0][0].round().astype(int)
    assert part[middle[1], middle[0]] == pytest.approx(whole[middle[1], middle[0]], abs=0.5)
    column, row = camera.project(np.array([[0.0, 0, 44]]))[0][0].round().astype(int)
    assert whole[row, column] > 30
    assert abs(part[row, column]) < 0.5


def test_crops_keep_the_joint() -> None:
    joint = np.array([3.0, -5.0, 12.0])
    for seed in range(30):
        crop = Crop.draw(joint, np.random.default_rng(seed))
        assert crop.contains(joint[None])[0]
        assert np.isfinite([crop.low, crop.high]).any()


def test_beyond_the_plane_nothing_is_rendered_or_labelled() -> None:
    rng = np.random.default_rng(2)
    bones, cameras = person_bones(TEST_PEOPLE[0], rng), draw_cameras(rng)
    crop = Crop(np.array([0.0, 0.0, 1.0]), -np.inf, 30.0)
    sample = make_sample(bones, cameras, Tissue.draw(rng), rng, points=3000, crop=crop)
    beyond = ~crop.contains(sample.points.astype(float))
    assert beyond.sum() > 100
    assert (sample.labels[beyond] == 0).all()
    assert (sample.labels == Bone.FEMUR).any()
    for layers, camera in zip(sample.layers, cameras, strict=True):
        (_, row), _ = (value[0] for value in camera.project(np.array([[0.0, 0, 75]])))
        assert layers[:, : int(row)].max() == 0
        assert layers.max() > 10


def test_without_a_crop_the_whole_leg_is_there() -> None:
    bones = person_bones(TEST_PEOPLE[0], np.random.default_rng(2))
    cameras = draw_cameras(np.random.default_rng(3))
    tissue = Tissue.draw(np.random.default_rng(4))
    whole = Crop(np.array([0.0, 0.0, 1.0]), -np.inf, np.inf)
    plain = render_layers(bones, cameras, tissue, np.random.default_rng(5))
    assert (render_layers(bones, cameras, tissue, np.random.default_rng(5), whole) == plain).all()
