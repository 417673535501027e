"""The training loop: resumes exactly where it was stopped and keeps the best weights."""

from __future__ import annotations

import copy
import json
import math
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional
from torch.utils.data import DataLoader
from tqdm import tqdm

from recon.errors import InputError
from recon.networks.lift import LiftConfig, LiftNetwork
from recon.population.phantom import Tissue
from recon.population.sample import draw_cameras, make_sample, person_bones
from recon.population.shape_model import ShapeModel
from recon.training.batches import IGNORED, Batch, Steps, collate, example
from recon.training.dataset import TRAINING_PEOPLE, VALIDATION_PEOPLE, SampleStore


@dataclass
class Run:
    """Everything that a checkpoint holds."""

    network: LiftNetwork
    average: LiftNetwork
    optimiser: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf

    def save(self, path: Path) -> None:
        """Write the checkpoint so that a kill at any moment leaves a whole one."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": (self.step, self.seconds, self.best),
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: it belongs to another configuration.
        """
        state = torch.load(path, weights_only=True)
        try:
            self.network.load_state_dict(state["network"])
        except RuntimeError as error:
            raise InputError(
                "other_configuration",
                f"{path} was made by another network configuration",
                "Use another folder or remove the checkpoint",
            ) from error
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds, self.best = state["progress"]


def validation_batches(count: int, points: int) -> list[Batch]:
    """Knees of the validation people, exposed once: the same at every call."""
    batches = []
    for index in range(count):
        rng = np.random.default_rng((7, index))
        bones = person_bones(VALIDATION_PEOPLE[index % len(VALIDATION_PEOPLE)], rng)
        sample = make_sample(bones, draw_cameras(rng), Tissue.draw(rng), rng, points=2 * points)
        batches.append(collate([example(sample, points, rng, exact=True)]))
    return batches


def loss_of(network: LiftNetwork, batch: Batch, *, bfloat16: bool = False) -> torch.Tensor:
    """Cross entropy over the points that every view sees (paper, Eq. 3); ``bfloat16`` encodes faster."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        encoding = network.encode(batch.images, batch.projections)
    logits = network.decode_points(encoding.float(), batch.points)
    return functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)


def train(config_path: Path, folder: Path | None = None) -> Path:
    """Train by a configuration file; resumes when the folder holds a checkpoint.

    Args:
        config_path: TOML file, see ``recon/configs``.
        folder: where samples, checkpoint and log go; ``runs/NAME`` by default.

    Returns:
        The half-precision weights that did best on the validation people.

    Raises:
        InputError: the checkpoint in the folder belongs to another configuration.
    """
    config = tomllib.loads(config_path.read_text())
    folder = folder or Path("runs") / config["name"]
    folder.mkdir(parents=True, exist_ok=True)
    data, training = config["data"], config["training"]
    torch.manual_seed(config["seed"])
    torch.set_num_threads(training["threads"])

    network = LiftNetwork(LiftConfig.from_table(config["network"])).channels_last()
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=training["learning_rate"], weight_decay=training["weight_decay"]
    )
    run = Run(network, copy.deepcopy(network), optimiser)
    checkpoint, weights = folder / "checkpoint.pt", folder / f"{config['name']}.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    if run.step >= training["steps"]:
        return weights

    store = SampleStore(
        folder / "knees", ShapeModel.from_people(TRAINING_PEOPLE), data["first_seed"], data["samples"]
    )
    validation = validation_batches(data["validation_samples"], data["points"])
    steps = Steps(store, batch=training["batch"], points=data["points"], seed=config["seed"], start=run.step)
    workers = training["workers"]
    loader = DataLoader(steps, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None)
    began = last = time.monotonic()
    before = run.seconds
    losses: list[float] = []
    with tqdm(total=training["steps"], initial=run.step, unit="step") as bar:
        for batch in loader:
            share = run.step / training["steps"]
            warm = min(1.0, (run.step + 1) / training["warmup_steps"])
            for group in optimiser.param_groups:
                group["lr"] = training["learning_rate"] * warm * 0.5 * (1 + math.cos(math.pi * share))
            network.train()
            loss = loss_of(network, batch, bfloat16=training["bfloat16"])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            run.step += 1
            decay = min(training["average_decay"], run.step / (run.step + 10))
            with torch.no_grad():
                for mean, value in zip(run.average.parameters(), network.parameters(), strict=True):
                    mean.lerp_(value, 1 - decay)
            losses.append(loss.item())
            run.seconds = before + time.monotonic() - began
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", best=f"{run.best:.4f}")
            finished = run.step >= training["steps"]
            if finished or time.monotonic() - last > training["checkpoint_minutes"] * 60:
                last = time.monotonic()
                _checkpoint(run, checkpoint, weights, validation, losses, folder / "log.jsonl")
                losses.clear()
            if finished:
                return weights
    raise AssertionError("the stream of steps never ends")


@torch.no_grad()
def _checkpoint(
    run: Run, checkpoint: Path, weights: Path, validation: list[Batch], losses: list[float], log: Path
) -> None:
    """Measure the averaged weights on the validation people, keep them if best, save, write a log line."""
    run.average.eval()
    held_out = float(np.mean([loss_of(run.average, batch).item() for batch in validation]))
    if held_out < run.best:
        run.best = held_out
        halves = {name: value.half().contiguous() for name, value in run.average.state_dict().items()}
        save_file(halves, weights)
    run.save(checkpoint)
    line = {
        "step": run.step,
        "seconds": round(run.seconds),
        "training_loss": float(np.mean(losses)),
        "validation_loss": held_out,
    }
    with log.open("a") as file:
        file.write(json.dumps(line) + "\n")
