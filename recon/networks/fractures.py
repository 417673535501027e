"""Where an X-ray shows a broken bone: the default network's eyes on one view, and a small head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recon.networks.lift import INPUTS, ImagePyramid, LiftConfig

_EYES = "image."  # what the pyramid's weights are called in both networks


@dataclass(frozen=True)
class FracturesConfig:
    """Sizes of the network.

    Attributes:
        image_channels: see ``LiftConfig``; those of the network whose pyramid it begins with.
        lift_channels: see ``LiftConfig``.
        hidden: channels of the head.
    """

    image_channels: tuple[int, int, int, int] = (24, 48, 96, 128)
    lift_channels: int = 24
    hidden: int = 32


class FracturesNetwork(nn.Module):
    """Logits of a break nearby, for one view at a time."""

    inputs = INPUTS

    def __init__(self, config: FracturesConfig) -> None:
        super().__init__()
        self.config = config
        fine = config.image_channels[0]
        self.image = ImagePyramid(
            LiftConfig(image_channels=config.image_channels, lift_channels=config.lift_channels)
        )
        self.head = nn.Sequential(
            nn.Conv2d(fine, config.hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(config.hidden, config.hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(config.hidden, 1, 1),
        )

    def begin_with(self, weights: Mapping[str, Tensor]) -> None:
        """Take the pyramid of a trained default network, which has learnt to see bones.

        Raises:
            RuntimeError: it has another size.
        """
        self.image.load_state_dict(
            {name.removeprefix(_EYES): value for name, value in weights.items() if name.startswith(_EYES)}
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, 1, P/2, P/2) of pictures and their local contrast (B, INPUTS, P, P)."""
        fine, _ = self.image(images.contiguous(memory_format=torch.channels_last))
        return torch.as_tensor(self.head(fine))
