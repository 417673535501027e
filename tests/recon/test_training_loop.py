"""The training loop: it learns, goes on after a kill as if there had been none, and shares work exactly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from recon.errors import InputError
from recon.training import train
from recon.training.optimise import learning_rate, make_optimiser
from recon.training.settings import Settings
from tests.data import ROOT
from tests.recon.tiny import tiny_dataset
from tests.recon.training_config import frozen_weights, tiny_config, toml


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiny_dataset(folder, labelled=2, unlabelled=2, validation=1, test=1)
    return folder


def log(folder: Path, kind: str) -> dict[int, dict[str, float]]:
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return {line["step"]: line for line in lines if f"{kind}_loss" in line}


def losses(folder: Path) -> list[float]:
    return [line["training_loss"] for _, line in sorted(log(folder, "training").items())]


def refusal(config: dict[str, Any], folder: Path, part: str = "ct") -> InputError:
    with pytest.raises(InputError) as caught:
        train(part, config, folder)  # type: ignore[arg-type]
    return caught.value


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


UNTIL_KILLED = """
import sys, time, tomllib
from pathlib import Path
from recon.training import train

def wait_before_the_end(stage, share):
    if stage == "train" and share > 0.9:
        time.sleep(600)  # however slowly the test looks, the run has not ended when it is killed

config = tomllib.loads(Path("tiny.toml").read_text())
train(sys.argv[1], config, Path(sys.argv[2]), progress=wait_before_the_end)
"""


@pytest.mark.parametrize("part", ["ct", "xray"])
def test_a_killed_run_goes_on_with_the_losses_of_one_that_was_not(
    dataset: Path, tmp_path: Path, part: Literal["ct", "xray"]
) -> None:
    steps = {"ct": 40, "xray": 24}[part]
    config = tiny_config(dataset, steps=steps, average_decay=0.9, checkpoint_minutes=0.001, accumulate=2)
    if part == "xray":  # by SSR-KD: half labelled, half taught, in bfloat16
        config["xray"]["training"] |= {"accumulate": 1, "bfloat16": True}
        config["ssr_kd"] |= frozen_weights(tmp_path)
    (tmp_path / "tiny.toml").write_text(toml(config))
    train(part, config, tmp_path / "whole")
    killed = tmp_path / "killed"
    at = int(np.random.default_rng().integers(4, 0.75 * steps))
    command = [sys.executable, "-c", UNTIL_KILLED, part, str(killed)]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment())
    while process.poll() is None and not (
        (killed / "checkpoint.pt").exists() and len((killed / "log.jsonl").read_text().splitlines()) > at
    ):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(losses_of_complete_lines(killed)) < steps, "it was killed before its end"
    weights = train(part, config, killed)
    assert losses(killed) == losses(tmp_path / "whole")
    assert [line["validation_loss"] for line in log(killed, "validation").values()] == [
        line["validation_loss"] for line in log(tmp_path / "whole", "validation").values()
    ]
    other = load_file(tmp_path / "whole" / f"{part}.safetensors")
    assert all(torch.equal(value, other[name]) for name, value in load_file(weights).items())


def losses_of_complete_lines(folder: Path) -> list[str]:
    return [line for line in (folder / "log.jsonl").read_text().splitlines(True) if '"training_loss"' in line]


def test_a_stopped_run_with_workers_and_momentum_goes_on_the_same(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, steps=6, optimiser="sgd", schedule="step", learning_rate=0.01, workers=2)
    train("ct", config, tmp_path / "whole")
    half = tiny_config(dataset, steps=6, optimiser="sgd", schedule="step", learning_rate=0.01, workers=1)

    class StopError(Exception):
        pass

    def stop(stage: str, share: float) -> None:
        if stage == "train" and share >= 0.5:
            raise StopError

    config["ct"]["training"]["checkpoint_minutes"] = half["ct"]["training"]["checkpoint_minutes"] = 0.0
    with pytest.raises(StopError):
        train("ct", half, tmp_path / "stopped", progress=stop)
    train("ct", config, tmp_path / "stopped")
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")


def test_a_finished_run_stays_as_it_is(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, steps=2)
    weights = train("ct", config, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert train("ct", config, tmp_path) == weights
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}


def test_weights_are_in_half_precision_and_may_begin_another_run(dataset: Path, tmp_path: Path) -> None:
    weights = train("ct", tiny_config(dataset, steps=2), tmp_path / "first")
    assert {value.dtype for value in load_file(weights).values()} == {torch.float16}
    fresh = tiny_config(dataset, steps=1, learning_rate=1e-12)
    begun = tiny_config(dataset, steps=1, learning_rate=1e-12, initial=str(weights))
    train("ct", fresh, tmp_path / "fresh")
    again = load_file(train("ct", begun, tmp_path / "begun"))
    other = load_file(tmp_path / "fresh" / "ct.safetensors")
    assert all(torch.equal(value, again[name]) for name, value in load_file(weights).items())
    assert not all(torch.equal(value, again[name]) for name, value in other.items())
    wrong = tiny_config(dataset, initial=str(weights))
    wrong["ct"]["network"]["features"] = 24
    assert refusal(wrong, tmp_path / "wrong").code == "wrong_weights"
    assert refusal(tiny_config(dataset, initial="nowhere"), tmp_path / "none").code == "no_weights"


def test_a_checkpoint_of_another_configuration_is_refused(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, steps=2)
    train("ct", config, tmp_path)
    longer = tiny_config(dataset, steps=3, workers=0, threads=1)
    train("ct", longer, tmp_path)
    assert sorted(log(tmp_path, "training")) == [1, 2, 3]
    for change in ("network.base", "training.learning_rate", "data.points"):
        other = tiny_config(dataset, steps=5)
        table, key = change.split(".")
        (other if table == "data" else other["ct"])[table][key] = (
            16 if key == "base" else 0.5 if key != "points" else 99
        )
        error = refusal(other, tmp_path)
        assert error.code == "other_configuration"
        assert change in error.message, error.message
    (tmp_path / "checkpoint.pt").write_bytes(b"half a checkpoi")
    assert refusal(longer, tmp_path).code == "bad_checkpoint"


def test_a_loss_that_is_not_finite_ends_the_run_with_a_remedy(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, steps=30, optimiser="sgd", learning_rate=1e9, clip=0.0)
    assert refusal(config, tmp_path).code == "diverged"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"learning_rat": 1.0}, "learning_rat"),
        ({"steps": 0}, "steps or epochs"),
        ({"epochs": 3}, "steps or epochs"),
        ({"batch": 0}, "batch"),
        ({"batch": 2.5}, "batch"),
        ({"optimiser": "adam"}, "adam"),
        ({"augmentation": 1.5}, "augmentation"),
        ({"bfloat16": 1}, "bfloat16"),
    ],
)
def test_bad_settings_are_named_before_any_work(
    dataset: Path, tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    error = refusal(tiny_config(dataset, **change), tmp_path / "run")
    assert error.code == "bad_config"
    assert word in error.message
    assert not (tmp_path / "run").exists()


def test_the_schedule_of_the_paper_falls_tenfold_after_each_quarter() -> None:
    settings = Settings(steps=400, optimiser="sgd", schedule="step", learning_rate=0.01)
    rates = [learning_rate(settings, step, 400) for step in (0, 99, 100, 199, 200, 300, 399)]
    assert rates == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-5, 1e-5])
    optimiser = make_optimiser(torch.nn.Linear(2, 2), settings)
    assert isinstance(optimiser, torch.optim.SGD)
    assert optimiser.defaults["momentum"] == 0.98
    assert Settings(epochs=400, batch=3).total_steps(70, 1) == 400 * 24


def test_gradients_are_averaged_over_accumulated_batches(dataset: Path, tmp_path: Path) -> None:
    whole = tiny_config(dataset, steps=3, batch=4, augmentation=0.0)
    parts = tiny_config(dataset, steps=3, batch=2, accumulate=2, augmentation=0.0)
    train("ct", whole, tmp_path / "whole")
    train("ct", parts, tmp_path / "parts")
    assert losses(tmp_path / "parts")[0] == pytest.approx(losses(tmp_path / "whole")[0], rel=1e-3)


SCRIPT = """
import json, sys
from pathlib import Path
import torch
from recon.networks.build import build_network
from recon.training.cases import Cases
from recon.training.ct import CtTask
from recon.training.loop import fit
from recon.training.model_files import ModelFiles
from recon.training.parallel import team
from recon.training.settings import Settings

config, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
out.mkdir(exist_ok=True)
with team() as members:
    torch.manual_seed(members.rank)  # ranks begin apart: only the first one's weights may count
    network = build_network(config["ct"]["network"])
    settings = Settings.from_table(config["ct"]["training"])
    task = CtTask(network, Cases.choose(config["data"], 3), settings, size=16)
    model = ModelFiles(out / "ct.safetensors", {"ct": config["ct"]["network"]})
    fit(task, settings, out, model=model, seed=3, identity={}, team=members)
    torch.save(task.model.state_dict(), out / f"rank{members.rank}.pt")
"""


def test_two_processes_take_the_step_of_one_with_the_double_batch(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    for processes, batch in ((1, 4), (2, 2)):
        # Every point of the same number counts: means of two halves are the mean of the whole.
        config = tiny_config(dataset, steps=4, batch=batch, augmentation=0.0)
        (tmp_path / "config.json").write_text(json.dumps(config))
        launch = ["torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        arguments = [str(tmp_path / name) for name in ("script.py", "config.json", f"out{processes}")]
        subprocess.run(
            [sys.executable, "-m", *launch, *arguments], check=True, env=environment(), capture_output=True
        )
    assert losses(tmp_path / "out2") == pytest.approx(losses(tmp_path / "out1"), rel=1e-4)
    first, second, alone = (
        torch.load(tmp_path / path, weights_only=True)
        for path in ("out2/rank0.pt", "out2/rank1.pt", "out1/rank0.pt")
    )
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert all(torch.allclose(value, alone[name], atol=1e-3) for name, value in first.items())
