"""The losses of the paper: Eq. 3 to 7 of SSR-KD (npj Digital Medicine, s41746-026-02389-9).

A point whose label is ``IGNORED`` takes no part: some view does not show it, or the CT ends before it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.networks.lift import shadow_of_lengths

IGNORED = -1


def occupancy_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of predicted occupancy, Eq. 3 with true and Eq. 4 with pseudo labels.

    Args:
        logits: (B, N, 5).
        labels: (B, N) bone, 0 outside, or ``IGNORED``; at least one is not.

    Returns:
        Mean over all points that count.
    """
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def distillation_loss(aligned: Tensor, teacher: Tensor, counted: Tensor | None = None) -> Tensor:
    """l1 distance of features, Eq. 5, averaged over the channels and over the points.

    The text writes the plain norm, a sum over the 64 channels. The authors' released code divides it by the
    number of channels, and its weight of 0.1 is the text's, so that is what the weight belongs to. The plain
    norm of the text is this value times the number of channels.

    Args:
        aligned: (B, N, C) features of the X-ray network after the linear map.
        teacher: (B, N, C) features of the CT network at the same points.
        counted: (B, N) points that count; all where it is None.
    """
    distance = (aligned - teacher).abs().mean(-1)
    if counted is None:
        return distance.mean()
    return (distance * counted).sum() / counted.sum().clamp(min=1)


def unlabelled_loss(
    pseudo: Tensor, distillation: Tensor, *, pseudo_weight: float, distillation_weight: float
) -> Tensor:
    """Eq. 6: what cases without labels contribute."""
    return pseudo_weight * pseudo + distillation_weight * distillation


def joint_loss(labelled: Tensor, unlabelled: Tensor, *, pseudo_weight: float) -> Tensor:
    """Eq. 7: the loss of a batch, half labelled and half not."""
    return (1 - pseudo_weight) * labelled + unlabelled


class Alignment(nn.Module):
    """The learnable linear map of Eq. 5 from X-ray features to the CT network's: 514 to 64 in the paper."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.map = nn.Linear(inputs, outputs, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, N, inputs) to (B, N, outputs)."""
        return torch.as_tensor(self.map(features))


def mask_loss(logits: Tensor, masks: Tensor, valid: Tensor, *, weight: float = 1.0) -> Tensor:
    """Binary cross entropy of a segmentation over the exposed pixels.

    Args:
        logits: (B, 1, P, P).
        masks: (B, 1, P, P), 1 in what is looked for, else 0.
        valid: (B, 1, P, P), 1 where the detector was exposed.
        weight: of a pixel of what is looked for, beside one of the rest.
    """
    each = functional.binary_cross_entropy_with_logits(
        logits, masks, reduction="none", pos_weight=logits.new_tensor(weight)
    )
    return (each * valid).sum() / valid.sum().clamp(min=1)


def shadow_loss(shadows: Tensor, lengths: Tensor) -> Tensor:
    """Relative error of a bone's shadow, the mean over the bones.

    Squares, for under absolute errors no shadow at all is the best guess wherever a patella is less than
    likely; relative, for a patella covers a tenth of what a femur does. Under a mean of absolute errors over
    all pixels its shadow was never learnt.

    Args:
        shadows: (B, V, 4, rows, columns), see ``recon.networks.lift.shadow_of_lengths``.
        lengths: of the same shape, mm through each bone; negative where unknown.

    Returns:
        Root mean square error over the root mean square of true shadows, both where the path lengths are
        known; 0 where no bone casts a shadow.
    """
    known = lengths >= 0
    true = shadow_of_lengths(lengths.clamp(min=0))
    wrong, cast = (
        (each.square() * known).transpose(0, 2).flatten(1).sum(1) for each in (shadows - true, true)
    )
    there = cast > 0
    # The root of nothing has no gradient.
    relative = (wrong[there] / cast[there] + 1e-8).sqrt()
    return relative.sum() / max(len(relative), 1)
