"""Stacked hourglass encoder of one view (A. Newell, K. Yang and J. Deng, ECCV 2016, the paper's ref. 54).

Residual blocks, stem and names of layers are those of the encoder that pixel-aligned implicit functions made
common (S. Saito et al., PIFu, ICCV 2019) and that the authors' released code uses, so its weights load.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.networks.norm import GroupNorm

Upsampling = Literal["nearest", "bicubic"]
STRIDE = 4  # picture pixels a feature pixel
FIRST = 1.0  # picture pixel under the centre of the first feature pixel


def _norm(channels: int, groups: int) -> GroupNorm:
    return GroupNorm(math.gcd(groups, channels), channels)


class ResidualBlock(nn.Module):
    """Three 3 x 3 convolutions of a half, a quarter and a quarter of the outputs, joined, plus a shortcut."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.conv1 = nn.Conv2d(inputs, half, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.conv3 = nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.bn1, self.bn2, self.bn3 = _norm(inputs, groups), _norm(half, groups), _norm(quarter, groups)
        self.bn4 = _norm(inputs, groups)  # without use where there is no shortcut, but weights have it
        self.downsample = (
            nn.Sequential(self.bn4, nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))
            if inputs != outputs
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) to (B, outputs, h, w)."""
        first = self.conv1(functional.relu(self.bn1(x)))
        second = self.conv2(functional.relu(self.bn2(first)))
        third = self.conv3(functional.relu(self.bn3(second)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.cat([first, second, third], 1) + shortcut


class Hourglass(nn.Module):
    """Down ``depth`` levels and up again, with a residual block on every way."""

    def __init__(self, depth: int, channels: int, groups: int, upsampling: Upsampling) -> None:
        super().__init__()
        self.depth, self.upsampling = depth, upsampling
        for level in range(depth, 0, -1):
            for part in ("b1", "b2", "b3") if level > 1 else ("b1", "b2", "b2_plus", "b3"):
                self.add_module(f"{part}_{level}", ResidualBlock(channels, channels, groups))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) to the same shape; sides divide by ``2**depth``."""
        return self._level(self.depth, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        low = self.get_submodule(f"b2_{level}")(functional.avg_pool2d(x, 2))
        low = self._level(level - 1, low) if level > 1 else self.get_submodule("b2_plus_1")(low)
        low = self.get_submodule(f"b3_{level}")(low)
        aligned = True if self.upsampling == "bicubic" else None
        raised = functional.interpolate(low, scale_factor=2, mode=self.upsampling, align_corners=aligned)
        return torch.as_tensor(self.get_submodule(f"b1_{level}")(x) + raised)


class StackedHourglass(nn.Module):
    """Encoder of one view.

    Args:
        inputs: channels of a picture.
        stem: channels after the first convolution and after the first residual block.
        channels: channels inside the hourglasses.
        outputs: channels of the features.
        stacks: number of hourglasses.
        depth: levels of each.
        groups: of the group normalisation, where the channels allow as many.
        upsampling: "nearest" (Newell et al.) or "bicubic" (released code).
    """

    def __init__(
        self,
        inputs: int,
        *,
        stem: tuple[int, int] = (64, 128),
        channels: int = 256,
        outputs: int = 256,
        stacks: int = 4,
        depth: int = 2,
        groups: int = 32,
        upsampling: Upsampling = "nearest",
    ) -> None:
        super().__init__()
        self.stacks = stacks
        self.conv1 = nn.Conv2d(inputs, stem[0], 7, 2, 3)
        self.bn1 = _norm(stem[0], groups)
        self.conv2 = ResidualBlock(stem[0], stem[1], groups)
        self.conv3 = ResidualBlock(stem[1], stem[1], groups)
        self.conv4 = ResidualBlock(stem[1], channels, groups)
        for stack in range(stacks):
            self.add_module(f"m{stack}", Hourglass(depth, channels, groups, upsampling))
            self.add_module(f"top_m_{stack}", ResidualBlock(channels, channels, groups))
            self.add_module(f"conv_last{stack}", nn.Conv2d(channels, channels, 1))
            self.add_module(f"bn_end{stack}", _norm(channels, groups))
            self.add_module(f"l{stack}", nn.Conv2d(channels, outputs, 1))
            if stack < stacks - 1:
                self.add_module(f"bl{stack}", nn.Conv2d(channels, channels, 1))
                self.add_module(f"al{stack}", nn.Conv2d(outputs, channels, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features (B, outputs, P/4, P/4) of each stack, the best last, from a (B, inputs, P, P) picture."""
        x = functional.relu(self.bn1(self.conv1(image)))
        x = self.conv4(self.conv3(functional.avg_pool2d(self.conv2(x), 2)))
        outputs = []
        for stack in range(self.stacks):
            y = self.get_submodule(f"top_m_{stack}")(self.get_submodule(f"m{stack}")(x))
            y = self.get_submodule(f"conv_last{stack}")(y)
            y = functional.relu(self.get_submodule(f"bn_end{stack}")(y))
            outputs.append(self.get_submodule(f"l{stack}")(y))
            if stack < self.stacks - 1:
                back = self.get_submodule(f"al{stack}")(outputs[-1])
                x = x + self.get_submodule(f"bl{stack}")(y) + back
        return outputs
