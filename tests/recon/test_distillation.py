"""The frozen teacher: asked once a case, and what is kept is what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recon.networks.build import build_network
from recon.networks.vnet import normalise_hu
from recon.training.cases import Cases
from recon.training.checkpoint import save_weights
from recon.training.frozen import Teacher
from recon.training.losses import IGNORED
from recon.training.settings import Settings
from recon.training.ssr_kd import SsrKd
from recon.training.xray import SsrKdTask
from tests.recon.tiny import tiny_dataset

CT = {"kind": "vnet", "size": 32, "base": 8, "levels": 2, "features": 16, "decoder": [16]}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=1, unlabelled=2, validation=1, test=0)
    return Cases.choose({"dataset": str(folder), "points": 200}, seed=1)


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(5)
    return build_network(CT).eval()


@pytest.fixture(scope="module")
def teacher(cases: Cases, network: Any, tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    folder = tmp_path_factory.mktemp("teacher")
    save_weights(network, folder / "ct.safetensors")
    teacher = Teacher(cases, folder / "ct.safetensors", folder / "cache", points=600, network=CT)
    teacher.prepare(network, progress=None)
    return teacher


def test_what_is_kept_is_what_the_network_says(cases: Cases, network: Any, teacher: Teacher) -> None:
    entry = cases.unlabelled[0]
    targets = teacher.targets(entry)
    volume = torch.from_numpy(normalise_hu(cases.load(entry).volume()))[None, None]
    with torch.no_grad():
        encoding = network.encode(volume)
        points = torch.from_numpy(targets.points)[None]
        features = network.point_features(encoding, points)[0].numpy()
        labels = network.decode_points(encoding, points)[0].argmax(-1).numpy()
    assert targets.features == pytest.approx(features, abs=5e-3)
    low, high = cases.cube.to_unit(cases.load(entry).box)
    known = ((targets.points >= low) & (targets.points <= high)).all(axis=1)
    assert (targets.labels[known] == labels[known]).mean() > 0.99
    assert (targets.labels[~known] == IGNORED).all() and (~known).any()
    assert np.abs(targets.points.mean(axis=0)).max() < 0.15, "uniform in the cube"


def test_a_case_is_asked_about_once(cases: Cases, network: Any, teacher: Teacher) -> None:
    class Busy:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("the teacher runs again")

        def eval(self) -> None:
            pass

        class config:  # noqa: N801
            size = 32

        def parameters(self) -> Any:
            return iter([torch.zeros(1)])

    teacher.prepare(Busy(), progress=None)


def test_other_weights_or_points_have_a_cache_of_their_own(
    cases: Cases, network: Any, teacher: Teacher, tmp_path: Path
) -> None:
    save_weights(network, tmp_path / "same.safetensors")
    with torch.no_grad():
        other = build_network(CT)
    save_weights(other, tmp_path / "other.safetensors")

    def folder(weights: str, points: int) -> Path:
        return Teacher(cases, tmp_path / weights, tmp_path, points=points, network=CT)._cache.folder

    folders = {
        folder("same.safetensors", 600),
        folder("other.safetensors", 600),
        folder("same.safetensors", 5),
    }
    assert len(folders) == 3


def test_batches_are_half_labelled_and_half_taught(cases: Cases, teacher: Teacher) -> None:
    table = {"kind": "volume_cnn", "size": 16, "base": 8, "levels": 2}
    task = SsrKdTask(
        build_network(table),
        cases,
        Settings(steps=1, batch=4),
        SsrKd(),
        teacher=teacher,
        teacher_channels=16,
        shadows=None,
    )
    batch = next(iter(task.stream(0, 0, 1)))
    assert batch.images.shape == (4, 2, 1, 64, 64)
    assert batch.features is not None and batch.features.shape == (2, 200, 16)
    said = {entry.id: teacher.targets(entry) for entry in cases.unlabelled}
    for row in (2, 3):
        point = batch.points[row, 0].numpy()
        found = [
            (targets, np.flatnonzero(np.abs(targets.points - point).max(axis=1) < 1e-6))
            for targets in said.values()
        ]
        ((targets, index),) = [(t, i) for t, i in found if len(i)]
        assert batch.labels[row, 0] in (IGNORED, targets.labels[index[0]])
        assert batch.features[row - 2, 0].numpy() == pytest.approx(targets.features[index[0]], abs=1e-3)
    losses = task.losses(task.model, batch)
    losses["loss"].backward()
    assert task.model.align.map.weight.grad.abs().sum() > 0  # type: ignore[union-attr]
