"""A network is asked at the nodes of a grid, each once; between them its margins are linear."""

from __future__ import annotations

import numpy as np

from recon.geometry import ReconstructionCube
from recon.gridded import gridded
from recon.surface import extract_bones, sample_field

CUBE = ReconstructionCube()


def planes(points: np.ndarray) -> np.ndarray:
    """Margins that are linear in space."""
    return (points @ np.array([[1.0, 0, 2, -1], [0, 1, -3, 0.5], [2, 0, 0, 1]])).astype(np.float32)


CENTRES = np.array([[-60.0, 0, 0], [-20, 5, 0], [20, 0, 9], [60, 0, -3]])


def balls(points: np.ndarray) -> np.ndarray:
    """Four balls in a row."""
    return (15 - np.linalg.norm(points[:, None] - CENTRES, axis=2)).astype(np.float32)


def test_what_is_linear_stays_as_it_is_and_goes_on_level_beyond_the_cube() -> None:
    points = np.random.default_rng(0).uniform(-100, 100, (500, 3))
    points[:2] = [[100, 100, 100], [-100, 0, 3.125]]
    field = gridded(planes, CUBE, 64)
    assert np.abs(field(points) - planes(points)).max() < 1e-3
    outside = np.array([[130.0, 20, 0], [7, -101, 7]])
    assert np.abs(field(outside) - planes(np.clip(outside, -100, 100))).max() < 1e-3


def test_the_answers_at_nodes_are_the_networks_own() -> None:
    rng = np.random.default_rng(1)
    nodes = CUBE.grid_axis(129)[rng.integers(0, 129, (300, 3))]
    assert np.array_equal(gridded(balls, CUBE, 128)(nodes), balls(nodes))


def test_nodes_are_asked_once_and_only_those_round_the_points() -> None:
    asked = []

    def counted(points: np.ndarray) -> np.ndarray:
        asked.extend(map(tuple, points))
        return balls(points)

    field = gridded(counted, CUBE, 128)
    field(np.array([[0.0, 0, 0]]))
    assert asked == [(0, 0, 0)]
    field(np.array([[0.5, 0, 0], [0.5, 0.1, 1.0]]))
    assert len(asked) == len(set(asked)) == 8
    sample_field(field, CUBE, 128)
    before = len(asked)
    fine = sample_field(field, CUBE, 256)
    assert len(asked) == len(set(asked))
    # Most of what a grid twice as fine needs is known.
    assert len(asked) - before < 0.1 * fine.evaluations


def test_surfaces_move_by_less_than_a_ball_bends_within_a_cell() -> None:
    field = gridded(balls, CUBE, 128)
    step = 200 / 128
    for bone, mesh in extract_bones(sample_field(field, CUBE, 256)).items():
        distance = np.linalg.norm(mesh.vertices - CENTRES[bone - 1], axis=1)
        # What a chord cuts off of a ball, in both directions of its surface, on this grid and the next finer.
        assert np.abs(distance - 15).max() < 1.25 * 2 * step**2 / (8 * 15)
        assert mesh.is_watertight and mesh.volume > 0
