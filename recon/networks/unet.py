"""U-Net for the shadow of bone in an X-ray (O. Ronneberger, P. Fischer and T. Brox, MICCAI 2015, ref. 55).

Layers are called and shaped as in the authors' released code, so that its weights load.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from recon.networks.sampling import resize_pictures
from recon.networks.tables import check_divides


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of the network; the defaults are those of the U-Net paper.

    Attributes:
        pixels: rows and columns that the network works at; other pictures are resized there and back.
        base: channels at full resolution; they double at every level down.
        levels: resolutions; ``pixels`` divides by ``2**(levels - 1)``.
        classes: outputs: 1, or 2 where background has a logit of its own, as in the released code.
    """

    pixels: int = 512
    base: int = 64
    levels: int = 5
    classes: int = 1

    def __post_init__(self) -> None:
        check_divides("pixels", self.pixels, 2 ** (self.levels - 1))


class _Pair(nn.Module):
    """Two 3 x 3 convolutions, each normalised over the batch and rectified."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (inputs, outputs):
            layers += [
                nn.Conv2d(width, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        self.double_conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.double_conv(x))


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), _Pair(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.maxpool_conv(x))


class _Up(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 2, 2)
        self.conv = _Pair(inputs, outputs)

    def forward(self, below: Tensor, beside: Tensor) -> Tensor:
        return torch.as_tensor(self.conv(torch.cat([beside, self.up(below)], 1)))


class _Last(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.conv(x))


class UNet(nn.Module):
    """Logits of bone shadow at every pixel of a picture."""

    inputs = 1

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.base * 2**level for level in range(config.levels)]
        self.inc = _Pair(1, widths[0])
        for number, (above, below) in enumerate(pairwise(widths), start=1):
            self.add_module(f"down{number}", _Down(above, below))
        for number, level in enumerate(range(config.levels - 1, 0, -1), start=1):
            self.add_module(f"up{number}", _Up(widths[level], widths[level - 1]))
        self.outc = _Last(widths[0], config.classes)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B, 1, P, P) of normalised pictures (B, 1, P, P): positive is bone shadow."""
        steps = range(1, self.config.levels)
        x = resize_pictures(image[:, None], self.config.pixels)[:, 0]
        skips = [self.inc(x.contiguous(memory_format=torch.channels_last))]
        for number in steps:
            skips.append(self.get_submodule(f"down{number}")(skips[-1]))
        x = skips.pop()
        for number in steps:
            x = self.get_submodule(f"up{number}")(x, skips.pop())
        logits = self.outc(x)
        if self.config.classes == 2:
            logits = logits[:, 1:] - logits[:, :1]
        return resize_pictures(logits[:, None], image.shape[-1])[:, 0]
