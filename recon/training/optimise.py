"""Optimiser, learning rate and running mean of weights."""

from __future__ import annotations

import math

import torch
from torch import nn

from recon.training.settings import Settings


def make_optimiser(model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """The optimiser that the settings name, over all parameters of a model."""
    if settings.optimiser == "sgd":
        return torch.optim.SGD(
            model.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
    return torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )


def learning_rate(settings: Settings, step: int, total: int) -> float:
    """The learning rate of a step: a function of the step alone, so there is no schedule to save."""
    warm = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    if settings.schedule == "step":
        decay = 0.1 ** min(3, 4 * step // max(total, 1))
    else:
        decay = 0.5 * (1 + math.cos(math.pi * step / total))
    return settings.learning_rate * warm * decay


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, *, decay: float, step: int) -> None:
    """Move a running mean of the weights towards the model after ``step`` steps; buffers are copied."""
    decay = min(decay, step / (step + 10))  # the first weights are far from any mean
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, 1 - decay)
    for copied, buffer in zip(average.buffers(), model.buffers(), strict=True):
        copied.copy_(buffer)
