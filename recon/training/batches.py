"""From stored samples to what a training step eats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.utils.data import IterableDataset

from recon.networks.picture import PIXELS, channels
from recon.population.sample import CUBE, Sample
from recon.population.scans import UNKNOWN
from recon.training.dataset import SampleStore
from recon.training.exposure import expose

IGNORED = -1
_RECENT = 4000


@dataclass
class Batch:
    """Tensors of one step.

    Attributes:
        images: (B, V, 2, P, P).
        projections: (B, V, 3, 4) from the unit cube to picture coordinates.
        points: (B, N, 3) in the unit cube.
        labels: (B, N) bone, 0 outside, ``IGNORED`` where some view does not see the point.
        lengths: (B, V, 4, P/2, P/2) path lengths through each bone in mm, negative where unknown or unseen.
    """

    images: Tensor
    projections: Tensor
    points: Tensor
    labels: Tensor
    lengths: Tensor


def _misplaced(
    projection: npt.NDArray[np.float64], rng: np.random.Generator, *, badly: bool
) -> npt.NDArray[np.float64]:
    """A projection as a C-arm reports it: a little off the true one, or up to 2 degrees and 3 mm."""
    if badly:
        axis, shift = rng.normal(size=(2, 3))
        turn = axis / np.linalg.norm(axis) * rng.uniform(0, 2)
        shift = shift / np.linalg.norm(shift) * rng.uniform(0, 3)
    else:
        turn, shift = rng.normal(0, 0.6, (2, 3))
    world = np.eye(4)
    world[:3, :3] = Rotation.from_rotvec(np.deg2rad(turn)).as_matrix()
    world[:3, 3] = shift
    return np.asarray(projection @ world)


def example(sample: Sample, count: int, rng: np.random.Generator, *, exact: bool = False) -> Batch:
    """One knee under a random exposure, without the batch dimension; ``exact`` keeps the true geometry."""
    chosen = rng.choice(len(sample.points), count, replace=False)
    points, labels = sample.points[chosen].astype(np.float64), sample.labels[chosen].astype(np.int64)
    labels[labels == UNKNOWN] = IGNORED
    images, projections, lengths = [], [], []
    error = 0.0 if exact else rng.random()  # the geometry is exact, slightly wrong or wrong
    for layers, shadows, projection in zip(
        sample.layers, sample.shadows, sample.projections.astype(np.float64), strict=True
    ):
        picture, valid = expose(layers, sample.attenuation, rng)
        homogeneous = points @ projection[:, :3].T + projection[:, 3]
        column, row = (homogeneous[:, :2] / homogeneous[:, 2:]).round().astype(int).T
        seen = (column >= 0) & (column < PIXELS) & (row >= 0) & (row < PIXELS)
        seen[seen] = valid[row[seen], column[seen]]
        labels[~seen] = IGNORED
        images.append(channels(picture))
        lengths.append(np.where(valid[::2, ::2], shadows.astype(np.float32), -1))
        projections.append(_misplaced(projection, rng, badly=error > 0.9) if error > 0.6 else projection)
    return Batch(
        torch.from_numpy(np.stack(images)),
        torch.from_numpy(CUBE.unit_projections(np.stack(projections), PIXELS)).float(),
        torch.from_numpy(CUBE.to_unit(points)).float(),
        torch.from_numpy(labels),
        torch.from_numpy(np.stack(lengths)),
    )


def collate(examples: list[Batch]) -> Batch:
    """Stack examples into a batch."""
    return Batch(*(torch.stack([getattr(e, name) for e in examples]) for name in Batch.__annotations__))


class Steps(IterableDataset[Batch]):
    """An endless, reproducible stream of batches: step ``k`` is the same whenever it is reached.

    Every ``readings``-th knee is new, the others come again from among the ``_RECENT`` newest, so that
    generation, exposure and network share the processors evenly from the first step on.
    """

    def __init__(
        self, store: SampleStore, *, batch: int, points: int, seed: int, start: int, readings: int = 1
    ) -> None:
        self.store, self.batch, self.points, self.seed, self.start = store, batch, points, seed, start
        self.readings = readings

    def index(self, number: int) -> int:
        """Which sample the ``number``-th example of the stream shows."""
        newest, turn = divmod(number, self.readings)
        if turn:
            oldest = max(0, newest - _RECENT)
            newest = int(np.random.default_rng((self.seed, number, 1)).integers(oldest, newest + 1))
        return newest % len(self.store)

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        offset, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        step = self.start + offset
        while True:
            rng = np.random.default_rng((self.seed, step))
            numbers = range(step * self.batch, (step + 1) * self.batch)
            yield collate([example(self.store[self.index(n)], self.points, rng) for n in numbers])
            step += stride
