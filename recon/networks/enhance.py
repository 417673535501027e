"""Enhanced X-rays: bone as it is, everything else dimmed (paper, Input With Enhanced X-ray Projection)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy.typing as npt
import torch
from torch import Tensor, nn

WEIGHT = 0.5  # w_m of Eq. 8

_Values = TypeVar("_Values", Tensor, npt.NDArray[Any])


def enhance(image: _Values, mask: _Values, weight: float = WEIGHT) -> _Values:
    """The enhanced X-ray I_m = I * M + w_m * I * (1 - M) of Eq. 8.

    Args:
        image: intensities I, any shape.
        mask: bone shadow M, 1 in bone and 0 elsewhere, of the same shape.
        weight: w_m in [0, 1].
    """
    enhanced: _Values = image * mask + weight * image * (1 - mask)
    return enhanced


def enhanced_channels(images: Tensor, masks: Tensor, weight: float = WEIGHT) -> Tensor:
    """The X-ray network's input [I; I_m]: (B, V, 2, P, P) of (B, V, P, P) pictures and bone shadows."""
    masks = masks.to(images.dtype)
    return torch.stack([images, enhance(images, masks, weight)], 2)


def bone_shadow(segmentation: nn.Module, images: Tensor) -> Tensor:
    """(B, V, P, P) bool bone shadow of (B, V, P, P) pictures, by a network of kind "unet"."""
    logits = segmentation(images.flatten(0, 1)[:, None])
    return torch.as_tensor((logits > 0).reshape(images.shape))
