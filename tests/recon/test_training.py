"""Training on a few virtual knees: it learns, and a stopped run goes on as if it had not stopped."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recon.errors import InputError
from recon.networks.picture import PIXELS
from recon.population.sample import draw_sample
from recon.population.shape_model import ShapeModel
from recon.training import train
from recon.training.batches import IGNORED, Steps, _misplaced, example
from recon.training.config import read_config
from recon.training.dataset import SampleStore
from recon.training.exposure import expose
from recon.training.settings import Settings
from tests.data import ROOT

MODEL = ShapeModel.from_people(range(5))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SampleStore:
    return SampleStore(tmp_path_factory.mktemp("knees"), MODEL, first_seed=50, count=3)


def test_a_stored_sample_is_the_drawn_one(store: SampleStore) -> None:
    made, read, drawn = store[1], store[1], draw_sample(MODEL, 51)
    for name in ("layers", "attenuation", "projections", "points", "labels", "shadows"):
        assert (getattr(made, name) == getattr(drawn, name)).all()
        assert (getattr(read, name) == getattr(drawn, name)).all()


def test_every_reading_is_another_exposure_of_the_same_knee(store: SampleStore) -> None:
    sample = store[0]
    pictures = [expose(sample.layers[0], sample.attenuation, np.random.default_rng(s))[0] for s in (1, 1, 2)]
    assert (pictures[0] == pictures[1]).all()
    assert np.abs(pictures[0] - pictures[2]).mean() > 0.01
    assert all(np.isfinite(p).all() and p.shape == (PIXELS, PIXELS) for p in pictures)


def test_shadows_are_the_path_lengths_of_the_four_bones(store: SampleStore) -> None:
    sample = store[0]
    bone = sample.layers[:, :2].astype(float).sum(1)  # cortex and core
    halved = bone.reshape(2, PIXELS // 2, 2, PIXELS // 2, 2).mean(axis=(2, 4))
    assert sample.shadows.shape == (2, 4, PIXELS // 2, PIXELS // 2)
    assert np.abs(sample.shadows.astype(float).sum(1) - halved).max() < 0.3  # mm; half precision
    assert (sample.shadows.max(axis=(2, 3)) > 5).all()


def test_shadows_are_asked_only_where_the_film_was_exposed(store: SampleStore) -> None:
    made = [example(store[0], 500, np.random.default_rng(seed)) for seed in range(12)]
    hidden = [(one.lengths < 0).float().mean().item() for one in made]
    assert min(hidden) == 0
    assert 0.02 < max(hidden) < 0.7


def test_points_that_a_view_does_not_see_are_not_asked(store: SampleStore) -> None:
    sample = store[0]
    for seed in range(4):
        made = example(sample, 2000, np.random.default_rng(seed), exact=True)
        projections, points = made.projections.numpy(), made.points.numpy()
        for matrix in projections:
            at = points @ matrix[:, :3].T + matrix[:, 3]
            outside = np.abs(at[:, :2] / at[:, 2:]).max(1) > 1 + 2 / PIXELS
            assert (made.labels.numpy()[outside] == IGNORED).all()
        assert (made.labels.numpy() != IGNORED).mean() > 0.5


def test_a_stopped_stream_goes_on_with_the_same_steps(store: SampleStore) -> None:
    def steps(start: int) -> Steps:
        return Steps(store, batch=2, points=500, seed=3, start=start)

    whole = iter(steps(0))
    from_start = [next(whole) for _ in range(4)]
    resumed = next(iter(steps(3)))
    assert torch.equal(from_start[3].images, resumed.images)
    assert torch.equal(from_start[3].labels, resumed.labels)


def test_a_knee_comes_again_as_often_as_asked_and_new_ones_keep_coming(store: SampleStore) -> None:
    many = SampleStore(store.folder, MODEL, first_seed=50, count=1000)
    steps = Steps(many, batch=2, points=500, seed=3, start=0, readings=4)
    shown = [steps.index(number) for number in range(400)]
    assert shown == [steps.index(number) for number in range(400)]
    assert shown[::4] == list(range(100))
    assert max(shown) == 99
    assert len(set(shown[1:200])) > 25


def test_bad_geometry_stays_within_two_degrees_and_three_millimetres(store: SampleStore) -> None:
    true = store[0].projections[0].astype(float)
    for seed in range(20):
        moved = _misplaced(true, np.random.default_rng(seed), badly=True)
        world = np.linalg.inv(np.vstack([true, [0, 0, 0, 1]])) @ np.vstack([moved, [0, 0, 0, 1]])
        angle = np.rad2deg(np.arccos(np.clip((np.trace(world[:3, :3]) - 1) / 2, -1, 1)))
        assert angle <= 2.001
        assert np.linalg.norm(world[:3, 3]) <= 3.001


CONFIG: dict[str, Any] = {
    "name": "tiny",
    "seed": 1,
    "data": {"samples": 2, "first_seed": 0, "validation_samples": 1, "points": 2000},
    "xray": {
        "network": {
            "image_channels": [8, 16, 16, 16],
            "lift_channels": 8,
            "volume_channels": [8, 16, 16],
            "volume_size": 16,
            "hidden": 16,
        },
        "training": {
            "batch": 1,
            "steps": 10,
            "learning_rate": 3e-3,
            "warmup_steps": 2,
            "average_decay": 0.9,
            "validations": 1,
            "bfloat16": True,
        },
    },
}


def test_training_learns_resumes_and_leaves_weights(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    weights = train("xray", config, tmp_path)
    config["xray"]["training"]["steps"] = 25
    assert train("xray", config, tmp_path) == weights
    lines = list(map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines()))
    first, second = (line for line in lines if "training_loss" in line)
    assert (first["step"], second["step"]) == (10, 25)
    assert second["seconds"] >= first["seconds"]
    assert second["training_loss"] < first["training_loss"] < np.log(5) + 0.3
    assert [line["step"] for line in lines if "validation_loss" in line] == [10, 25]
    assert len(list((tmp_path / "knees").iterdir())) == 2


@pytest.mark.parametrize(
    ("network", "logged"),
    [
        ({"fuse": False}, {"training_occupancy", "training_shadows"}),
        ({"kind": "hourglass", "inputs": 1, "pixels": 256, "stacks": 1}, {"training_occupancy"}),
    ],
    ids=["without lift", "the paper's"],
)
def test_networks_to_compare_learn_from_virtual_knees_too(
    network: dict[str, Any], logged: set[str], tmp_path: Path
) -> None:
    config = copy.deepcopy(CONFIG)
    small = {"stem": [8, 8], "channels": 8, "features": 8, "depth": 1, "decoder": [16]}
    own = config["xray"]["network"] if "kind" not in network else small
    config["xray"]["network"] = {**own, **network}
    config["xray"]["training"] |= {"steps": 3, "learning_rate": 1e-3}
    assert train("xray", config, tmp_path).exists()
    (line,) = [
        line
        for line in map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
        if "training_loss" in line
    ]
    assert logged <= set(line)
    assert ("training_shadows" in line) == ("training_shadows" in logged)
    assert np.isfinite(line["training_loss"])


def test_people_to_learn_from_must_be_known(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    config["data"]["others"] = ["nobody"]
    with pytest.raises(InputError) as caught:
        train("xray", config, tmp_path / "run")
    assert caught.value.code == "unknown_person"
    assert not (tmp_path / "run").exists()


def test_a_data_table_that_is_neither_a_data_set_nor_virtual_knees_is_refused(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    del config["data"]["samples"]
    with pytest.raises(InputError) as caught:
        train("xray", config, tmp_path / "run")
    assert caught.value.code == "bad_config"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("share", ["plain", "implants"])
def test_a_share_of_rare_knees_that_is_none_is_refused(tmp_path: Path, share: str) -> None:
    config = copy.deepcopy(CONFIG)
    config["data"][share] = 1.5
    with pytest.raises(InputError) as caught:
        train("xray", config, tmp_path / "run")
    assert caught.value.code == "bad_config"
    assert share in str(caught.value)


def test_the_shipped_configuration_trains_in_the_same_loop() -> None:
    config = read_config(ROOT / "recon" / "configs" / "compact.toml")
    settings = Settings.from_table(config["xray"]["training"])
    assert (settings.optimiser, settings.schedule, settings.clip) == ("adamw", "cosine", 1.0)
    assert "dataset" not in config["data"]
