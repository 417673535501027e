"""The implants experiment compares a knee with itself: metal is all that differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.bones import Bone
from recon.dataset import Settings
from recon.dataset.build import build
from recon.dataset.synthetic import IMPLANTS, synthetic_jobs

SETTINGS = Settings(pixels=128, volume_size=32, views=("000", "090"))


def test_every_knee_is_there_once_without_metal() -> None:
    jobs = synthetic_jobs(labelled=0, unlabelled=0, validation=0, test=0, implants=12)
    assert len(jobs) == 16
    assert [job.implants for job in jobs[:4]] == [(), *((kind,) for kind in IMPLANTS)]
    for first in range(0, 16, 4):
        assert len({(job.llp26, job.drawn_as) for job in jobs[first : first + 4]}) == 1
    assert len({job.llp26 for job in jobs}) == 4


def test_metal_is_all_that_differs(tmp_path: Path) -> None:
    jobs = synthetic_jobs(labelled=0, unlabelled=0, validation=0, test=0, implants=1, points=200)
    dataset = build(tmp_path / "metal", jobs, SETTINGS, seed=3)
    bare, stapled = (dataset.load(entry) for entry in dataset.entries("test"))
    assert (bare.entry.implants, stapled.entry.implants) == ((), ("staple",))
    assert np.array_equal(bare.projections, stapled.projections)
    assert np.allclose(bare.bones()[Bone.FEMUR].vertices, stapled.bones()[Bone.FEMUR].vertices)
    differs = np.abs(bare.pictures - stapled.pictures) > 0.5
    assert 0 < differs.mean() < 0.05  # a staple is small
    assert stapled.volume().max() > 3000 > bare.volume().max()
