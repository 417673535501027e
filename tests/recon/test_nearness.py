"""Neighbourhoods of voxels, against the distance transform that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from recon.nearness import within


@pytest.mark.parametrize("radius", [0.9, 1.5, 3.0, 4.51])
def test_within_is_a_threshold_on_the_distance(radius: float) -> None:
    mask = np.random.default_rng(0).random((14, 17, 21)) > 0.985
    assert mask.any()
    assert (within(mask, radius) == (ndimage.distance_transform_edt(~mask) <= radius)).all()


def test_nothing_is_near_nothing() -> None:
    assert not within(np.zeros((4, 5, 6), bool), 3.0).any()
