"""The default network: lift the features of every view into the cube, fuse them there, decode points.

The paper's network sees each view alone until the point decoder. Here the features of all views meet in
a coarse volume first, where a 3D network can reason across views; points then read that volume and, for
fine detail, the full-resolution features at their own projections. Views enter through their projection
matrices only, so any number of views from any rig works.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.networks.norm import GroupNorm
from recon.networks.sampling import interpolate, interpolate_views, voxels_of_unit

INPUTS = 2  # the picture and its local contrast
OUTPUTS = 5  # outside and four bones
SHADOW_MM = 10.0  # path length through a bone that counts as one in the shadow maps


def shadow_of_lengths(lengths: Tensor) -> Tensor:
    """Shadows of path lengths in mm.

    The square root is steep where a ray leaves a bone, so an error of the outline weighs more than one of
    the thickness.
    """
    return (lengths / SHADOW_MM).sqrt()


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
        fuse: whether the views meet in the volume; without, points read their own projections alone.
    """

    pixels: int = 256
    image_channels: tuple[int, int, int, int] = (24, 48, 96, 128)
    lift_channels: int = 24
    volume_channels: tuple[int, int, int] = (24, 48, 96)
    volume_size: int = 32
    hidden: int = 64
    fuse: bool = True


def _norm(channels: int) -> nn.Module:
    return GroupNorm(channels // 8, channels)


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


def _start_as_identity(norm: nn.Module) -> None:
    """Silence a residual branch that ends in this normalisation, until training finds a use for it."""
    nn.init.zeros_(norm.get_parameter("weight"))


class _Block3d(nn.Module):
    """A convolution with normalisation; may halve the resolution."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.GroupNorm(outputs // 8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)))


class _Residual3d(nn.Module):
    """Residual pair of 3 x 3 x 3 convolutions; does nothing to a positive volume before it is trained."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Block3d(channels, channels)
        self.second = nn.Conv3d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.GroupNorm(channels // 8, channels)
        _start_as_identity(self.norm)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.norm(self.second(self.first(x))))


class ImagePyramid(nn.Module):
    """Feature pyramid of one view: (B, INPUTS, P, P) to maps at 1/2 and 1/4 of the resolution."""

    def __init__(self, config: LiftConfig) -> None:
        super().__init__()
        a, b, c, d = config.image_channels
        self.stem = nn.Sequential(nn.Conv2d(INPUTS, a, 5, 2, 2, bias=False), _norm(a), nn.ReLU())
        self.down = nn.ModuleList([_Block2d(a, b, 2), _Block2d(b, c, 2), _Block2d(c, d, 2)])
        self.deep = _Block2d(d, d)
        self.deeper = _Block2d(d, d)
        _start_as_identity(self.deeper.norms[1])
        self.up = nn.ModuleList([nn.Conv2d(d, c, 1), nn.Conv2d(c, b, 1), nn.Conv2d(b, a, 1)])
        self.merge = nn.ModuleList([_Block2d(c, c), _Block2d(b, b), _Block2d(a, a)])
        self.lift = nn.Conv2d(b, config.lift_channels, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Fine features (B, C, P/2, P/2) and those to lift (B, L, P/4, P/4)."""
        skips = [self.stem(image)]
        for block in self.down:
            skips.append(block(skips[-1]))
        x = self.deeper(self.deep(skips.pop()))
        maps = []
        for narrow, merge in zip(self.up, self.merge, strict=True):
            skip = skips.pop()
            x = merge(skip + functional.interpolate(narrow(x), size=skip.shape[-2:], mode="bilinear"))
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
        # At the coarsest level convolutions are cheap and see the whole knee: shape is reasoned about here.
        self.reason = nn.Sequential(_Residual3d(c), _Residual3d(c))
        self.up = nn.ModuleList([nn.Conv3d(c, b, 1), nn.Conv3d(b, a, 1)])
        self.merge = nn.ModuleList([_Block3d(b, b), _Block3d(a, a)])
        # What no outline shows follows from the shape around it, so the finer levels reason too.
        self.settle = nn.ModuleList([nn.Sequential(_Residual3d(n), _Residual3d(n)) for n in (b, a)])

    def forward(self, volume: Tensor) -> Tensor:
        """Fused features of a volume of lifted ones."""
        fine = self.enter(volume)
        middle = self.level[0](self.down[0](fine))
        x = self.reason(self.level[1](self.down[1](middle)))
        for skip, narrow, merge, settle in zip((middle, fine), self.up, self.merge, self.settle, strict=True):
            wide = functional.interpolate(narrow(x), size=skip.shape[-3:], mode="trilinear")
            x = settle(merge(skip + wide))
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
    x, y, z = (axis[:, None, None] for axis in points.unbind(-1))
    matrix = projections[..., None]
    homogeneous = (
        matrix[:, :, :, 0] * x + matrix[:, :, :, 1] * y + matrix[:, :, :, 2] * z + matrix[:, :, :, 3]
    )
    depth = homogeneous[:, :, 2]
    at = homogeneous[:, :, :2] / depth[:, :, None]
    return at.transpose(-1, -2), depth - projections[..., None, 2, 3]


def _read(maps: Tensor, at: Tensor) -> Tensor:
    """(B, V, N, C) of square maps (B, V, C, P, P) at (B, V, N, 2) picture coordinates in [-1, 1]."""
    return interpolate_views(maps, (at + 1) * ((maps.shape[-1] - 1) / 2))


def _mean_and_most(views: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and maximum over the views (dimension 1), pairwise: the gradient of ``amax`` is slow on CPUs."""
    each = views.unbind(1)
    return sum(each[1:], each[0]) / len(each), reduce(torch.maximum, each)


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
        self.volume = VolumeNetwork(2 * lift + 3, config.volume_channels) if config.fuse else None
        self.read_view = nn.Linear(fine + 4, config.hidden)
        self.read_volume = nn.Linear(volume + 3, config.hidden)
        # Views that agree are more than their average: each meets the volume in its own nonlinearity.
        self.agree = nn.Linear(2 * config.hidden, config.hidden)
        self.refine = nn.Sequential(
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
        )
        for layer in (self.agree, self.refine[-1]):
            nn.init.zeros_(layer.get_parameter("weight"))
            nn.init.zeros_(layer.get_parameter("bias"))
        # Only training asks for the shadows: they teach the pyramid to tell bones apart where they overlap.
        self.shadow = nn.Conv2d(fine, OUTPUTS - 1, 1)
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
        if self.volume is None:
            empty = fine.new_zeros(batch, self.config.volume_channels[0], 2, 2, 2)
            return Encoding(fine, empty, projections)
        grid = self.grid.expand(batch, -1, -1)
        at, _ = project_unit(projections, grid)
        lifted = _read(coarse.reshape(batch, views, *coarse.shape[1:]), at)
        fused = torch.cat([*_mean_and_most(lifted), grid.to(lifted.dtype)], -1)
        size = self.config.volume_size
        volume = self.volume(fused.reshape(batch, size, size, size, -1).movedim(-1, 1))
        return Encoding(fine, volume, projections)

    def shadows(self, encoding: Encoding) -> Tensor:
        """Path lengths through each bone, (B, V, 4, P/2, P/2), as ``shadow_of_lengths`` scales them."""
        shadows: Tensor = self.shadow(encoding.maps.flatten(0, 1))
        return shadows.reshape(*encoding.maps.shape[:2], *shadows.shape[1:])

    def point_features(self, encoding: Encoding, points: Tensor) -> Tensor:
        """What views and volume say, (B, N, feature_channels), at (B, N, 3) points of the unit cube."""
        at, depth = project_unit(encoding.projections, points)
        pixels = _read(encoding.maps, at)
        direction = encoding.projections[:, :, None, 2, :3].expand(-1, -1, points.shape[1], -1)
        seen = self.read_view(torch.cat([pixels, depth[..., None], direction], -1))
        voxels = interpolate(encoding.volume, voxels_of_unit(points, encoding.volume))
        context = self.read_volume(torch.cat([voxels, points], -1))
        each = functional.relu(seen + context[:, None])
        x = _mean_and_most(seen)[0] + context + self.agree(torch.cat(_mean_and_most(each), -1))
        return torch.as_tensor(x + self.refine(x))

    def decode_points(self, encoding: Encoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return torch.as_tensor(self.decode(self.point_features(encoding, points)))

    def forward(self, images: Tensor, projections: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from (B, V, INPUTS, P, P) pictures."""
        return self.decode_points(self.encode(images, projections), points)
