"""Point decoder: multi-layer perceptron from the features at a point to its five logits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

OUTPUTS = 5  # outside and four bones


class PointDecoder(nn.Module):
    """Fully connected layers (paper, Reconstruction Networks) with ReLU between them."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)
        self.layers = nn.ModuleList(nn.Linear(inputs, outputs) for inputs, outputs in pairwise(widths))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (B, N, 5) of (B, N, widths[0]) features."""
        for layer in self.layers[:-1]:
            features = functional.relu(layer(features))
        return torch.as_tensor(self.layers[-1](features))


class _PointLayer(nn.Conv1d):
    """A 1 x 1 convolution over points whose channels come last: (B, N, inputs) to (B, N, outputs)."""

    def forward(self, features: Tensor) -> Tensor:
        return functional.linear(features, self.weight[..., 0], self.bias)


class SkipDecoder(nn.Module):
    """The same with leaky ReLU and the input shown to every layer again, as in the authors' released code.

    Layers are called and shaped as there (1 x 1 convolutions over points), so that its weights load.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)
        for number, (inputs, outputs) in enumerate(pairwise(widths)):
            shown = inputs if number == 0 else inputs + widths[0]
            self.add_module(f"conv{number}", _PointLayer(shown, outputs, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Logits (B, N, 5) of (B, N, widths[0]) features."""
        result = features
        for number, layer in enumerate(self.children()):
            if number:
                result = torch.cat([functional.leaky_relu(result), features], -1)
            result = layer(result)
        return result
