"""Plateaus get the slope, the hollow and the rims that were asked for, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from recon.bones import Bone, BoneSet
from recon.population.deformity import deformed, recurved
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.plateau import PlateauSide, reshaped


@pytest.fixture(scope="module")
def leg() -> BoneSet:
    return bones_from_nodes({part: nodes[4] for part, nodes in people_nodes().items()})


@pytest.fixture(scope="module")
def tibia(leg: BoneSet) -> np.ndarray:
    return np.array(leg[Bone.TIBIA].vertices)


def middle_of_side(tibia: np.ndarray, *, medial: bool) -> np.ndarray:
    plateau = tibia[tibia[:, 2] > tibia[:, 2].max() - 14]
    own = plateau[(plateau[:, 0] < plateau[:, 0].mean()) == medial]
    return (own.min(axis=0) + own.max(axis=0)) / 2


@pytest.mark.parametrize("medial", [True, False])
def test_a_slope_is_added_to_one_side_only(tibia: np.ndarray, medial: bool) -> None:
    rise = (reshaped(tibia, PlateauSide(slope=4.0), medial=medial) - tibia)[:, 2]
    middle = middle_of_side(tibia, medial=medial)
    near = (np.abs(tibia[:, :2] - middle[:2]) < (5, 14)).all(1) & (tibia[:, 2] > middle[2] - 3)
    line = np.polyfit(tibia[near, 1], rise[near], 1)
    assert np.rad2deg(np.arctan(-line[0])) == pytest.approx(4, abs=0.4)
    other = (tibia[:, 0] < middle[0]) != medial
    beyond = np.abs(tibia[:, 0] - middle[0]) > 25
    assert not rise[other & beyond].any()
    assert not rise[tibia[:, 2] < tibia[:, 2].max() - 40].any()


@pytest.mark.parametrize(("rim", "axis", "sign"), [("front", 1, -1), ("back", 1, 1), ("edge", 0, -1)])
def test_a_rim_is_raised_where_it_is(tibia: np.ndarray, rim: str, axis: int, sign: int) -> None:
    risen = (reshaped(tibia, PlateauSide(**{rim: 4.0}), medial=True) - tibia)[:, 2]
    highest = tibia[risen.argmax()]
    assert 2 < risen.max() <= 4
    assert risen.min() >= 0
    assert sign * (highest - middle_of_side(tibia, medial=True))[axis] > 10


def test_a_hollow_sinks_the_middle(tibia: np.ndarray) -> None:
    sunk = (tibia - reshaped(tibia, PlateauSide(hollow=2.0), medial=True))[:, 2]
    assert 1 < sunk.max() <= 2
    assert np.linalg.norm((tibia[sunk.argmax()] - middle_of_side(tibia, medial=True))[:2]) < 8


def test_recurvation_turns_the_shaft_under_the_plateau(tibia: np.ndarray) -> None:
    top = tibia[:, 2].max()
    after = recurved(tibia, np.deg2rad(5), top - 60)
    assert after[tibia[:, 2] > top - 40] == pytest.approx(tibia[tibia[:, 2] > top - 40])
    assert (after - tibia)[tibia[:, 2].argmin(), 1] < -15  # the ankle swings forwards


def test_legs_with_plateaus_of_their_own_stay_closed(leg: BoneSet) -> None:
    for seed in range(4):
        with_, without = (
            deformed(leg, np.random.default_rng(seed), plateaus=plateaus) for plateaus in (True, False)
        )
        assert all(mesh.is_watertight and mesh.volume > 0 for mesh in with_.values())
        assert not np.array_equal(with_[Bone.TIBIA].vertices, without[Bone.TIBIA].vertices)
