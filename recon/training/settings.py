"""The ``[PART.training]`` table of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from recon.errors import InputError

# What may change between a run and its continuation without making it another run.
FREE = ("steps", "epochs", "checkpoint_minutes", "validations", "log_every", "workers", "threads")


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes:
        steps: optimiser steps; 0 where ``epochs`` says it.
        epochs: passes over the cases, instead of ``steps``.
        batch: cases a step and process.
        accumulate: batches whose gradients are averaged before a step.
        optimiser: ``"adamw"``, or ``"sgd"`` with Nesterov-free momentum as in the paper.
        momentum: of SGD; 0.98 in the paper.
        schedule: ``"cosine"`` to zero, or ``"step"``: times 0.1 after each quarter, as in the paper.
        learning_rate: before warm-up and decay.
        warmup_steps: over which the learning rate rises linearly.
        weight_decay: L2 for SGD, decoupled for AdamW.
        clip: largest norm of the gradient; 0 leaves it as it is.
        average_decay: of the running mean of the weights, which is what is kept; 0 keeps the last ones.
        bfloat16: of the encoder; slow on CPUs without AVX512-BF16 or AMX.
        near_share: of the labelled points that lie near surfaces; the rest is uniform.
        augmentation: strength of random changes of the input, 0 to 1.
        initial: weights to begin from, or empty.
        checkpoint_minutes: between checkpoints; there is one at the end as well.
        validations: how often the validation people are looked at, the last time at the end.
        log_every: steps between two lines of the log.
        workers: processes that prepare batches.
        threads: of torch.
        pairs: most (case, view) pictures that a segmentation learns from; 0 takes all.
    """

    steps: int = 0
    epochs: int = 0
    batch: int = 4
    accumulate: int = 1
    optimiser: str = "adamw"
    momentum: float = 0.98
    schedule: str = "cosine"
    learning_rate: float = 1e-3
    warmup_steps: int = 0
    weight_decay: float = 0.0
    clip: float = 1.0
    average_decay: float = 0.0
    bfloat16: bool = False
    near_share: float = 0.5
    augmentation: float = 0.0
    initial: str = ""
    checkpoint_minutes: float = 4.0
    validations: int = 10
    log_every: int = 50
    workers: int = 0
    threads: int = 1
    pairs: int = 0

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Settings:
        """The settings in a table.

        Raises:
            InputError: bad_config for an unknown key, a value of the wrong type or out of range.
        """
        kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in kinds:
                raise _bad(f"The training table has no setting {key!r}", f"Use {', '.join(kinds)}")
            kind = kinds[key]
            number = kind is float and isinstance(value, int) and not isinstance(value, bool)
            if not (number or type(value) is kind):
                raise _bad(
                    f"{key} is {value!r}, not a value of type {kind.__name__}", "Mend the configuration"
                )
            values[key] = kind(value)
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if (self.steps > 0) == (self.epochs > 0):
            raise _bad("The training table must give either steps or epochs", "Set one of them above 0")
        for key in ("batch", "accumulate", "log_every", "threads", "validations"):
            if getattr(self, key) < 1:
                raise _bad(f"{key} is {getattr(self, key)}", "Give 1 or more")
        for key in ("average_decay", "near_share", "augmentation", "momentum"):
            if not 0 <= getattr(self, key) <= 1:
                raise _bad(f"{key} is {getattr(self, key)}", "Give a number from 0 to 1")
        for key in ("weight_decay", "clip", "warmup_steps", "workers", "pairs"):
            if getattr(self, key) < 0:
                raise _bad(f"{key} is {getattr(self, key)}", "Give 0 or more")
        if self.learning_rate <= 0:
            raise _bad(f"learning_rate is {self.learning_rate}", "Give a number above 0")
        for key, known in (("optimiser", ("adamw", "sgd")), ("schedule", ("cosine", "step"))):
            if getattr(self, key) not in known:
                raise _bad(f"{key} is {getattr(self, key)!r}", f"Use {' or '.join(known)}")

    def total_steps(self, cases: int, processes: int) -> int:
        """Optimiser steps of the whole run over a number of cases."""
        if self.steps:
            return self.steps
        return self.epochs * max(1, -(-cases // (self.batch * self.accumulate * processes)))


def _bad(message: str, remedy: str) -> InputError:
    return InputError("bad_config", message, remedy)
