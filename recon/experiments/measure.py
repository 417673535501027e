"""Bones of every case by a method, and how close they are to the truth; each case is measured once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from recon.bones import Bone, BoneSet
from recon.dataset import Dataset, KneeCase
from recon.errors import InputError
from recon.experiments.definition import Kind, Method
from recon.experiments.results import FIGURES
from recon.experiments.runs import Runs, Training, digest
from recon.field_of_view import FieldOfView
from recon.metrics import compare, sample_surface
from recon.output import output_folder

Progress = Callable[[str, float], None]
_FILE = "figures.json"
_VERSION = 2  # raise when the way of measuring changes, so that nothing old is reused


@dataclass(frozen=True, eq=False)
class Measurement:
    """A method to be measured on cases of a data set.

    Attributes:
        method: what.
        training: its network; for a fit, the segmentation that finds the bones' shadows.
        dataset: folder of the data set that holds the cases.
        fingerprint: hash of that data set's manifest.
        cases: ids.
        resolution: grid cells along an edge of the cube.
    """

    method: Method
    training: Training
    dataset: Path
    fingerprint: str
    cases: tuple[str, ...]
    resolution: int

    @cached_property
    def key(self) -> str:
        """Name of the results: equal for equal figures."""
        what = {
            "version": _VERSION,
            "kind": self.method.kind,
            "views": self.method.views,
            "training": self.training.key,
            "people": self.fingerprint,
            "resolution": self.resolution,
        }
        return f"{self.method.kind}-{digest(what)}"

    def folder(self, runs: Runs) -> Path:
        """Where results lie: a folder a case."""
        return runs.folder / "results" / self.key

    def done(self, runs: Runs) -> bool:
        """Whether every case is measured."""
        return all((self.folder(runs) / case / _FILE).is_file() for case in self.cases)

    def read(self, runs: Runs, case: str) -> dict[str, Any]:
        """What was measured: ``bones`` (figures by name, empty where left out), ``seconds`` and
        ``processor_seconds`` of the reconstruction."""
        document: dict[str, Any] = json.loads((self.folder(runs) / case / _FILE).read_text())
        return document

    def bones(self, runs: Runs, case: str) -> BoneSet:
        """The bones that the method made; may be empty."""
        try:
            return BoneSet.read(self.folder(runs) / case)
        except InputError:
            return BoneSet({})


def judged_field(dataset: Dataset, case: KneeCase) -> FieldOfView:
    """What every view of the data set sees, so that figures of different views share one region."""
    return dataset.load(case.entry, dataset.settings.views).field_of_view()


def measure(measurement: Measurement, runs: Runs, progress: Progress | None = None) -> None:
    """Reconstruct and judge every case that is not measured yet.

    Raises:
        InputError: no_weights, or anything wrong with the data set.
    """
    dataset = Dataset.open(measurement.dataset)
    entries = {entry.id: entry for entry in dataset.manifest.cases}
    method: Callable[[KneeCase], BoneSet] | None = None
    for number, name in enumerate(measurement.cases):
        if progress is not None:
            progress("measure", number / len(measurement.cases))
        out = measurement.folder(runs) / name
        if (out / _FILE).is_file():
            continue
        method = method or _reconstructor(measurement, runs)
        case = dataset.load(entries[name], measurement.method.views)
        began, worked = time.monotonic(), time.process_time()
        bones = method(case)
        times = {
            "seconds": round(time.monotonic() - began, 2),
            "processor_seconds": round(time.process_time() - worked, 2),
        }
        judged = judge(bones, case.bones(), judged_field(dataset, case))
        with output_folder(out, replaces=[f"{bone.label}.ply" for bone in Bone]) as folder:
            bones.write(folder)
            (folder / _FILE).write_text(json.dumps({"bones": judged, **times}) + "\n")
    if progress is not None:
        progress("measure", 1.0)


def judge(predicted: BoneSet, truth: BoneSet, field: FieldOfView) -> dict[str, Mapping[str, float | None]]:
    """Figures of every bone in view by name; empty where the prediction lacks it there."""
    judged: dict[str, Mapping[str, float | None]] = {}
    for bone, reference in truth.items():
        if sample_surface(reference, field, count=256) is None:
            continue
        judged[bone.label] = {}
        if bone not in predicted:
            continue
        try:
            metrics = compare(predicted[bone], reference, field, seed=10 * bone)
        except InputError as error:
            if error.code != "empty_bone":
                raise
            continue
        if metrics is not None:
            figures = asdict(metrics)
            judged[bone.label] = {name: figures[name] for name in FIGURES}
    return judged


def _reconstructor(measurement: Measurement, runs: Runs) -> Callable[[KneeCase], BoneSet]:
    """From a case to bones, with everything loaded."""
    if measurement.method.kind is Kind.NETWORK:
        from recon.experiments.predict import network_method

        return network_method(measurement.training, runs, measurement.resolution)
    if measurement.method.kind is Kind.CT:
        from recon.experiments.predict import ct_method

        return ct_method(measurement.training, runs, measurement.resolution)
    from recon.experiments.fits import fit_method

    return fit_method(measurement.method.kind, measurement.training, runs)
