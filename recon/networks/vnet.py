"""V-Net (F. Milletari, N. Navab and S.-A. Ahmadi, 3DV 2016, the paper's ref. 53) and the CT network on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from recon.errors import InputError
from recon.networks.decoder import OUTPUTS, PointDecoder
from recon.networks.sampling import interpolate
from recon.networks.tables import check_divides

HU_RANGE = (-1000.0, 3000.0)  # cortex ends near 2000; metal stays apart from it
_Values = TypeVar("_Values", Tensor, npt.NDArray[Any])


def normalise_hu(hu: _Values) -> _Values:
    """Hounsfield units as the CT network takes them: thousands of HU, clipped to air and above cortex.

    The authors' code clips to [-400, 500] HU, where cortex is saturated.
    """
    return hu.clip(*HU_RANGE) / 1000


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(channels, max(1, channels // 8)), channels)


class _Residual(nn.Module):
    """``count`` convolutions whose sum with the input is rectified; the input is widened where it must be."""

    def __init__(self, inputs: int, outputs: int, count: int) -> None:
        super().__init__()
        widths = [inputs] + [outputs] * count
        self.convs = nn.ModuleList(nn.Conv3d(a, b, 3, padding=1, bias=False) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(_norm(outputs) for _ in range(count))
        self.skip = nn.Identity() if inputs == outputs else nn.Conv3d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True), start=1):
            y = norm(conv(y))
            if number < len(self.convs):
                y = functional.relu(y)
        return functional.relu(y + self.skip(x))


class VNet(nn.Module):
    """(B, inputs, D, H, W) to features (B, 2 * base, D, H, W); sides divide by ``2**(levels - 1)``.

    Widths double at every level down. Convolutions are 3^3, not 5^3: a fifth of the work. Group
    normalisation does not mind batches of three.

    Args:
        inputs: channels of the volume.
        base: channels of the finest level on the way down.
        levels: resolutions, the finest one included.
        recompute: whether training recomputes the finest level in the backward pass instead of keeping it,
            which saves more than half of the memory and costs a fifth of the time.
    """

    def __init__(self, inputs: int, base: int = 16, levels: int = 5, *, recompute: bool = False) -> None:
        super().__init__()
        self.recompute = recompute
        self.outputs = 2 * base
        down = [base * 2**level for level in range(levels)]
        counts = [min(level + 1, 3) for level in range(levels)]
        self.left = nn.ModuleList(
            _Residual(inputs if level == 0 else down[level], down[level], counts[level])
            for level in range(levels)
        )
        self.shrink = nn.ModuleList(nn.Conv3d(a, b, 2, 2) for a, b in pairwise(down))
        below = [2 * width for width in down[1:-1]] + down[-1:]  # channels that come up to each level
        self.grow = nn.ModuleList(
            nn.ConvTranspose3d(a, b, 2, 2) for a, b in zip(below, down[:-1], strict=True)
        )
        self.right = nn.ModuleList(
            _Residual(2 * down[level], 2 * down[level], counts[level]) for level in range(levels - 1)
        )

    def forward(self, volume: Tensor) -> Tensor:
        """Features of a volume.

        Raises:
            InputError: bad_volume, where its sides do not divide.
        """
        step = 2 ** len(self.shrink)
        if any(size % step for size in volume.shape[2:]):
            raise InputError(
                "bad_volume",
                f"A volume of {' x '.join(map(str, volume.shape[2:]))} voxels does not suit the network",
                f"Give sides that divide by {step}",
            )
        x = volume
        skips = []
        for level, left in enumerate(self.left):
            x = self._run(left, level, x)
            if level < len(self.shrink):
                skips.append(x)
                x = functional.relu(self.shrink[level](x))
        for level in range(len(self.grow) - 1, -1, -1):
            raised = functional.relu(self.grow[level](x))
            x = self._run(self.right[level], level, torch.cat([raised, skips.pop()], 1))
        return x

    def _run(self, block: nn.Module, level: int, x: Tensor) -> Tensor:
        if self.recompute and level == 0 and self.training and torch.is_grad_enabled():
            return torch.as_tensor(checkpoint(block, x, use_reentrant=False))
        return torch.as_tensor(block(x))


@dataclass(frozen=True)
class VNetConfig:
    """Sizes of the CT network; the defaults are the paper's (Reconstruction from a CT scan, Fig. 7b).

    Widths and levels of the V-Net, which the text leaves open, are those of its publication.

    Attributes:
        size: voxels along an edge of the cube's volume.
        base: channels of the finest level on the way down.
        levels: resolutions.
        features: channels of the voxel-aligned features.
        decoder: hidden widths of the point decoder.
        recompute: see ``VNet``.
        fold: voxels along an edge that enter the finest level together, as channels: 1 in the paper; 2 sees
            every voxel at an eighth of the work, with features half as dense.
        coordinates: whether the position of each voxel in the cube joins the input, which the text does not
            have: short trainings tell femur from tibia by it long before they do by shape.
    """

    size: int = 256
    base: int = 16
    levels: int = 5
    features: int = 64
    decoder: tuple[int, ...] = (128, 256, 128, 64)
    recompute: bool = False
    fold: int = 1
    coordinates: bool = False

    def __post_init__(self) -> None:
        check_divides("size", self.size, self.fold * 2 ** (self.levels - 1))


@dataclass
class VoxelEncoding:
    """A volume of features.

    Attributes:
        volume: (B, C, D, H, W), indexed [z, y, x] over the unit cube.
        earlier: volumes of coarser resolutions, in training of a network that supervises them only.
    """

    volume: Tensor
    earlier: tuple[Tensor, ...] = ()

    def float(self) -> VoxelEncoding:
        """The same in single precision."""
        return VoxelEncoding(self.volume.float(), tuple(volume.float() for volume in self.earlier))

    @property
    def stages(self) -> list[VoxelEncoding]:
        """An encoding for each resolution, the finest last: every one can be decoded and supervised."""
        return [VoxelEncoding(volume) for volume in (*self.earlier, self.volume)]


def fold_voxels(volume: Tensor, fold: int) -> Tensor:
    """(B, C, D, H, W) with each block of ``fold``^3 voxels as channels: (B, C * fold^3, D / fold, ...)."""
    if fold == 1:
        return volume
    batch, channels, *sizes = volume.shape
    blocks = [part for size in sizes for part in (size // fold, fold)]
    return volume.reshape(batch, channels, *blocks).permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 4)


class VNetNetwork(nn.Module):
    """Occupancy of four bones from a CT resampled to the reconstruction cube."""

    def __init__(self, config: VNetConfig) -> None:
        super().__init__()
        self.config = config
        self.inputs = 1
        self.feature_channels = config.features
        inputs = config.fold**3 + 3 * config.coordinates
        self.encoder = VNet(inputs, config.base, config.levels, recompute=config.recompute)
        # The last, linear layer of the encoder. It commutes with interpolation, so it works on the points
        # that are asked for and the widest of all volumes (4 GB at 256^3) is never made.
        self.head = nn.Linear(self.encoder.outputs, config.features)
        self.decode = PointDecoder([config.features, *config.decoder, OUTPUTS])

    def encode(self, volume: Tensor) -> VoxelEncoding:
        """Encode a (B, 1, D, H, W) volume of ``normalise_hu`` whose nodes span the cube."""
        volume = fold_voxels(volume, self.config.fold)
        if self.config.coordinates:
            axes = [torch.linspace(-1, 1, size, device=volume.device) for size in volume.shape[2:]]
            grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
            volume = torch.cat([volume, grid.expand(len(volume), -1, -1, -1, -1).to(volume.dtype)], 1)
        return VoxelEncoding(self.encoder(volume.contiguous(memory_format=torch.channels_last_3d)))

    def point_features(self, encoding: VoxelEncoding, points: Tensor) -> Tensor:
        """Voxel-aligned features (B, N, feature_channels) at (B, N, 3) unit points."""
        fold = self.config.fold
        sizes = torch.tensor(encoding.volume.shape[:-4:-1], dtype=points.dtype, device=points.device)
        voxels = (points + 1) / 2 * (sizes * fold - 1)  # a folded element lies in the middle of its voxels
        return torch.as_tensor(self.head(interpolate(encoding.volume, (voxels - (fold - 1) / 2) / fold)))

    def decode_points(self, encoding: VoxelEncoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return torch.as_tensor(self.decode(self.point_features(encoding, points)))

    def forward(self, volume: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from a (B, 1, D, H, W) volume."""
        return self.decode_points(self.encode(volume), points)
