"""The state of a run, on disk and back."""

from __future__ import annotations

import json
import math
import os
import pickle
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from recon.errors import InputError

# What torch raises for a file that is no checkpoint, or that lacks some of it.
_BROKEN = (RuntimeError, KeyError, TypeError, ValueError, AttributeError, EOFError, pickle.UnpicklingError)


@dataclass
class Run:
    """Everything that a checkpoint holds. There is no state of data order or random numbers: see ``sow``.

    Attributes:
        model: what is trained.
        average: the running mean of its weights, or the model itself.
        optimiser: of the model.
        step: optimiser steps taken.
        seconds: of training, over all continuations.
        best: least validation loss so far.
        window: sums of the losses since the last line of the log, and their number under ``"count"``.
    """

    model: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf
    window: dict[str, float] = field(default_factory=dict)

    def save(self, path: Path, identity: Mapping[str, Any]) -> None:
        """Write the checkpoint so that a kill at any moment leaves a whole one.

        Args:
            path: of the checkpoint.
            identity: the configuration and the digests of the cases that it belongs to, of plain JSON
                values.
        """
        state = {
            "identity": json.dumps(identity, sort_keys=True),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": (self.step, self.seconds, self.best),
            "window": self.window,
        }
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def load(self, path: Path, identity: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: other_configuration where it belongs to another one, or to other data; bad_checkpoint
                where it is not whole or no checkpoint.
        """
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            known = json.loads(state["identity"])
        except (OSError, *_BROKEN) as error:
            raise _bad_checkpoint(path) from error
        different = difference(known, json.loads(json.dumps(identity)))
        if different:
            raise InputError(
                "other_configuration",
                f"{path} was made by another configuration or from other data ({different})",
                "Use another folder or remove the checkpoint",
            )
        try:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds, self.best = state["progress"]
            self.window = dict(state["window"])
        except _BROKEN as error:
            raise _bad_checkpoint(path) from error


def _bad_checkpoint(path: Path) -> InputError:
    return InputError(
        "bad_checkpoint", f"{path} cannot be read as a whole checkpoint", "Remove it to begin anew"
    )


def difference(first: Any, second: Any, where: str = "") -> str:
    """The first place where two nested configurations differ, or an empty string."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            name = f"{where}.{key}" if where else str(key)
            if (key in first) != (key in second):
                return f"{name} is in one of them only"
            found = difference(first[key], second[key], name)
            if found:
                return found
        return ""
    return "" if first == second else f"{where}: {first!r}, now {second!r}"


def sow(seed: int, step: int, rank: int) -> None:
    """Seed every global random generator for a step.

    What a step draws, dropout for one, then depends on nothing that ran before it: a run that goes on from
    a checkpoint draws the same without storing generators, whatever validation drew meanwhile.
    """
    value = int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint32)[0])
    torch.manual_seed(value)
    np.random.seed(value)
    random.seed(value)


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network in half precision, whole or not at all."""
    halves = {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for name, value in network.state_dict().items()
    }
    part = path.with_suffix(".part")
    save_file(halves, part)
    part.replace(path)


def load_weights(network: nn.Module, path: Path, what: str) -> None:
    """Read weights that ``save_weights`` wrote.

    Args:
        network: the network to fill.
        path: safetensors file.
        what: what a message calls these weights.

    Raises:
        InputError: no_weights where the file is missing, wrong_weights where it holds another network.
    """
    if not path.is_file():
        raise InputError(
            "no_weights", f"There are no {what} weights at {path}", f"Train {what} first or mend the path"
        )
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except Exception as error:  # safetensors has its own errors, torch raises RuntimeError
        raise InputError(
            "wrong_weights",
            f"{path} does not hold the {what} network of the configuration",
            "Give the weights that were trained with this network table",
        ) from error
