"""What frozen networks say of each case: computed once, kept on disk, read at every step.

The V-Net sees a case for seconds, a training step reads it in milliseconds, and the teacher never changes:
it must not run in the loop. The same holds for the segmentation whose masks enhance the pictures.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from recon.dataset import CaseEntry
from recon.errors import InputError
from recon.networks.enhance import bone_shadow
from recon.networks.vnet import normalise_hu
from recon.training.augment_volume import moved
from recon.training.cases import Cases
from recon.training.losses import IGNORED
from recon.training.task import Progress

_TEACHER = 20  # purpose of random numbers


@dataclass(frozen=True)
class Targets:
    """What the teacher says of a case without labels.

    Attributes:
        points: (N, 3) uniform in the unit cube.
        labels: (N,) most probable bone, 0 outside, or ``IGNORED`` where the CT had ended.
        features: (N, C) voxel-aligned features.
    """

    points: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int16]
    features: npt.NDArray[np.float16]


class Cache:
    """Arrays of cases under names that change with whatever they were computed from."""

    def __init__(self, cases: Cases, root: Path, name: str, weights: Path, **origin: Any) -> None:
        self._cases = cases
        key = hashlib.sha256(weights.read_bytes() + json.dumps(origin, sort_keys=True).encode())
        self.folder = root / f"{name}-{key.hexdigest()[:16]}"

    def path(self, entry: CaseEntry) -> Path:
        """The file of a case with its present content."""
        return self.folder / f"{entry.id}-{self._cases.digest(entry)}.npz"

    def missing(self, entries: Sequence[CaseEntry]) -> list[CaseEntry]:
        """Cases that are still to be computed."""
        return [entry for entry in entries if not self.path(entry).exists()]

    def write(self, entry: CaseEntry, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep the arrays of a case, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **dict(arrays))  # type: ignore[arg-type]
        Path(name).replace(self.path(entry))

    def read(self, entry: CaseEntry) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a case."""
        with np.load(self.path(entry)) as arrays:
            return {name: arrays[name] for name in arrays.files}


class Teacher:
    """The trained N_CT, asked once a case at many points (paper, SSR-KD step 2)."""

    def __init__(
        self, cases: Cases, weights: Path, root: Path, *, points: int, network: Mapping[str, Any]
    ) -> None:
        self._cases, self._points = cases, points
        self._cache = Cache(
            cases, root, "teacher", weights, points=points, network=dict(network), seed=cases.seed
        )

    @torch.no_grad()
    def prepare(self, network: Any, *, progress: Progress | None) -> None:
        """Ask the teacher about every unlabelled case that was not asked about before."""
        missing = self._cache.missing(self._cases.unlabelled)
        network.eval()
        size, device = network.config.size, next(network.parameters()).device
        for done, entry in enumerate(missing):
            if progress:
                progress("teacher", done / len(missing))
            case, cube = self._cases.load(entry), self._cases.cube
            rng = np.random.default_rng((self._cases.seed, _TEACHER, *entry.id.encode()))
            unit = rng.uniform(-1, 1, (self._points, 3))
            hu, _, _ = moved(case.volume(), unit, np.zeros(len(unit), np.int64), size, 0.0, rng)
            encoding = network.encode(torch.from_numpy(normalise_hu(hu))[None, None].to(device)).float()
            features = network.point_features(encoding, torch.from_numpy(unit).float()[None].to(device))
            labels = network.decode(features)[0].argmax(-1).cpu().numpy().astype(np.int16)
            low, high = cube.to_unit(case.box)
            labels[((unit < low) | (unit > high)).any(axis=1)] = IGNORED
            self._cache.write(
                entry,
                {
                    "points": unit.astype(np.float32),
                    "labels": labels,
                    "features": features[0].cpu().numpy().astype(np.float16),
                },
            )

    def targets(self, entry: CaseEntry) -> Targets:
        """What the teacher said of a case."""
        return Targets(**self._cache.read(entry))


class Shadows:
    """Masks of the bone shadows by the frozen segmentation network (paper, Eq. 8)."""

    def __init__(self, cases: Cases, weights: Path, root: Path, *, network: Mapping[str, Any]) -> None:
        self._cases = cases
        self._cache = Cache(cases, root, "shadows", weights, network=dict(network), views=cases.views)

    @torch.no_grad()
    def prepare(self, network: nn.Module, entries: Sequence[CaseEntry], *, progress: Progress | None) -> None:
        """Segment the chosen views of every case that was not segmented before.

        Raises:
            InputError: empty_mask, where the network finds no bone in most pictures.
        """
        missing = self._cache.missing(entries)
        network.eval()
        empty = seen = 0
        for done, entry in enumerate(missing):
            if progress:
                progress("segmentation", done / len(missing))
            case = self._cases.load(entry)
            pictures = torch.from_numpy(case.pictures)[None].to(next(network.parameters()).device)
            masks = bone_shadow(network, pictures)[0].cpu().numpy() & case.valid
            empty, seen = empty + int((~masks.any(axis=(1, 2))).sum()), seen + len(masks)
            if seen >= 20 and empty > seen / 2:
                raise InputError(
                    "empty_mask",
                    f"The segmentation network finds no bone in {empty} of {seen} pictures",
                    "Train the segmentation longer, or give its right weights",
                )
            self._cache.write(entry, {"masks": masks})

    def masks(self, entry: CaseEntry) -> npt.NDArray[np.bool_]:
        """(V, P, P) masks of the chosen views."""
        return self._cache.read(entry)["masks"]
