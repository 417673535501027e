"""What belongs to a run: its configuration, its data, and what frozen networks said of that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recon.cli import main
from recon.errors import InputError
from recon.training import train
from tests.recon.tiny import tiny_dataset
from tests.recon.training_config import frozen_weights, tiny_config, toml


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=2, unlabelled=2, validation=1, test=0)
    return folder


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return frozen_weights(tmp_path_factory.mktemp("frozen"))


@pytest.fixture
def config(tiny: Path, frozen: dict[str, str], tmp_path: Path) -> dict[str, Any]:
    """One step of the X-ray network on a data set of its own, with both frozen networks."""
    shutil.copytree(tiny, tmp_path / "knees")
    config = tiny_config(tmp_path / "knees", steps=1)
    config["ssr_kd"] |= {**frozen, "cache": str(tmp_path / "cache")}
    return config


def files(*folders: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for folder in folders for p in folder.rglob("*") if p.is_file()}


def refusal(config: dict[str, Any], folder: Path, part: Any = "xray") -> InputError:
    with pytest.raises(InputError) as caught:
        train(part, config, folder)
    return caught.value


def to_air(volume: Path) -> None:
    with np.load(volume) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(volume, **{**arrays, "hu": np.full_like(arrays["hu"], -1000)})


def test_another_configuration_is_refused_before_a_frozen_network_is_asked(
    config: dict[str, Any], tmp_path: Path
) -> None:
    run, cache = tmp_path / "run", tmp_path / "cache"
    train("xray", config, run)
    before = files(run, cache)
    config["ssr_kd"]["points"] = 777  # the teacher would have to be asked about all of them
    error = refusal(config, run)
    assert error.code == "other_configuration"
    assert "ssr_kd.points" in error.message
    assert files(run, cache) == before


def test_missing_initial_weights_are_refused_before_a_frozen_network_is_asked(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config["xray"]["training"]["initial"] = "nowhere.safetensors"
    assert refusal(config, tmp_path / "run").code == "no_weights"
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("key", ["identity", "model", "average", "optimiser", "progress", "window"])
def test_a_checkpoint_that_lacks_a_part_is_refused(tiny: Path, tmp_path: Path, key: str) -> None:
    config = tiny_config(tiny, steps=1)
    train("ct", config, tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del state[key]
    torch.save(state, tmp_path / "checkpoint.pt")
    config["ct"]["training"]["steps"] = 2
    assert refusal(config, tmp_path, "ct").code == "bad_checkpoint"


def test_a_case_that_has_changed_is_asked_about_again_and_ends_the_run(
    config: dict[str, Any], tmp_path: Path
) -> None:
    run, cache = tmp_path / "run", tmp_path / "cache"
    train("xray", config, run)
    before = files(cache)
    to_air(tmp_path / "knees" / "cases" / "train-03" / "volume.npz")  # unlabelled
    config["xray"]["training"]["steps"] = 2
    error = refusal(config, run)
    assert error.code == "other_configuration"
    assert "digests.train-03" in error.message
    assert files(cache) == before
    train("xray", config, tmp_path / "anew")
    new = sorted(path.relative_to(cache) for path in files(cache).keys() - before.keys())
    assert [path.parts[0].split("-")[0] for path in new] == ["shadows", "teacher"]
    assert all(path.name.startswith("train-03-") for path in new)
    said = {}
    for path in (*before, *(cache / path for path in new)):
        if path.parent.name.startswith("teacher") and path.name.startswith("train-03-"):
            with np.load(path) as stored:
                said[path] = stored["features"]
    first, second = said.values()
    assert np.abs(first.astype(float) - second.astype(float)).max() > 1e-3, "the teacher saw the new volume"


def test_what_was_said_of_a_case_holds_wherever_its_data_set_lies(
    config: dict[str, Any], tmp_path: Path
) -> None:
    train("xray", config, tmp_path / "run")
    before = files(tmp_path / "cache")
    assert len(before) == 2 + 5  # two without labels for the teacher, all for the segmentation
    (tmp_path / "knees").rename(tmp_path / "moved")
    config["data"]["dataset"] = str(tmp_path / "moved")
    train("xray", config, tmp_path / "again")
    assert files(tmp_path / "cache") == before
    first, second = (
        json.loads((tmp_path / run / "log.jsonl").read_text().splitlines()[0]) for run in ("run", "again")
    )
    assert {k: v for k, v in first.items() if k != "seconds"} == {
        k: v for k, v in second.items() if k != "seconds"
    }


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        ("data.dataset", None, "data set"),
        ("data.dataset", 5, "5"),
        ("data.dataset", "", "''"),
        ("data.points", "x", "points"),
        ("data.points", 0, "points"),
        ("data.points", True, "points"),
        ("data.labelled", -1, "labelled"),
        ("data.unlabelled", 1.5, "unlabelled"),
        ("data.views", "000", "views"),
        ("data.views", [0, 90], "views"),
        ("ssr_kd", 5, "ssr_kd"),
        ("ssr_kd.points", 2.5, "points"),
        ("ssr_kd.teacher", 5, "teacher"),
        ("seed", True, "seed"),
        ("xray.training", 5, "xray.training"),
    ],
)
def test_a_value_that_means_nothing_is_named(
    config: dict[str, Any], tmp_path: Path, place: str, value: Any, word: str
) -> None:
    *tables, key = place.split(".")
    table = config
    for name in tables:
        table = table[name]
    table[key] = value
    if value is None:
        del table[key]
    for part in ("ct", "segmentation", "xray") if place.startswith("data") else ("xray",):
        error = refusal(config, tmp_path / "run", part)
        assert error.code == "bad_config"
        assert word in error.message
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("what", ["run", "parent", "cache"])
def test_a_file_where_results_should_go_is_refused(config: dict[str, Any], tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("mine")
    run = {"run": tmp_path / "file", "parent": tmp_path / "file" / "run", "cache": tmp_path / "run"}[what]
    if what == "cache":
        config["ssr_kd"]["cache"] = str(tmp_path / "file")
    assert refusal(config, run).code == "bad_output"
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "run").exists()


def test_a_name_that_is_no_text_is_refused(
    config: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.toml").write_text(toml({**config, "name": 5}))
    assert main(["train", "ct", "--config", str(tmp_path / "tiny.toml")]) == 2
    assert "name is 5" in capsys.readouterr().err


def test_what_comes_before_the_first_step_shows_how_far_it_is(
    config: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[str] = []
    train("xray", config, tmp_path / "run", progress=lambda stage, _share: told.append(stage))
    assert list(dict.fromkeys(told)) == ["check", "segmentation", "teacher", "train"]
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "knees" / ".checked.json").unlink()
    (tmp_path / "tiny.toml").write_text(toml(config))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    capsys.readouterr()
    assert (
        main(["train", "xray", "--config", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "anew")]) == 0
    )
    shown = capsys.readouterr().err
    assert all(stage in shown for stage in ("check", "segmentation", "teacher", "step"))
