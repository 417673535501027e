"""Figures on labelled points during training."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from recon.bones import Bone
from recon.training.losses import IGNORED, occupancy_loss


@dataclass
class PointScores:
    """Loss and Dice similarity of each bone over the points of several cases.

    On points that are uniform in space the DSC estimates Eq. 10 without voxels or surfaces.

    Attributes:
        losses: of each case.
        counts: (4, 3) true positives, predicted and true points of each bone.
    """

    losses: list[float] = field(default_factory=list)
    counts: Tensor = field(default_factory=lambda: torch.zeros(len(Bone), 3, dtype=torch.int64))

    def add(self, logits: Tensor, labels: Tensor, uniform: int) -> None:
        """Add a case: (1, N, 5) logits and (1, N) labels, the last ``uniform`` of them uniform in space."""
        self.losses.append(float(occupancy_loss(logits, labels)))
        guess, truth = logits[0, -uniform:].argmax(-1), labels[0, -uniform:]
        guess, truth = guess[truth != IGNORED], truth[truth != IGNORED]
        for bone in Bone:
            mine, true = guess == bone, truth == bone
            self.counts[bone - 1] += torch.stack([(mine & true).sum(), mine.sum(), true.sum()]).cpu()

    def figures(self) -> dict[str, float]:
        """The mean loss and the DSC of each bone in percent."""
        result = {"loss": sum(self.losses) / len(self.losses)}
        for bone in Bone:
            both, mine, true = self.counts[bone - 1].tolist()
            result[f"dsc_{bone.label}"] = 200.0 * both / max(mine + true, 1)
        return result
