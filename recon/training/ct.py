"""Training of the CT network N_CT (paper, SSR-KD step 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.networks.vnet import normalise_hu
from recon.training.augment_volume import ended, moved, repainted
from recon.training.cases import Cases, Numbered, in_turn, labelled_points, members
from recon.training.losses import occupancy_loss
from recon.training.pictures import field_sections
from recon.training.scores import PointScores
from recon.training.settings import Settings
from recon.training.task import Picture

_TRAINING, _VALIDATION = 10, 11  # purposes of random numbers


@dataclass
class VolumeBatch:
    """Tensors of one step.

    Attributes:
        volumes: (B, 1, D, D, D) normalised Hounsfield units.
        points: (B, N, 3) in the unit cube.
        labels: (B, N) bone, 0 outside, or ``IGNORED``.
    """

    volumes: Tensor
    points: Tensor
    labels: Tensor


class CtTask:
    """N_CT learns the occupancy of labelled cases; see ``Task``."""

    def __init__(self, network: nn.Module, cases: Cases, settings: Settings, *, size: int) -> None:
        self.network = self.model = network
        self.source, self.settings, self.size = cases, settings, size
        self.cases = len(cases.labelled)
        self._validation: list[VolumeBatch] | None = None

    def kept(self, model: nn.Module) -> nn.Module:
        """The model is the network."""
        return model

    def stream(self, start: int, rank: int, processes: int) -> Numbered:
        """Endless batches of labelled cases, changed at random."""
        batch = self.settings.batch

        def make(number: int) -> VolumeBatch:
            return _stack([self._example(n) for n in members(number, batch, rank, processes)])

        return Numbered(make, start)

    def _example(self, number: int) -> VolumeBatch:
        cases, strength = self.source, self.settings.augmentation
        rng = cases.rng(_TRAINING, number)
        case = cases.load(in_turn(cases.labelled, number, cases.seed, _TRAINING))
        points, labels = labelled_points(case, cases.points, self.settings.near_share, rng)
        hu, unit, labels = moved(case.volume(), cases.cube.to_unit(points), labels, self.size, strength, rng)
        spacing = cases.cube.side / (self.size - 1)
        hu, labels = ended(repainted(hu, spacing, strength, rng), unit, labels, strength, rng)
        return _batch(hu, unit, labels)

    def losses(self, model: nn.Module, batch: VolumeBatch) -> dict[str, Tensor]:
        """Cross entropy over the points, Eq. 3; the mean over resolutions where each is supervised."""
        network: Any = model
        stages = self._encoding(network, batch).stages
        each = [occupancy_loss(network.decode_points(s, batch.points), batch.labels) for s in stages]
        return {"loss": torch.stack(each).mean()}

    def _encoding(self, network: Any, batch: VolumeBatch) -> Any:
        device = batch.volumes.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.settings.bfloat16):
            encoding = network.encode(batch.volumes)
        return encoding.float()

    def _logits(self, model: Any, batch: VolumeBatch) -> Tensor:
        return torch.as_tensor(model.decode_points(self._encoding(model, batch), batch.points))

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Loss and DSC on all stored uniform points of the validation cases."""
        scores = PointScores()
        for batch in self._held_out(model):
            scores.add(self._logits(model, batch), batch.labels, batch.labels.shape[1])
        return scores.figures()

    def _held_out(self, model: nn.Module) -> list[VolumeBatch]:
        if self._validation is None:
            self._validation = []
            for number, entry in enumerate(self.source.validation):
                case, rng = self.source.load(entry), self.source.rng(_VALIDATION, number)
                assert case.uniform is not None
                points, labels = labelled_points(case, len(case.uniform), 0.0, rng)
                unit = self.source.cube.to_unit(points)
                hu, unit, labels = moved(case.volume(), unit, labels, self.size, 0.0, rng)
                self._validation.append(_batch(hu, unit, labels))
        device = next(model.parameters()).device
        return [
            VolumeBatch(b.volumes.to(device)[None], b.points.to(device)[None], b.labels.to(device)[None])
            for b in self._validation
        ]

    def pictures(self, model: nn.Module) -> Mapping[str, Picture]:
        """Sections of the first validation case."""
        network: Any = model
        batch = self._held_out(model)[0]
        encoding = network.encode(batch.volumes).float()
        bones = self.source.load(self.source.validation[0]).bones()
        return field_sections(
            lambda points: network.decode_points(encoding, points), bones, self.source.cube, batch.volumes
        )


def _batch(
    hu: np.typing.NDArray[np.float32],
    unit: np.typing.NDArray[np.float64],
    labels: np.typing.NDArray[np.int64],
) -> VolumeBatch:
    return VolumeBatch(
        torch.from_numpy(normalise_hu(hu))[None], torch.from_numpy(unit).float(), torch.from_numpy(labels)
    )


def _stack(examples: list[VolumeBatch]) -> VolumeBatch:
    return VolumeBatch(
        torch.stack([e.volumes for e in examples]),
        torch.stack([e.points for e in examples]),
        torch.stack([e.labels for e in examples]),
    )
