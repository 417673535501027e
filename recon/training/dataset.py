"""Virtual knees for training: made from a seed, kept on disk, exposed anew at every reading."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from recon.population.sample import OffModel, Rare, Sample, draw_sample, draw_scan_sample
from recon.population.scans import Scan
from recon.population.shape_model import ShapeModel

TEST_PEOPLE = (22, 23, 24, 25)
VALIDATION_PEOPLE = (20, 21)
TRAINING_PEOPLE = tuple(range(20))
TRAINING_OTHERS = ("hubmap_vhm", "pymskt_dess1", "sts_042", "sts_051")  # see recon/population/others.py
TRAINING_SCANS = ("sts_013", "sts_042", "sts_051")  # sts_010, sts_028 and the Visible Human are test people
SCAN_SHARE = 0.06


def read_scans(folder: Path | None) -> tuple[Scan, ...]:
    """The training CTs in a folder, those that are there; none without a folder."""
    if folder is None:
        return ()
    return tuple(Scan.read(path) for name in TRAINING_SCANS if (path := folder / f"{name}.nii.gz").exists())


@dataclass(frozen=True)
class SampleStore:
    """Samples of one shape model under consecutive seeds, made on demand and cached in a folder.

    Attributes:
        folder: where the samples lie; may be empty or partly filled.
        model: the shape model that every sample is drawn from.
        first_seed: seed of sample 0.
        count: number of samples.
        scans: CTs that ``SCAN_SHARE`` of the samples show in place of virtual knees.
        off: how the bones leave the shape model.
        rare: how many of the virtual knees are those of which there are few.
    """

    folder: Path
    model: ShapeModel
    first_seed: int
    count: int
    scans: tuple[Scan, ...] = ()
    off: OffModel = field(default_factory=OffModel)
    rare: Rare = field(default_factory=Rare)

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
        seed = self.first_seed + index
        choice = np.random.default_rng((seed, 1)).random()
        if self.scans and choice < SCAN_SHARE:
            sample = draw_scan_sample(self.scans, seed)
        else:
            sample = draw_sample(self.model, seed, off=self.off, rare=self.rare)
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
