"""Compactness, generalisation and specificity on models whose figures are known, and on the real ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.cli import main
from recon.errors import InputError
from recon.population.observations import shapes, shapes_and_poses, surface_generalisation
from recon.population.quality import (
    Observations,
    compactness,
    generalisation,
    principal_components,
    quality,
    specificity,
)
from recon.population.shape_model import ShapeModel
from recon.training.dataset import TRAINING_PEOPLE


def plane_of_people(people: int = 12, noise: float = 0.0) -> Observations:
    """Twelve points in space that vary along two directions only, but for noise."""
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(36, 2)))[0].T
    data = rng.normal(size=(people, 2)) * [30, 10] @ directions + noise * rng.normal(size=(people, 36))
    return Observations(
        data,
        np.arange(people),
        lambda vectors: vectors.reshape(len(vectors), -1, 3),
        {Bone.FEMUR: np.arange(4), Bone.TIBIA: np.arange(4, 12)},
    )


def test_variance_along_known_directions_is_found() -> None:
    _, modes, deviations = principal_components(plane_of_people().data)
    shares = compactness(deviations)
    assert shares[0] < 0.99
    assert shares[1] == pytest.approx(1.0)
    assert modes @ modes.T == pytest.approx(np.eye(len(modes)), abs=1e-9)


def test_it_is_the_shape_model_of_the_same_people() -> None:
    people = TRAINING_PEOPLE[:8]
    mean, _, deviations = principal_components(shapes(people).data)
    model = ShapeModel.from_people(people)
    assert mean == pytest.approx(model.mean)
    assert deviations == pytest.approx(model.deviations)


def test_people_on_a_plane_are_held_by_two_modes_and_not_by_one() -> None:
    errors = generalisation(plane_of_people(), [1, 2, 5])
    assert errors["all"][0].mean > 0.5
    assert errors["all"][1].mean < 1e-6
    assert errors["femur"][2].mean < 1e-6
    assert errors["all"][0].mean == pytest.approx(
        (errors["femur"][0].mean * 4 + errors["tibia"][0].mean * 8) / 12
    )


def test_noise_of_the_one_left_out_cannot_be_held() -> None:
    errors = generalisation(plane_of_people(40, noise=0.5), [2])
    # Three coordinates of 0.5 mm: the mean length of a Maxwell distribution.
    assert errors["all"][0].mean == pytest.approx(0.5 * np.sqrt(8 / np.pi), rel=0.1)


def test_samples_of_few_modes_stay_nearer_to_people() -> None:
    observed = plane_of_people(30, noise=1.0)
    near = specificity(observed, [1, 20], np.random.default_rng(0), samples=300)["all"]
    assert near[0].mean < near[1].mean
    assert near[0].standard_error < 0.2 * near[0].mean


def test_all_that_a_person_left_is_left_out_together() -> None:
    observed = plane_of_people()
    twice = Observations(
        np.concatenate([observed.data, observed.data + 1e-9]),
        np.tile(observed.person, 2),
        observed.points,
        observed.bones,
    )
    assert twice.most_modes == 21
    # Both copies of a person are left out together: the error stays that of a stranger.
    assert generalisation(twice, [1])["all"][0].mean == pytest.approx(
        generalisation(observed, [1])["all"][0].mean, rel=0.02
    )


def test_real_people_generalise_to_millimetres() -> None:
    found = quality(shapes(TRAINING_PEOPLE[:10]), [1, 4, 8, 99], np.random.default_rng(0), samples=20)
    assert found.modes == (1, 4, 8)
    assert list(found.compactness) == sorted(found.compactness)
    assert found.generalisation["all"][0].mean > found.generalisation["all"][2].mean > 1
    assert found.generalisation["all"][2].mean < 6
    assert set(found.specificity) == {"patella", "femur", "fibula", "tibia", "all"}
    surface = surface_generalisation(TRAINING_PEOPLE[:5])
    assert all(0.2 < error.mean < 4 for error in surface.values())


def test_posed_knees_come_back_from_their_vectors() -> None:
    people = TRAINING_PEOPLE[:4]
    observed = shapes_and_poses(people, np.random.default_rng(0), poses=2)
    points = observed.points(observed.data)
    assert len(points) == 8
    femur, tibia, patella = (
        points[:, observed.bones[bone]] for bone in (Bone.FEMUR, Bone.TIBIA, Bone.PATELLA)
    )
    # A knee: the femur stands on the tibia, the patella in front of both.
    assert (femur[..., 2].min(axis=1) > tibia[..., 2].max(axis=1) - 25).all()
    assert (patella[..., 1].mean(axis=1) < tibia[..., 1].mean(axis=1)).all()
    # Poses move bones, they do not bend them: two poses of one person differ by a rigid motion.
    for bone in (Bone.FEMUR, Bone.PATELLA):
        one, other = points[0, observed.bones[bone]], points[1, observed.bones[bone]]
        _, left = Rotation.align_vectors(one - one.mean(axis=0), other - other.mean(axis=0))
        assert left < 1e-3
        assert np.abs(one - other).max() > 1


def test_too_little_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="four people"):
        shapes(TRAINING_PEOPLE[:3])
    with pytest.raises(InputError, match="between 1 and 10"):
        quality(plane_of_people(), [0, 50], np.random.default_rng(0))
    assert main(["population", "--samples", "1"]) == 2
    assert "error: There are too few samples" in capsys.readouterr().err


def test_the_command_prints_what_it_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["population", "--json", "--samples", "3", "--poses", "0"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["shape"]["people"] == len(TRAINING_PEOPLE)
    assert len(printed["shape"]["generalisation"]["tibia"]["mean_mm"]) == len(printed["shape"]["modes"])
    assert "shape_and_pose" not in printed
