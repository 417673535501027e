"""The paper's X-ray network: an encoder a view, features at the projections of a point, a decoder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recon.errors import InputError
from recon.networks.decoder import OUTPUTS, PointDecoder
from recon.networks.hourglass import FIRST, STRIDE, StackedHourglass, Upsampling
from recon.networks.lift import project_unit
from recon.networks.sampling import interpolate_views, resize_pictures
from recon.networks.tables import check_divides, check_inputs


@dataclass(frozen=True)
class HourglassConfig:
    """Sizes of the network; the defaults are the paper's (Reconstruction from 2-view X-ray images, Fig. 7c).

    What the text leaves open (stacks, depth and stem of the encoder) is as in the authors' code.

    Attributes:
        pixels: rows and columns of the pictures; others are resized. A multiple of ``4 * 2**depth``.
        inputs: channels of a picture: 2 for [I; I_m], 1 for I alone.
        views: number of views, each with an encoder of its own, in the order of the pictures.
        stem: channels of the encoder's first two stages.
        channels: channels inside the hourglasses.
        features: channels of the pixel-aligned features of one view.
        stacks: hourglasses one after another.
        depth: levels of each.
        groups: of the group normalisation.
        upsampling: "nearest" or "bicubic".
        depth_channel: whether the distance to the imaging plane joins the features of each view.
        deep_supervision: whether, in training, the features of every stack are kept, not just the last's.
        decoder: hidden widths of the point decoder.
    """

    pixels: int = 512
    inputs: int = 2
    views: int = 2
    stem: tuple[int, int] = (64, 128)
    channels: int = 256
    features: int = 256
    stacks: int = 4
    depth: int = 2
    groups: int = 32
    upsampling: Upsampling = "nearest"
    depth_channel: bool = True
    deep_supervision: bool = False
    decoder: tuple[int, ...] = (1024, 512, 256, 128)

    def __post_init__(self) -> None:
        check_divides("pixels", self.pixels, STRIDE * 2**self.depth)
        check_inputs(self.inputs)
        if self.upsampling not in ("nearest", "bicubic"):
            raise InputError(
                "bad_network", f"The network's upsampling is {self.upsampling!r}", "Use nearest or bicubic"
            )


@dataclass
class PixelEncoding:
    """Feature maps of every view.

    Attributes:
        maps: (B, V, C, h, w).
        projections: (B, V, 3, 4) from the unit cube to [-1, 1] picture coordinates.
        earlier: maps of the earlier stacks, in training with deep supervision only.
    """

    maps: Tensor
    projections: Tensor
    earlier: tuple[Tensor, ...] = ()

    def float(self) -> PixelEncoding:
        """The same in single precision."""
        earlier = tuple(maps.float() for maps in self.earlier)
        return PixelEncoding(self.maps.float(), self.projections.float(), earlier)

    @property
    def stages(self) -> list[PixelEncoding]:
        """An encoding for each stack, the last one last: every one can be decoded and supervised."""
        return [PixelEncoding(maps, self.projections) for maps in (*self.earlier, self.maps)]


def encode_each(encoders: Iterable[nn.Module], images: Tensor, *, keep_all: bool) -> list[Tensor]:
    """Maps (B, V, C, h, w) of each stack from (B, V, C, P, P) pictures, view v through encoder v.

    Maps are channels last in memory. ``keep_all`` keeps every stack's, otherwise the last one's.
    """
    stacks = [
        encoder(images[:, view].contiguous(memory_format=torch.channels_last))
        for view, encoder in enumerate(encoders)
    ]
    wanted = zip(*stacks, strict=True) if keep_all else [tuple(each[-1] for each in stacks)]
    return [torch.stack([maps.movedim(1, -1) for maps in views], 1).movedim(-1, 2) for views in wanted]


class HourglassNetwork(nn.Module):
    """Occupancy of four bones by pixel-aligned features of a fixed number of views."""

    def __init__(self, config: HourglassConfig) -> None:
        super().__init__()
        self.config = config
        self.inputs, self.views = config.inputs, config.views
        self.input_kind = "enhanced" if config.inputs == 2 else "raw"
        self.feature_channels = config.views * (config.features + config.depth_channel)
        self.encoders = nn.ModuleList(
            StackedHourglass(
                config.inputs,
                stem=config.stem,
                channels=config.channels,
                outputs=config.features,
                stacks=config.stacks,
                depth=config.depth,
                groups=config.groups,
                upsampling=config.upsampling,
            )
            for _ in range(config.views)
        )
        self.decode = PointDecoder([self.feature_channels, *config.decoder, OUTPUTS])

    def encode(self, images: Tensor, projections: Tensor) -> PixelEncoding:
        """Encode pictures.

        Args:
            images: (B, V, inputs, P, P), in the order of the encoders.
            projections: (B, V, 3, 4) from the unit cube to picture coordinates in [-1, 1].
        """
        keep_all = self.training and self.config.deep_supervision
        images = resize_pictures(images, self.config.pixels)
        *earlier, last = encode_each(self.encoders, images, keep_all=keep_all)
        return PixelEncoding(last, projections, tuple(earlier))

    def point_features(self, encoding: PixelEncoding, points: Tensor) -> Tensor:
        """[F_v; z_v] of every view v one after another, (B, N, feature_channels), at (B, N, 3) unit points.

        z_v grows with the distance of the point to the imaging plane of v. It is 0 in the plane of the
        isocentre and its unit is half the side of the cube (100 mm): a projection matrix does not say how far
        behind the isocentre the imaging plane lies, and one number a rig is what the decoder's bias is for.
        """
        at, depth = project_unit(encoding.projections, points)
        pictures = (at + 1) / 2 * (self.config.pixels - 1)
        features = interpolate_views(encoding.maps, (pictures - FIRST) / STRIDE)
        if self.config.depth_channel:
            features = torch.cat([features, -depth[..., None].to(features.dtype)], -1)
        return features.transpose(1, 2).flatten(2)

    def decode_points(self, encoding: PixelEncoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return torch.as_tensor(self.decode(self.point_features(encoding, points)))

    def forward(self, images: Tensor, projections: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from (B, V, inputs, P, P) pictures."""
        return self.decode_points(self.encode(images, projections), points)
