"""What was asked once is not asked again, and the answers are the same."""

from __future__ import annotations

import numpy as np

from recon.geometry import ReconstructionCube
from recon.remembered import remembered
from recon.surface import extract_bones, sample_field

CUBE = ReconstructionCube()


def balls(points: np.ndarray) -> np.ndarray:
    """Four balls in a row."""
    centres = np.array([[-60.0, 0, 0], [-20, 5, 0], [20, 0, 9], [60, 0, -3]])
    return (15 - np.linalg.norm(points[:, None] - centres, axis=2)).astype(np.float32)


def test_a_finer_grid_asks_only_what_the_coarser_one_did_not() -> None:
    asked = []

    def counted(points: np.ndarray) -> np.ndarray:
        asked.append(len(points))
        return balls(points)

    field = remembered(counted, CUBE, 128)
    sample_field(field, CUBE, 128)
    first = sum(asked)
    again = sample_field(field, CUBE, 128)
    # Levels of one sampling share nodes as well.
    assert sum(asked) == first < again.evaluations
    fine = sample_field(field, CUBE, 256)
    assert 0 < sum(asked) - first < fine.evaluations - again.evaluations
    plain = extract_bones(sample_field(balls, CUBE, 256))
    for bone, mesh in extract_bones(fine).items():
        assert np.array_equal(mesh.vertices, plain[bone].vertices)


def test_points_off_the_grid_and_outside_the_cube_are_asked_each_time() -> None:
    points = np.random.default_rng(0).uniform(-130, 130, (500, 3))
    points[:3] = [[101.5625, 0, 0], [0, -150, 0], [100, 100, 100]]
    field = remembered(balls, CUBE, 128)
    for _ in range(2):
        assert np.array_equal(field(points), balls(points))
