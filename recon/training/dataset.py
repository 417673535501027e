"""Virtual knees for training: made from a seed, kept on disk, exposed anew at every reading."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from recon.population.sample import Sample, draw_sample
from recon.population.shape_model import ShapeModel

TEST_PEOPLE = (22, 23, 24, 25)
VALIDATION_PEOPLE = (20, 21)
TRAINING_PEOPLE = tuple(range(20))


@dataclass(frozen=True)
class SampleStore:
    """Samples of one shape model under consecutive seeds, made on demand and cached in a folder.

    Attributes:
        folder: where the samples lie; may be empty or partly filled.
        model: the shape model that every sample is drawn from.
        first_seed: seed of sample 0.
        count: number of samples.
    """

    folder: Path
    model: ShapeModel
    first_seed: int
    count: int

    def path(self, index: int) -> Path:
        """File of a sample; its name holds the seed, which determines the content."""
        return self.folder / f"{self.first_seed + index:08d}.npz"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.count:
            raise IndexError(index)
        self._make(index)
        with np.load(self.path(index)) as arrays:
            return Sample(**{name: arrays[name] for name in arrays.files})

    def _make(self, index: int) -> None:
        """Make a sample unless it is there, perhaps made by another process meanwhile."""
        if self.path(index).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        sample = draw_sample(self.model, self.first_seed + index)
        # Written beside and renamed, so that a killed run leaves no half sample.
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **asdict(sample))
        Path(name).rename(self.path(index))

    def fill(self, workers: int = 1) -> None:
        """Make every missing sample, in parallel, with a progress bar."""
        missing = [index for index in range(self.count) if not self.path(index).exists()]
        with ProcessPoolExecutor(workers) as pool:
            for _ in tqdm(pool.map(self._make, missing, chunksize=4), total=len(missing), unit="knee"):
                pass
