"""Training of the network that finds the bones' shadow in a picture (paper, Input With Enhanced X-ray)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recon.dataset import CaseEntry
from recon.training.augment_picture import repainted_picture
from recon.training.cases import Cases, Numbered, in_turn, members
from recon.training.losses import mask_loss
from recon.training.pictures import grey
from recon.training.settings import Settings
from recon.training.task import Picture

_TRAINING = 30  # purpose of random numbers


@dataclass
class MaskBatch:
    """Tensors of a step: pictures (B, C, P, P), and (B, 1, rows, columns) masks and exposed pixels."""

    images: Tensor
    masks: Tensor
    valid: Tensor


class SegmentationTask:
    """The U-Net learns the bone shadows of labelled cases in all stored views; see ``Task``."""

    def __init__(self, network: nn.Module, cases: Cases, settings: Settings) -> None:
        self.network = self.model = network
        self.source, self.settings = cases, settings
        views = cases.dataset.settings.views
        pairs = [(entry, view) for entry in cases.labelled for view in views]
        if settings.pairs:
            order = np.random.default_rng((cases.seed, _TRAINING)).permutation(len(pairs))
            pairs = [pairs[i] for i in order[: settings.pairs]]
        self.pairs = pairs
        self.cases = len(pairs)

    def kept(self, model: nn.Module) -> nn.Module:
        """The model is the network."""
        return model

    def stream(self, start: int, rank: int, processes: int) -> Numbered:
        """Endless batches of pictures with their masks."""
        batch = self.settings.batch

        def make(number: int) -> MaskBatch:
            examples = [self._example(n) for n in members(number, batch, rank, processes)]
            return MaskBatch(*(torch.cat(parts) for parts in zip(*examples, strict=True)))

        return Numbered(make, start)

    def _example(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        entry, view = in_turn(self.pairs, number, self.source.seed, _TRAINING)
        return self._tensors(entry, view, self.settings.augmentation, self.source.rng(_TRAINING, number))

    def _tensors(
        self, entry: CaseEntry, view: str, strength: float, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        case = self.source.load(entry, (view,))
        assert case.masks is not None
        picture = repainted_picture(case.pictures[0], case.valid[0], strength, rng)
        arrays = (picture, case.masks[0], case.valid[0])
        image, mask, valid = (torch.from_numpy(a.astype(np.float32))[None, None] for a in arrays)
        return image, mask, valid

    def _logits(self, model: nn.Module, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            logits = model(images)
        return torch.as_tensor(logits).float()

    def losses(self, model: nn.Module, batch: MaskBatch) -> dict[str, Tensor]:
        """Binary cross entropy over the exposed pixels."""
        return {"loss": mask_loss(self._logits(model, batch.images), batch.masks, batch.valid)}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Loss and DSC of the masks of the validation cases, in the views that the configuration names."""
        losses, both, either = [], 0.0, 0.0
        device = next(model.parameters()).device
        for entry in self.source.validation:
            for view in self.source.views:
                tensors = self._tensors(entry, view, 0.0, np.random.default_rng(0))
                image, mask, valid = (tensor.to(device) for tensor in tensors)
                logits = self._logits(model, image)
                losses.append(float(mask_loss(logits, mask, valid)))
                guess = (logits > 0) * valid
                both += float((guess * mask).sum())
                either += float(guess.sum() + (mask * valid).sum())
        return {"loss": float(np.mean(losses)), "dsc": 200 * both / max(either, 1)}

    def pictures(self, model: nn.Module) -> Mapping[str, Picture]:
        """Picture, found mask and true mask of each view of the first validation case."""
        device = next(model.parameters()).device
        result = {}
        for view in self.source.views:
            image, mask, _ = self._tensors(self.source.validation[0], view, 0.0, np.random.default_rng(0))
            found = (self._logits(model, image.to(device)) > 0).float().cpu()
            row = torch.cat([image, found, mask], -1)[0, 0].numpy()
            result[f"view_{view}"] = grey(row)
        return result
