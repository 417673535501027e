"""Signed distances: against brute force, and the side against winding numbers."""

from __future__ import annotations

import igl
import numpy as np
import pytest
import trimesh

from guides.bones import Bone, BoneSet, distance, signed_distance
from tests.guides.conftest import FolderOf


def _about(mesh: trimesh.Trimesh, count: int, spread: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    picked = mesh.triangles_center[rng.integers(0, len(mesh.faces), count)]
    return np.asarray(picked + rng.normal(0, spread, (count, 3)))


@pytest.mark.parametrize("name", ["synthetic_l", "staple_mc22_l"])
@pytest.mark.parametrize("spread", [0.05, 1.0, 8.0])
def test_side_and_distance_are_those_of_the_solid(folder_of: FolderOf, name: str, spread: float) -> None:
    tibia = BoneSet.read(folder_of(name), [Bone.TIBIA])[Bone.TIBIA]
    points = _about(tibia, 4000, spread)
    found = signed_distance(tibia, points)
    vertices, faces = np.array(tibia.vertices, dtype=float), np.array(tibia.faces, dtype=np.int64)
    inside = igl.winding_number(vertices, faces, points) > 0.5
    # Of a scan with folded slivers a few points lie on sheets that face each other.
    assert ((found < 0) != inside).sum() <= 2
    _, expected, _ = trimesh.proximity.closest_point(tibia, points[:300])
    assert np.abs(found[:300]) == pytest.approx(expected, abs=1e-6)
    assert distance(tibia, points) == pytest.approx(np.abs(found), abs=1e-12)


def test_edges_and_corners_of_a_box_are_outside_all_round() -> None:
    box = trimesh.creation.box((2.0, 2.0, 2.0))
    points = np.array([[3.0, 3, 3], [3, 3, 0], [0, 0, 1.5], [0.9, 0.9, 0.9], [0, 0, 0.5], [-1.2, 0.3, -1.2]])
    expected = [2 * 3**0.5, 2 * 2**0.5, 0.5, -0.1, -0.5, 0.2 * 2**0.5]
    assert signed_distance(box, points) == pytest.approx(expected)


def test_a_mesh_that_was_moved_is_another_one() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    origin = np.zeros((1, 3))
    assert signed_distance(ball, origin)[0] < -0.9
    ball.apply_translation([3, 0, 0])
    assert signed_distance(ball, origin)[0] > 1.9
