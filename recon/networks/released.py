"""The X-ray network of the authors' released code (github.com/xmed-lab/SSR-KD, MIT), which is not the text's.

It differs from the paper's text: no depth, a decoder of 512-512-128-5 that sees its input at every layer,
and supervision of every stack. Parameters are called and shaped as there, so that weights load; what
they were trained for is that code's data: line integrals in its own unit, [I_m; I] in this order, a CT's
field of view stretched to the cube.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recon.networks.decoder import OUTPUTS, SkipDecoder
from recon.networks.hourglass import StackedHourglass
from recon.networks.lift import project_unit
from recon.networks.pixel_aligned import PixelEncoding, encode_each
from recon.networks.sampling import interpolate_views, resize_pictures


@dataclass(frozen=True)
class ReleasedConfig:
    """Sizes of the network; the defaults are the released code's.

    Attributes:
        pixels: rows and columns of the pictures; others are resized.
        features: channels of the pixel-aligned features of one view.
        stacks: hourglasses one after another.
        distilled: channels of the projection of point features that is trained to equal the CT network's.
        decoder: hidden widths of the point decoder.
    """

    pixels: int = 512
    features: int = 256
    stacks: int = 4
    distilled: int = 64
    decoder: tuple[int, ...] = (512, 128)


class ReleasedNetwork(nn.Module):
    """Occupancy of four bones from a frontal and a lateral enhanced X-ray, by the released configuration."""

    inputs, views, input_kind = 2, 2, "enhanced"

    def __init__(self, config: ReleasedConfig) -> None:
        super().__init__()
        self.config = config
        self.feature_channels = self.views * config.features
        self.frontal_filter, self.lateral_filter = (
            StackedHourglass(2, outputs=config.features, stacks=config.stacks, upsampling="bicubic")
            for _ in range(self.views)
        )
        self.surface_classifier = SkipDecoder([self.feature_channels, *config.decoder, OUTPUTS])
        self.projector = nn.Conv1d(self.feature_channels, config.distilled, 1, bias=False)

    def encode(self, images: Tensor, projections: Tensor) -> PixelEncoding:
        """Encode (B, 2, 2, P, P) pictures [I; I_m], frontal first; in training every stack is kept."""
        encoders = (self.frontal_filter, self.lateral_filter)
        images = resize_pictures(images, self.config.pixels).flip(2)
        *earlier, last = encode_each(encoders, images, keep_all=self.training)
        return PixelEncoding(last, projections, tuple(earlier))

    def point_features(self, encoding: PixelEncoding, points: Tensor) -> Tensor:
        """Features of both views one after the other, (B, N, feature_channels), at (B, N, 3) unit points.

        As in the released code, the outermost feature pixels are taken to lie under the picture's: up to two
        pixels off.
        """
        at, _ = project_unit(encoding.projections, points)
        last = encoding.maps.shape[-1] - 1
        return interpolate_views(encoding.maps, (at + 1) / 2 * last).transpose(1, 2).flatten(2)

    def decode(self, features: Tensor) -> Tensor:
        """Logits (B, N, 5) of point features."""
        return torch.as_tensor(self.surface_classifier(features))

    def decode_points(self, encoding: PixelEncoding, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) points of the unit cube."""
        return self.decode(self.point_features(encoding, points))

    def forward(self, images: Tensor, projections: Tensor, points: Tensor) -> Tensor:
        """Logits (B, N, 5) at (B, N, 3) unit points from (B, 2, 2, P, P) pictures."""
        return self.decode_points(self.encode(images, projections), points)
