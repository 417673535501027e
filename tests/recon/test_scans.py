"""Real CTs as training examples: what is drawn lies where the picture shows it."""

from __future__ import annotations

import numpy as np
import pytest

from recon.bones import Bone
from recon.population.sample import draw_cameras, draw_scan_sample
from recon.population.scans import UNKNOWN, Scan, draw_placement
from recon.training.batches import IGNORED, example
from recon.volumes import CtVolume
from tests.data import shared_data


@pytest.fixture(scope="module")
def scan() -> Scan:
    """A block of bone of 40 mm off the middle of a block of soft tissue."""
    hu = np.full((111, 111, 111), np.float32(-1000))
    hu[10:100, 20:90, 20:90] = 40
    hu[40:60, 40:60, 60:80] = 1300
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -110
    labels = np.zeros((221, 221, 221), np.uint8)
    labels[79:120, 79:120, 119:160] = UNKNOWN
    labels[82:117, 82:117, 122:157] = Bone.TIBIA
    return Scan(CtVolume(hu, affine), labels, np.argwhere(labels == UNKNOWN).astype(np.int16))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_labelled_points_fall_on_the_shadow_of_their_bone(scan: Scan, seed: int) -> None:
    rng = np.random.default_rng(seed)
    placement, cameras = draw_placement(rng), draw_cameras(rng)
    points, labels = scan.draw_points(6000, placement, rng)
    layers = scan.render_layers(cameras, placement)
    assert set(np.unique(labels)) == {0, int(Bone.TIBIA), UNKNOWN}
    inside = points[labels == Bone.TIBIA]
    for camera, view in zip(cameras, layers, strict=True):
        column, row = camera.project(inside)[0].round().astype(int).T
        seen = (column >= 0) & (column < 256) & (row >= 0) & (row < 256)
        assert (view[0][row[seen], column[seen]] > 1).all()
        # 40 mm of HU 1300 are 37 mm of cortex of 1.92 g/cm3; the longest way through a cube is its diagonal.
        assert 30 < view[0].max() < 1.1 * 37.5 * np.sqrt(3)


def test_unknown_points_are_not_asked(scan: Scan) -> None:
    sample = draw_scan_sample([scan], 4, points=6000)
    made = example(sample, 4000, np.random.default_rng(0), exact=True)
    assert (sample.labels == UNKNOWN).mean() > 0.2
    assert set(np.unique(made.labels.numpy())) == {IGNORED, 0, int(Bone.TIBIA)}


def test_a_seed_gives_the_same_example(scan: Scan) -> None:
    first, again, other = (draw_scan_sample([scan], seed, points=500) for seed in (1, 1, 2))
    assert (first.layers == again.layers).all()
    assert (first.points == again.points).all()
    assert first.points.shape != other.points.shape or (first.points != other.points).any()


def test_a_real_knee_is_read_with_its_bones() -> None:
    scan = Scan.read(shared_data("ct/sts_042.nii.gz"))
    share = {bone: float((scan.labels == bone).sum()) for bone in (Bone.FEMUR, Bone.TIBIA)}
    assert share[Bone.FEMUR] > 5e4  # mm3, away from its surface
    assert share[Bone.TIBIA] > 1e4
    heights = [np.argwhere(scan.labels == bone)[:, 0].mean() for bone in (Bone.TIBIA, Bone.FEMUR)]
    assert heights[0] < 110 < heights[1]
