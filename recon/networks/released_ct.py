"""The CT network of the authors' released code (github.com/xmed-lab/SSR-KD, MIT), which is not the text's.

A V-Net with added instead of joined skips and a head of 64 channels at each of its four resolutions; in
training all four are supervised. The decoder sees its input at every layer. Parameters are called and
shaped as there, so that weights load; they were trained on CTs clipped to [-400, 500] HU and stretched
to a cube.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recon.networks.decoder import OUTPUTS, SkipDecoder
from recon.networks.sampling import interpolate, voxels_of_unit
from recon.networks.tables import check_divides
from recon.networks.vnet import VoxelEncoding

_LEVELS = 5
_BLOCKS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_COUNTS = (1, 2, 3, 3, 3, 3, 3, 2, 1)  # convolutions in each block, down and up again


@dataclass(frozen=True)
class ReleasedCtConfig:
    """Sizes of the network; the defaults are the released code's.

    Attributes:
        size: voxels along an edge of the volume.
        base: channels of the finest level; the features have four times as many.
        decoder: hidden widths of the point decoder.
    """

    size: int = 256
    base: int = 16
    decoder: tuple[int, ...] = (128, 256, 128, 64)

    def __post_init__(self) -> None:
        check_divides("size", self.size, 2 ** (_LEVELS - 1))


class _Convolutions(nn.Module):
    """Convolutions, each normalised over the batch and rectified."""

    def __init__(self, *convolutions: nn.Conv3d | nn.ConvTranspose3d) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for convolution in convolutions:
            layers += [convolution, nn.BatchNorm3d(convolution.out_channels), nn.ReLU()]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.conv(x))


def _block(count: int, inputs: int, outputs: int) -> _Convolutions:
    widths = [inputs] + [outputs] * (count - 1)
    return _Convolutions(*(nn.Conv3d(width, outputs, 3, padding=1) for width in widths))


class ReleasedVNet(nn.Module):
    """Features at four resolutions, the finest last."""

    def __init__(self, base: int) -> None:
        super().__init__()
        widths = [base * 2 ** min(level, 2 * _LEVELS - 2 - level) for level in range(len(_BLOCKS))]
        for index, (name, count, width) in enumerate(zip(_BLOCKS, _COUNTS, widths, strict=True)):
            self.add_module(f"block_{name}", _block(count, width if index else 1, width))
            if index < _LEVELS - 1:
                self.add_module(f"block_{name}_dw", _Convolutions(nn.Conv3d(width, 2 * width, 2, 2)))
            elif index < len(_BLOCKS) - 1:
                up = nn.ConvTranspose3d(width, width // 2, 2, 2)
                self.add_module(f"block_{name}_up", _Convolutions(up))
            if index >= _LEVELS:
                self.add_module(f"head_{index + 1}", _block(1, width, 4 * base))

    def forward(self, volume: Tensor, *, every: bool) -> list[Tensor]:
        """(B, 4 * base, ...) features from a (B, 1, D, H, W) volume: ``every`` resolution, or the finest."""
        x, skips, found = volume, [], []
        for index, name in enumerate(_BLOCKS):
            x = self.get_submodule(f"block_{name}")(x)
            last = index == len(_BLOCKS) - 1
            if index >= _LEVELS and (every or last):
                found.append(self.get_submodule(f"head_{index + 1}")(x))
            if index < _LEVELS - 1:
                skips.append(x)
                x = self.get_submodule(f"block_{name}_dw")(x)
            elif not last:
                x = self.get_submodule(f"block_{name}_up")(x) + skips.pop()
        return found


class ReleasedCtNetwork(nn.Module):
    """Occupancy of four bones from a CT on the cube, by the released configuration."""

    inputs = 1

    def __init__(self, config: ReleasedCtConfig) -> None:
        super().__init__()
        self.config = config
        self.feature_channels = 4 * config.base
        self.im_filter = ReleasedVNet(config.base)
        self.surface_classifier = SkipDecoder([self.feature_channels, *config.decoder, OUTPUTS])

    def encode(self, volume: Tensor) -> VoxelEncoding:
        """Encode a (B, 1, D, H, W) volume whose nodes span the cube; in training every resolution is kept."""
        volume = volume.contiguous(memory_format=torch.channels_last_3d)
        *earlier, last = self.im_filter(volume, every=self.training)
        return VoxelEncoding(last, tuple(earlier))

    def point_features(self, encoding: VoxelEncoding, points: Tensor) -> Tensor:
        """Voxel-aligned features (B, N, feature_channels) at (B, N, 3) unit points."""
        return interpolate(encoding.volume, voxels_of_unit(points, encoding.volume))

    def decode(self, features: Tensor) -> Tensor:
        """Logits (B, N, 5) of point features."""
        return torch.as_tensor(self.surface_classifier(features))

    def decode_points(self, encoding: VoxelEncoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return self.decode(self.point_features(encoding, points))

    def forward(self, volume: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from a (B, 1, D, H, W) volume."""
        return self.decode_points(self.encode(volume), points)
