"""Broken legs for the benchmarks keep their bone and move it as far as they say."""

from __future__ import annotations

import numpy as np
import pytest

from recon.bones import Bone, BoneSet
from recon.population.sample import person_bones
from recon.training.dataset import VALIDATION_PEOPLE
from tests.benchmarks.fracture import FROM_END_MM, Fracture, broken, depressed

RANGE = (6.0, 6.0)


@pytest.fixture(scope="module")
def leg() -> BoneSet:
    return person_bones(VALIDATION_PEOPLE[0], np.random.default_rng(4))


@pytest.mark.parametrize("bone", list(FROM_END_MM))
def test_a_broken_bone_is_in_two_closed_pieces_with_nothing_lost(leg: BoneSet, bone: Bone) -> None:
    made = broken(leg, bone, np.random.default_rng(1), RANGE)
    pieces = made[bone].split()
    assert len(pieces) == 2 and all(piece.is_watertight for piece in pieces)
    assert made[bone].volume == pytest.approx(leg[bone].volume, rel=1e-6)
    assert all(made[other] is leg[other] for other in Bone if other is not bone)
    # Where the patella's upper fragment was pulled up as a whole, it is higher.
    if bone is Bone.PATELLA:
        assert made[bone].bounds[1, 2] > leg[bone].bounds[1, 2] + 3


def test_a_depression_lowers_one_side_of_the_plateau_alone(leg: BoneSet) -> None:
    sunk = depressed(leg, np.random.default_rng(1), RANGE)[Bone.TIBIA]
    before, after = np.asarray(leg[Bone.TIBIA].vertices), np.asarray(sunk.vertices)
    lowered = before[:, 2] - after[:, 2]
    assert sunk.is_watertight
    assert lowered.min() >= 0 and lowered.max() == pytest.approx(6, abs=0.6)
    middle = before[before[:, 2] > before[:, 2].max() - 15, 0].mean()
    side = np.sign(before[lowered.argmax(), 0] - middle)
    assert lowered[(before[:, 0] - middle) * side < -10].max() < 0.1


def test_a_fractured_shank_is_apart_along_the_break(leg: BoneSet) -> None:
    drawn = Fracture.draw(leg, np.random.default_rng(2))
    tibia = np.asarray(leg[Bone.TIBIA].vertices)
    rim = tibia[np.abs(tibia @ drawn.normal - drawn.along) < 3]
    moved = rim @ drawn.motion[:3, :3].T + drawn.motion[:3, 3]
    across = (moved - rim) - np.outer((moved - rim) @ drawn.normal, drawn.normal)
    assert np.linalg.norm(across.mean(axis=0)) == pytest.approx(drawn.displaced_mm, abs=2)
    assert 3 <= drawn.displaced_mm <= 10 and 2 <= drawn.tilted_deg <= 12
