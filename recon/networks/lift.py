"""The default network: lift the features of every view into the cube, fuse them there, decode points.

The paper's network sees each view alone until the point decoder. Here the features of all views meet in
a coarse volume first, where a 3D network can reason across views; points then read that volume and, for
fine detail, the full-resolution features at their own projections. Views enter through their projection
matrices only, so any number of views from any rig works.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUTS = 2  # the picture and its local contrast
OUTPUTS = 5  # outside and four bones


@dataclass(frozen=True)
class LiftConfig:
    """Sizes of the network.

    Attributes:
        pixels: rows and columns of the square input pictures.
        image_channels: channels of the image pyramid at 1/2, 1/4, 1/8 and 1/16 of the input.
        lift_channels: channels lifted into the volume, read at 1/4 of the input.
        volume_channels: channels of the 3D network at its three levels.
        volume_size: voxels along an edge of the volume.
        hidden: width of the point decoder.
    """

    pixels: int = 256
    image_channels: tuple[int, int, int, int] = (24, 48, 96, 128)
    lift_channels: int = 24
    volume_channels: tuple[int, int, int] = (24, 48, 96)
    volume_size: int = 32
    hidden: int = 64


def _norm(channels: int) -> nn.Module:
    return nn.GroupNorm(channels // 8, channels)


class _Block2d(nn.Module):
    """Residual pair of 3 x 3 convolutions; the first may halve the resolution."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([_norm(outputs), _norm(outputs)])
        self.skip = nn.Identity() if inputs == outputs and stride == 1 else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norms[0](self.first(x)))
        y = self.norms[1](self.second(y))
        # Strided here, not in the convolution: oneDNN of torch 2.13 writes out of bounds in the backward pass
        # of a strided 1 x 1 convolution from 8 channels, on CPUs with AVX512.
        return functional.relu(y + self.skip(x[..., :: self.stride, :: self.stride]))


class _Block3d(nn.Module):
    """A convolution with normalisation; may halve the resolution."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)))


class ImagePyramid(nn.Module):
    """Feature pyramid of one view: (B, INPUTS, P, P) to maps at 1/2 and 1/4 of the resolution."""

    def __init__(self, config: LiftConfig) -> None:
        super().__init__()
        a, b, c, d = config.image_channels
        self.stem = nn.Sequential(nn.Conv2d(INPUTS, a, 5, 2, 2, bias=False), _norm(a), nn.ReLU())
        self.down = nn.ModuleList([_Block2d(a, b, 2), _Block2d(b, c, 2), _Block2d(c, d, 2)])
        self.deep = _Block2d(d, d)
        self.up = nn.ModuleList([nn.Conv2d(d, c, 1), nn.Conv2d(c, b, 1), nn.Conv2d(b, a, 1)])
        self.merge = nn.ModuleList([_Block2d(c, c), _Block2d(b, b), _Block2d(a, a)])
        self.lift = nn.Conv2d(b, config.lift_channels, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Fine features (B, C, P/2, P/2) and those to lift (B, L, P/4, P/4)."""
        skips = [self.stem(image)]
        for block in self.down:
            skips.append(block(skips[-1]))
        x = self.deep(skips.pop())
        maps = []
        for reduce, merge in zip(self.up, self.merge, strict=True):
            skip = skips.pop()
            x = merge(skip + functional.interpolate(reduce(x), size=skip.shape[-2:], mode="bilinear"))
            maps.append(x)
        return maps[2], self.lift(maps[1])


class VolumeNetwork(nn.Module):
    """Small 3D U-Net: (B, in, S, S, S) to (B, volume_channels[0], S, S, S)."""

    def __init__(self, inputs: int, channels: tuple[int, int, int]) -> None:
        super().__init__()
        a, b, c = channels
        # At full size a 3 x 3 x 3 convolution of all lifted channels would cost more than all the rest.
        self.enter = _Block3d(inputs, a, size=1)
        self.down = nn.ModuleList([_Block3d(a, b, 2), _Block3d(b, c, 2)])
        self.level = nn.ModuleList([_Block3d(b, b), _Block3d(c, c)])
        self.up = nn.ModuleList([nn.Conv3d(c, b, 1), nn.Conv3d(b, a, 1)])
        self.merge = nn.ModuleList([_Block3d(b, b), _Block3d(a, a)])

    def forward(self, volume: Tensor) -> Tensor:
        """Fused features of a volume of lifted ones."""
        fine = self.enter(volume)
        middle = self.level[0](self.down[0](fine))
        x = self.level[1](self.down[1](middle))
        for skip, reduce, merge in zip((middle, fine), self.up, self.merge, strict=True):
            x = merge(skip + functional.interpolate(reduce(x), size=skip.shape[-3:], mode="trilinear"))
        return torch.as_tensor(x)


@dataclass
class Encoding:
    """What the views say, ready to be asked at points.

    Attributes:
        maps: (B, V, C, P/2, P/2) fine features of each view.
        volume: (B, D, S, S, S) fused features, indexed [z, y, x] over the unit cube.
        projections: (B, V, 3, 4) from the unit cube to [-1, 1] picture coordinates.
    """

    maps: Tensor
    volume: Tensor
    projections: Tensor

    def float(self) -> Encoding:
        """The same in single precision."""
        return Encoding(self.maps.float(), self.volume.float(), self.projections.float())


def project_unit(projections: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Picture coordinates (B, V, N, 2) in [-1, 1] and relative depths (B, V, N) of (B, N, 3) unit points."""
    # A matrix product would lose its digits under autocast; pixels need them.
    turned = (projections[:, :, None, :, :3] * points[:, None, :, None, :]).sum(-1)
    homogeneous = turned + projections[:, :, None, :, 3]
    depth = homogeneous[..., 2]
    at = homogeneous[..., :2] / depth[..., None]
    return at, depth - projections[..., None, 2, 3]


class LiftNetwork(nn.Module):
    """Occupancy of four bones from two or more calibrated views."""

    inputs = INPUTS
    input_kind = "contrast"
    views: int | None = None  # any number

    def __init__(self, config: LiftConfig) -> None:
        super().__init__()
        self.config = config
        self.feature_channels = config.hidden
        fine, lift, volume = config.image_channels[0], config.lift_channels, config.volume_channels[0]
        self.image = ImagePyramid(config)
        self.volume = VolumeNetwork(2 * lift + 3, config.volume_channels)
        self.read_view = nn.Linear(fine + 4, config.hidden)
        self.read_volume = nn.Linear(volume + 3, config.hidden)
        self.decode = nn.Sequential(
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, OUTPUTS),
        )
        axis = torch.linspace(-1, 1, config.volume_size)
        z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
        self.register_buffer("grid", torch.stack([x, y, z], -1).reshape(1, -1, 3), persistent=False)
        self.grid: Tensor

    def channels_last(self) -> LiftNetwork:
        """The same network with its convolutions in the memory layout that CPUs are fast with."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
            elif isinstance(module, nn.Conv3d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last_3d)
        return self

    def encode(self, images: Tensor, projections: Tensor) -> Encoding:
        """Encode (B, V, INPUTS, P, P) pictures.

        Args:
            images: pictures and their local contrast.
            projections: (B, V, 3, 4) from the unit cube to picture coordinates in [-1, 1].
        """
        batch, views = images.shape[:2]
        stacked = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        fine, coarse = self.image(stacked)
        fine = fine.reshape(batch, views, *fine.shape[1:])
        grid = self.grid.expand(batch, -1, -1)
        at, _ = project_unit(projections, grid)
        lifted = functional.grid_sample(
            coarse, at.reshape(batch * views, 1, -1, 2), mode="bilinear", align_corners=True
        ).reshape(batch, views, coarse.shape[1], -1)
        fused = torch.cat([lifted.mean(1), lifted.amax(1), grid.transpose(1, 2)], 1)
        size = self.config.volume_size
        volume = self.volume(fused.reshape(batch, -1, size, size, size))
        return Encoding(fine, volume, projections)

    def point_features(self, encoding: Encoding, points: Tensor) -> Tensor:
        """What views and volume say, (B, N, feature_channels), at (B, N, 3) points of the unit cube."""
        batch, views = encoding.maps.shape[:2]
        at, depth = project_unit(encoding.projections, points)
        pixels = functional.grid_sample(
            encoding.maps.flatten(0, 1),
            at.reshape(batch * views, 1, -1, 2),
            mode="bilinear",
            align_corners=True,
        )
        pixels = pixels[:, :, 0].transpose(1, 2).reshape(batch, views, points.shape[1], -1)
        direction = encoding.projections[:, :, None, 2, :3].expand(-1, -1, points.shape[1], -1)
        seen = self.read_view(torch.cat([pixels, depth[..., None], direction], -1)).mean(1)
        voxels = functional.grid_sample(
            encoding.volume, points[:, None, None], mode="bilinear", align_corners=True
        )[:, :, 0, 0].transpose(1, 2)
        return torch.as_tensor(seen + self.read_volume(torch.cat([voxels, points], -1)))

    def decode_points(self, encoding: Encoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return torch.as_tensor(self.decode(self.point_features(encoding, points)))

    def forward(self, images: Tensor, projections: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from (B, V, INPUTS, P, P) pictures."""
        return self.decode_points(self.encode(images, projections), points)
