"""Training of the X-ray network N_Xray on a data set by SSR-KD (paper, SSR-KD step 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from recon.dataset import CaseEntry, KneeCase
from recon.networks.enhance import enhanced_channels
from recon.networks.picture import channels
from recon.training.augment_picture import repainted_picture
from recon.training.cases import Cases, Numbered, in_turn, labelled_points, members
from recon.training.frozen import Shadows, Teacher
from recon.training.losses import (
    IGNORED,
    Alignment,
    distillation_loss,
    joint_loss,
    occupancy_loss,
    unlabelled_loss,
)
from recon.training.pictures import field_sections, grey
from recon.training.scores import PointScores
from recon.training.settings import Settings
from recon.training.ssr_kd import SsrKd
from recon.training.task import Picture

_LABELLED, _UNLABELLED, _VALIDATION = 40, 41, 42  # purposes of random numbers
Points = npt.NDArray[np.float64]


@dataclass
class XrayBatch:
    """Tensors of one step: L labelled cases first, then U unlabelled ones; B of both.

    Attributes:
        images: (B, V, C, P, P).
        projections: (B, V, 3, 4) from the unit cube to picture coordinates.
        points: (B, N, 3) in the unit cube.
        labels: (B, N) true or pseudo label, ``IGNORED`` where some view does not show the point.
        features: (U, N, F) of the teacher; None without unlabelled cases.
    """

    images: Tensor
    projections: Tensor
    points: Tensor
    labels: Tensor
    features: Tensor | None = None


class Student(nn.Module):
    """The X-ray network and the linear map that aligns its features with the teacher's."""

    def __init__(self, network: nn.Module, align: Alignment | None) -> None:
        super().__init__()
        self.network, self.align = network, align


class SsrKdTask:
    """N_Xray learns from labelled cases and from what N_CT says of unlabelled ones; see ``Task``."""

    def __init__(
        self,
        network: Any,
        cases: Cases,
        settings: Settings,
        weights: SsrKd,
        *,
        teacher: Teacher | None,
        teacher_channels: int,
        shadows: Shadows | None,
    ) -> None:
        self.network: nn.Module = network
        align = Alignment(network.feature_channels, teacher_channels) if weights.distillation else None
        self.model: nn.Module = Student(network, align)
        self.source, self.settings, self.weights = cases, settings, weights
        self._kind, self._teacher, self._shadows = network.input_kind, teacher, shadows
        # An epoch shows every case of the larger group once; the other group is gone through as often.
        self.cases = len(cases.labelled)
        if teacher is not None:
            self.cases = 2 * max(len(cases.labelled), len(cases.unlabelled))
        self._validation: list[XrayBatch] | None = None

    def kept(self, model: nn.Module) -> nn.Module:
        """The network without the alignment, which only training needs."""
        assert isinstance(model, Student)
        return model.network

    def stream(self, start: int, rank: int, processes: int) -> Numbered:
        """Endless batches: half labelled and half unlabelled, or all labelled."""
        semi = self._teacher is not None
        share = self.settings.batch // 2 if semi else self.settings.batch

        def make(number: int) -> XrayBatch:
            numbers = members(number, share, rank, processes)
            examples = [self._labelled(n) for n in numbers]
            if semi:
                examples += [self._unlabelled(n) for n in numbers]
            return _stack(examples)

        return Numbered(make, start)

    def _labelled(self, number: int) -> XrayBatch:
        cases = self.source
        rng = cases.rng(_LABELLED, number)
        case = cases.load(in_turn(cases.labelled, number, cases.seed, _LABELLED))
        points, labels = labelled_points(case, cases.points, self.settings.near_share, rng)
        return self._example(case, points, labels, rng)

    def _unlabelled(self, number: int) -> XrayBatch:
        cases = self.source
        rng = cases.rng(_UNLABELLED, number)
        entry: CaseEntry = in_turn(cases.unlabelled, number, cases.seed, _UNLABELLED)
        assert self._teacher is not None
        targets = self._teacher.targets(entry)
        count = len(targets.points)
        chosen = rng.choice(count, cases.points, replace=cases.points > count)
        points = cases.cube.to_mm(targets.points[chosen].astype(np.float64))
        example = self._example(cases.load(entry), points, targets.labels[chosen].astype(np.int64), rng)
        example.features = torch.from_numpy(targets.features[chosen].astype(np.float32))
        return example

    def _example(
        self, case: KneeCase, points: Points, labels: npt.NDArray[np.int64], rng: np.random.Generator | None
    ) -> XrayBatch:
        """A case without the batch dimension; pictures stay as they are without ``rng``."""
        pictures = case.pictures
        if rng is not None:
            pictures = np.stack(
                [
                    repainted_picture(picture, valid, self.settings.augmentation, rng)
                    for picture, valid in zip(pictures, case.valid, strict=True)
                ]
            )
        labels = np.where(seen(points, case), labels, IGNORED)
        pixels = self.source.dataset.settings.pixels
        projections = self.source.cube.unit_projections(case.projections, pixels)
        return XrayBatch(
            self._inputs(pictures, case.entry),
            torch.from_numpy(projections).float(),
            torch.from_numpy(self.source.cube.to_unit(points)).float(),
            torch.from_numpy(labels),
        )

    def _inputs(self, pictures: npt.NDArray[np.float32], entry: CaseEntry) -> Tensor:
        """(V, C, P, P) what the network takes of (V, P, P) pictures."""
        if self._kind == "contrast":
            return torch.from_numpy(np.stack([channels(picture) for picture in pictures]))
        images = torch.from_numpy(pictures)
        if self._kind == "raw":
            return images[:, None]
        assert self._shadows is not None
        return enhanced_channels(images[None], torch.from_numpy(self._shadows.masks(entry))[None])[0]

    def losses(self, model: Any, batch: XrayBatch) -> dict[str, Tensor]:
        """Eq. 7 and its parts; averaged over the stacks where the network supervises each of them."""
        encoding = self._encoding(model.network, batch)
        stages = [self._parts(model, stage, batch) for stage in getattr(encoding, "stages", [encoding])]
        return {name: torch.stack([stage[name] for stage in stages]).mean() for name in stages[0]}

    def _encoding(self, network: Any, batch: XrayBatch) -> Any:
        with torch.autocast(batch.images.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            encoding = network.encode(batch.images, batch.projections)
        return encoding.float()

    def _parts(self, model: Any, encoding: Any, batch: XrayBatch) -> dict[str, Tensor]:
        features = model.network.point_features(encoding, batch.points)
        with torch.autocast(features.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            logits = model.network.decode(features)
        logits = logits.float()
        if batch.features is None:
            return {"loss": occupancy_loss(logits, batch.labels)}
        first = len(batch.images) - len(batch.features)  # of the unlabelled cases
        parts = {
            "labelled": occupancy_loss(logits[:first], batch.labels[:first]),
            "pseudo": occupancy_loss(logits[first:], batch.labels[first:]),
            "distillation": logits.new_zeros(()),
        }
        if model.align is not None:
            aligned, counted = model.align(features[first:]), batch.labels[first:] != IGNORED
            parts["distillation"] = distillation_loss(aligned, batch.features, counted)
        unlabelled = unlabelled_loss(
            parts["pseudo"],
            parts["distillation"],
            pseudo_weight=self.weights.pseudo,
            distillation_weight=self.weights.distillation,
        )
        joint = joint_loss(parts["labelled"], unlabelled, pseudo_weight=self.weights.pseudo)
        return {"loss": joint, **parts}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Loss on near and uniform points of the validation cases, and DSC on the uniform ones."""
        network: Any = self.kept(model)
        scores = PointScores()
        for batch in self._held_out(model):
            logits = network.decode_points(self._encoding(network, batch), batch.points)
            scores.add(logits, batch.labels, batch.labels.shape[1] // 2)
        return scores.figures()

    def _held_out(self, model: nn.Module) -> list[XrayBatch]:
        if self._validation is None:
            self._validation = []
            for number, entry in enumerate(self.source.validation):
                case = self.source.load(entry)
                assert case.uniform is not None
                rng = self.source.rng(_VALIDATION, number)
                points, labels = labelled_points(case, 2 * len(case.uniform), 0.5, rng)
                self._validation.append(_stack([self._example(case, points, labels, None)]))
        device = next(model.parameters()).device
        return [
            XrayBatch(*(t.to(device) for t in (b.images, b.projections, b.points, b.labels)))
            for b in self._validation
        ]

    def pictures(self, model: nn.Module) -> Mapping[str, Picture]:
        """Input and sections of the first validation case."""
        network: Any = self.kept(model)
        batch = self._held_out(model)[0]
        encoding = self._encoding(network, batch)
        bones = self.source.load(self.source.validation[0]).bones()
        sections = field_sections(
            lambda points: network.decode_points(encoding, points.to(batch.points.device)),
            bones,
            self.source.cube,
        )
        views = batch.images[0].cpu().numpy()
        return {"input": grey(np.concatenate(np.concatenate(views, axis=1), axis=1)), **sections}


def seen(points: Points, case: KneeCase) -> npt.NDArray[np.bool_]:
    """Which of (N, 3) points in mm lie under an exposed pixel of every view."""
    result = np.ones(len(points), bool)
    for projection, valid in zip(case.projections, case.valid, strict=True):
        homogeneous = points @ projection[:, :3].T + projection[:, 3]
        column, row = (homogeneous[:, :2] / homogeneous[:, 2:]).round().astype(int).T
        inside = (column >= 0) & (column < valid.shape[1]) & (row >= 0) & (row < valid.shape[0])
        inside[inside] = valid[row[inside], column[inside]]
        result &= inside
    return result


def _stack(examples: list[XrayBatch]) -> XrayBatch:
    """Stack examples; the features of those that have some."""
    features = [e.features for e in examples if e.features is not None]
    return XrayBatch(
        torch.stack([e.images for e in examples]),
        torch.stack([e.projections for e in examples]),
        torch.stack([e.points for e in examples]),
        torch.stack([e.labels for e in examples]),
        torch.stack(features) if features else None,
    )
