"""Deformities do to the bones what an orthopaedic surgeon would read from the X-ray."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from recon.bones import Bone, BoneSet
from recon.population.deformity import bowed, deformed, with_osteophytes, worn
from recon.population.people import bones_from_nodes, people_nodes


@pytest.fixture(scope="module")
def leg() -> BoneSet:
    return bones_from_nodes({part: nodes[0] for part, nodes in people_nodes().items()})


@pytest.mark.parametrize("angle", [-5.0, 12.0])
def test_a_bowed_tibia_turns_its_ankle_and_keeps_its_plateau(leg: BoneSet, angle: float) -> None:
    before = np.array(leg[Bone.TIBIA].vertices)
    top = before[:, 2].max()
    after = bowed(before, np.deg2rad(angle), top - 50, float(before[:, 0].mean()), below=True)
    plateau, shaft = before[:, 2] > top - 30, before[:, 2] < top - 150
    assert after[plateau] == pytest.approx(before[plateau])

    high, low = shaft & (before[:, 2] > top - 170), before[:, 2] < top - 300

    def axis(points: np.ndarray) -> float:
        x, _, z = points[high].mean(0) - points[low].mean(0)
        return float(np.rad2deg(np.arctan2(x, z)))

    # Varus: the ankle goes to the middle, so the shaft leans outwards on its way up (x is lateral).
    assert axis(after) - axis(before) == pytest.approx(angle, abs=0.05)


def test_a_worn_plateau_is_lower_on_one_side_only(leg: BoneSet) -> None:
    before = np.array(leg[Bone.TIBIA].vertices)
    after = worn(before, medial=True, depth=4.0, width=10.0)
    sunk = before[:, 2] - after[:, 2]
    middle = before[before[:, 2] > before[:, 2].max() - 14][:, 0].mean()
    assert 2.0 < sunk.max() <= 4.0
    assert before[sunk > 1, 0].max() < middle + 10
    assert (sunk[before[:, 2] < before[:, 2].max() - 36] == 0).all()


def test_osteophytes_grow_outwards_near_the_joint(leg: BoneSet) -> None:
    mesh = leg[Bone.FEMUR]
    before = np.array(mesh.vertices)
    after = with_osteophytes(before, mesh, Bone.FEMUR, 4, np.random.default_rng(1))
    moved = np.linalg.norm(after - before, axis=1)
    assert 1 < moved.max() < 12
    assert before[moved > 0.5, 2].max() < before[:, 2].min() + 60
    assert trimesh.Trimesh(after, mesh.faces, process=False).volume > mesh.volume


def test_deformed_legs_stay_closed_and_differ(leg: BoneSet) -> None:
    volumes = set()
    for seed in range(6):
        bones = deformed(leg, np.random.default_rng(seed))
        assert all(mesh.is_watertight and mesh.volume > 0 for mesh in bones.values())
        volumes.add(round(sum(float(mesh.volume) for mesh in bones.values())))
    assert len(volumes) > 2
