"""Each part learns on the tiny data set, and what cannot be trained is said before any work."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recon.errors import InputError
from recon.networks.build import build_network
from recon.training import train
from recon.training.augment_picture import repainted_picture
from recon.training.augment_volume import AIR_HU, ended, moved, repainted
from recon.training.cases import Cases
from recon.training.losses import IGNORED
from recon.training.xray import seen
from tests.recon.tiny import tiny_dataset
from tests.recon.training_config import tiny_config


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=2, unlabelled=2, validation=1, test=1)
    return folder


@pytest.fixture(scope="module")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weights of a teacher and a segmentation that have seen enough to be better than nothing."""
    folder = tmp_path_factory.mktemp("trained")
    config = tiny_config(dataset, steps=60, learning_rate=0.01)
    return {part: train(part, config, folder / part) for part in ("ct", "segmentation")}  # type: ignore[arg-type]


def lines(folder: Path, kind: str) -> list[dict[str, float]]:
    found = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [line for line in found if f"{kind}_loss" in line]


def refusal(part: str, config: dict[str, Any], folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        train(part, config, folder)  # type: ignore[arg-type]
    assert not folder.exists(), "nothing is half written"
    return caught.value


@pytest.mark.parametrize("part", ["ct", "segmentation"])
def test_a_part_learns(trained: dict[str, Path], part: str) -> None:
    folder = trained[part].parent
    losses = [line["training_loss"] for line in lines(folder, "training")]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])
    last = lines(folder, "validation")[-1]
    classes = 5 if part == "ct" else 2
    assert last["validation_loss"] < 0.7 * np.log(classes)  # that of knowing nothing
    assert last["validation_dsc_femur" if part == "ct" else "validation_dsc"] > 30
    assert list((folder / "tensorboard").iterdir())


def semi(dataset: Path, trained: dict[str, Path], **weights: Any) -> dict[str, Any]:
    config = tiny_config(dataset, steps=30, learning_rate=0.01, batch=4)
    paths = {"teacher": str(trained["ct"]), "segmentation": str(trained["segmentation"])}
    config["ssr_kd"] = {**config["ssr_kd"], **paths, **weights}
    return config


@pytest.mark.parametrize(
    ("weights", "parts"),
    [
        ({"pseudo": 0.0, "distillation": 0.0}, set()),
        ({"distillation": 0.0}, {"labelled", "pseudo", "distillation"}),
        ({}, {"labelled", "pseudo", "distillation"}),
    ],
)
def test_the_x_ray_network_learns_by_each_variant(
    dataset: Path, trained: dict[str, Path], tmp_path: Path, weights: dict[str, float], parts: set[str]
) -> None:
    train("xray", semi(dataset, trained, **weights), tmp_path)
    training = lines(tmp_path, "training")
    found = {name.removeprefix("training_") for name in training[0] if name.startswith("training_")}
    assert found - {"loss", "learning_rate"} == parts
    for name in parts - ({"distillation"} if weights else set()) or {"loss"}:
        values = [line[f"training_{name}"] for line in training]
        assert np.mean(values[-5:]) < np.mean(values[:3]), name
    if parts:
        w_u, w_k = 0.5, weights.get("distillation", 0.1)
        line = training[7]
        joint = (1 - w_u) * line["training_labelled"] + w_u * line["training_pseudo"]
        assert line["training_loss"] == pytest.approx(joint + w_k * line["training_distillation"], rel=1e-4)


@pytest.mark.parametrize("kind", ["raw", "lift", "volume_cnn"])
def test_other_networks_train_on_a_data_set(
    dataset: Path, trained: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    config = semi(dataset, trained)
    config["xray"]["training"]["steps"] = 2
    del config["ssr_kd"]["segmentation"]  # none of them takes enhanced pictures
    if kind == "raw":
        config["xray"]["network"]["inputs"] = 1
    elif kind == "lift":
        sizes = {"image_channels": [8] * 4, "lift_channels": 8, "volume_channels": [8] * 3, "volume_size": 8}
        config["xray"]["network"] = {"kind": "lift", "pixels": 64, "hidden": 16, **sizes}
        config["data"]["views"] = ["000", "045", "090"]
    else:
        config["xray"]["network"] = {"kind": kind, "size": 16, "base": 8, "levels": 2}
    assert train("xray", config, tmp_path).is_file()


def test_another_teacher_does_not_go_on_with_a_run(
    dataset: Path, trained: dict[str, Path], tmp_path: Path
) -> None:
    config = semi(dataset, trained)
    config["xray"]["training"]["steps"] = 1
    train("xray", config, tmp_path / "run")
    moved_teacher = tmp_path / "teacher.safetensors"
    moved_teacher.write_bytes(trained["ct"].read_bytes())
    config["ssr_kd"]["teacher"] = str(moved_teacher)
    train("xray", config, tmp_path / "run")  # the same weights at another place
    other = tiny_config(dataset, steps=1)
    config["ssr_kd"]["teacher"] = str(train("ct", other, tmp_path / "other"))
    with pytest.raises(InputError) as caught:
        train("xray", config, tmp_path / "run")
    assert caught.value.code == "other_configuration"
    assert "teacher" in caught.value.message


def test_a_limit_takes_a_subset_of_a_larger_one(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "d", labelled=5, unlabelled=1, validation=1, test=0)

    def ids(limit: int) -> list[str]:
        table = {"dataset": str(tmp_path / "d"), "labelled": limit}
        return [entry.id for entry in Cases.choose(table, seed=1).labelled]

    assert ids(2) == ids(4)[:2] == ids(99)[:2]
    assert len(ids(99)) == 5


def test_bad_input_is_refused_before_any_work(
    dataset: Path, trained: dict[str, Path], tmp_path: Path
) -> None:
    good, run = semi(dataset, trained), tmp_path / "run"

    def changed(path: str, value: Any) -> dict[str, Any]:
        config = copy.deepcopy(good)
        *tables, key = path.split(".")
        table = config
        for name in tables:
            table = table[name]
        table[key] = value
        return config

    cases = [
        ("xray", changed("ssr_kd.teacher", "nowhere.safetensors"), "no_weights"),
        ("xray", changed("ssr_kd.teacher", ""), "no_weights"),
        ("xray", changed("ssr_kd.segmentation", "nowhere.safetensors"), "no_weights"),
        ("xray", changed("ssr_kd.teacher", str(trained["segmentation"])), "wrong_weights"),
        ("xray", changed("ssr_kd.pseudo", 1.5), "bad_config"),
        ("xray", changed("ssr_kd.pseud", 0.5), "bad_config"),
        ("xray", changed("xray.training.batch", 3), "bad_config"),
        ("xray", changed("data.views", ["000"]), "bad_config"),
        ("xray", changed("data.views", ["000", "123"]), "unknown_view"),
        ("xray", changed("data.unlabelled", 0), "no_unlabelled_case"),
        ("xray", changed("data.labeled", 3), "bad_config"),
        ("xray", changed("xray.network.kind", "vnet"), "bad_config"),
        ("xray", changed("xray.network.kind", "cnn"), "bad_config"),
        ("ct", changed("data.labelled", 0), "no_labelled_case"),
        ("ct", changed("data.dataset", "nowhere"), "no_dataset"),
        ("ct", changed("ct", {}), "bad_config"),
        ("ct", changed("seed", -1), "bad_config"),
        ("mri", good, "unknown_part"),
    ]
    for part, config, code in cases:
        assert refusal(part, config, run).code == code, code


def test_a_data_set_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    tiny_dataset(folder, labelled=1, unlabelled=0, validation=1, test=0)
    config = tiny_config(folder)

    def edited(change: Any) -> InputError:
        manifest = json.loads((folder / "manifest.json").read_text())
        kept = json.dumps(manifest)
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        error = refusal("ct", config, tmp_path / "run")
        (folder / "manifest.json").write_text(kept)
        return error

    def both_splits(manifest: dict[str, Any]) -> None:
        manifest["people"]["llp26-20"]["derived_from"] = ["llp26-00"]

    def no_validation(manifest: dict[str, Any]) -> None:
        manifest["people"]["llp26-20"]["split"] = "test"

    assert edited(both_splits).code == "person_in_two_splits"
    assert edited(no_validation).code == "no_validation_case"
    images = folder / "cases" / "train-00" / "images.npz"
    with np.load(images) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["masks"][1] = False
    np.savez(images, **arrays)
    error = refusal("segmentation", config, tmp_path / "run")
    assert error.code == "empty_mask"
    assert "train-00" in error.message


def test_points_that_a_picture_does_not_show_are_ignored(dataset: Path) -> None:
    cases = Cases.choose({"dataset": str(dataset)}, seed=1)
    case = cases.load(cases.labelled[0])
    points = np.random.default_rng(0).uniform(-140, 140, (3000, 3))
    shown = seen(points, case)
    for camera, valid in zip(case.cameras(), case.valid, strict=True):
        (column, row), _ = camera.project(points[shown])[0].T, None
        assert valid[np.rint(row).astype(int), np.rint(column).astype(int)].all()
    assert 0.1 < shown.mean() < 0.95


def test_a_moved_volume_carries_its_points_along() -> None:
    rng = np.random.default_rng(4)
    axis = np.linspace(-1, 1, 41)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    places = np.array([[0.3, -0.2, 0.1], [-0.4, 0.3, -0.5], [0.95, 0.9, -0.9]])
    for place in places[:2]:
        hu = np.where((x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2 < 0.02, 500, -1000)
        labels = np.array([2, 3, 4])
        for _ in range(4):
            volume, points, kept = moved(hu.astype(np.float32), places, labels, 41, 1.0, rng)
            bright = np.argwhere(volume > -250)[:, ::-1]
            index = int(np.flatnonzero((places == place).all(1))[0])
            assert kept[index] == labels[index]
            assert axis[bright].mean(axis=0) == pytest.approx(points[index], abs=0.03)
            assert (np.abs(points) <= 1).all()
    same, points, kept = moved(hu.astype(np.float32), places, labels, 41, 0.0, rng)
    assert same == pytest.approx(hu, abs=0.1)
    assert points == pytest.approx(places) and (kept == labels).all()


def test_where_a_volume_ends_no_point_is_asked() -> None:
    rng = np.random.default_rng(0)
    hu = np.full((20, 20, 20), 50.0, np.float32)
    points, labels = rng.uniform(-1, 1, (500, 3)), np.zeros(500, np.int64)
    cut = 0
    for _ in range(20):
        after, kept = ended(hu, points, labels, 1.0, rng)
        indices = np.rint((points + 1) / 2 * 19).astype(int)
        air = after[tuple(indices[:, ::-1].T)] == AIR_HU
        near_an_edge = np.abs(air.astype(int) - (kept == IGNORED)).mean()
        assert near_an_edge < 0.1, "only where a node and a point lie on either side of the edge"
        cut += bool(air.any())
    assert 5 < cut < 20
    assert (hu == 50).all() and (labels == 0).all()


def test_another_scanner_keeps_bone_brighter_than_the_rest() -> None:
    hu = np.full((24, 24, 24), -1000.0, np.float32)
    hu[2:-2, 2:-2, 2:-2] = 40
    hu[8:16, 8:16, 8:16] = 900
    for seed in range(8):
        after = repainted(hu, 3.0, 1.0, np.random.default_rng(seed))
        assert np.isfinite(after).all() and np.abs(after - hu).mean() > 5
        assert after[10:14, 10:14, 10:14].mean() > after[4:6].mean() + 150
        assert after[0].mean() < -700
    assert repainted(hu, 3.0, 0.0, np.random.default_rng(0)) is hu


def test_pictures_change_lightly_and_stay_black_where_unexposed() -> None:
    rng = np.random.default_rng(1)
    picture, valid = rng.random((32, 32)).astype(np.float32), np.ones((32, 32), bool)
    valid[:, :5] = False
    after = repainted_picture(np.where(valid, picture, 0), valid, 1.0, rng)
    assert (after[~valid] == 0).all() and np.isfinite(after).all()
    assert 0.005 < np.abs(after - picture)[valid].mean() < 0.4
    assert repainted_picture(picture, valid, 0.0, rng) is picture


def test_every_stack_of_a_deeply_supervised_network_learns(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset)
    table = {**config["xray"]["network"], "inputs": 1, "stacks": 2, "deep_supervision": True}
    config["xray"]["network"] = table
    config["ssr_kd"] = {"pseudo": 0.0, "distillation": 0.0}
    weights = train("xray", config, tmp_path)
    torch.manual_seed(3)
    begun = build_network(table).state_dict()
    from safetensors.torch import load_file

    moved_on = {
        name: not torch.equal(value.float(), begun[name].half().float())
        for name, value in load_file(weights).items()
    }
    assert moved_on["encoders.0.l0.weight"] and moved_on["encoders.1.l1.weight"]
