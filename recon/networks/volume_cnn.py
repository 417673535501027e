"""The volumetric CNN that the paper's Table 1 compares with, after Y. Kasten, D. Doktofsky and I. Kovler.

"End-to-end convolutional neural network for 3D reconstruction of knee bones from bi-planar X-ray images"
(MLMIR 2020, arXiv 2004.00871): each X-ray is replicated along its rays into a channel of a volume, and a 3D
network of the V-Net's shape labels every voxel. There the rays are the axes of the volume; here they are
those of the rig, so that the network can be compared on any pair. Their style transfer is no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recon.networks.decoder import OUTPUTS
from recon.networks.lift import project_unit
from recon.networks.sampling import interpolate, interpolate_views, voxels_of_unit
from recon.networks.tables import check_divides, check_inputs
from recon.networks.vnet import VNet, VoxelEncoding


@dataclass(frozen=True)
class VolumeCnnConfig:
    """Sizes of the network; the defaults are for a volume of 128^3, as in the publication.

    Attributes:
        inputs: channels of a picture: 1 for the X-ray alone.
        views: number of views, each in channels of its own.
        size: voxels along an edge of the volume; divides by ``2**(levels - 1)``.
        base: channels of the V-Net's finest level on the way down.
        levels: resolutions of the V-Net.
        recompute: see ``VNet``.
    """

    inputs: int = 1
    views: int = 2
    size: int = 128
    base: int = 16
    levels: int = 5
    recompute: bool = False

    def __post_init__(self) -> None:
        check_divides("size", self.size, 2 ** (self.levels - 1))
        check_inputs(self.inputs)


class VolumeCnn(nn.Module):
    """Labels of a dense volume, read between its nodes by trilinear interpolation."""

    def __init__(self, config: VolumeCnnConfig) -> None:
        super().__init__()
        self.config = config
        self.inputs, self.views = config.inputs, config.views
        self.input_kind = "enhanced" if config.inputs == 2 else "raw"
        self.feature_channels = OUTPUTS
        self.encoder = VNet(
            config.views * config.inputs, config.base, config.levels, recompute=config.recompute
        )
        self.classify = nn.Conv3d(self.encoder.outputs, OUTPUTS, 1)
        self.decode = nn.Identity()  # the volume holds the logits
        axis = torch.linspace(-1, 1, config.size)
        z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
        self.register_buffer("grid", torch.stack([x, y, z], -1).reshape(1, -1, 3), persistent=False)
        self.grid: Tensor

    def replicate(self, images: Tensor, projections: Tensor) -> Tensor:
        """The pictures (B, V, C, P, P) spread along their rays: (B, V * C, S, S, S), indexed [z, y, x]."""
        at, _ = project_unit(projections, self.grid.expand(len(images), -1, -1))
        spread = interpolate_views(images, (at + 1) / 2 * (images.shape[-1] - 1))
        size = self.config.size
        return spread.movedim(-1, 2).reshape(len(images), -1, size, size, size)

    def encode(self, images: Tensor, projections: Tensor) -> VoxelEncoding:
        """Logits of every voxel from pictures (B, V, C, P, P) and unit projections (B, V, 3, 4)."""
        volume = self.replicate(images, projections).contiguous(memory_format=torch.channels_last_3d)
        return VoxelEncoding(self.classify(self.encoder(volume)))

    def point_features(self, encoding: VoxelEncoding, points: Tensor) -> Tensor:
        """Interpolated logits (B, N, 5) at (B, N, 3) unit points."""
        return interpolate(encoding.volume, voxels_of_unit(points, encoding.volume))

    def decode_points(self, encoding: VoxelEncoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return torch.as_tensor(self.decode(self.point_features(encoding, points)))

    def forward(self, images: Tensor, projections: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from (B, V, C, P, P) pictures."""
        return self.decode_points(self.encode(images, projections), points)
