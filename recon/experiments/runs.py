"""Trainings that experiments share: a run is known by what determines its weights, and is made only once."""

from __future__ import annotations

import copy
import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from recon.errors import InputError

# Settings that change the course of a run but not its weights.
_NO_EFFECT = ("checkpoint_minutes", "log_every", "workers", "threads")
# What of ``[data]`` a part does not look at.
_IGNORED_DATA: Mapping[str, tuple[str, ...]] = {
    "ct": ("views", "unlabelled"),
    "segmentation": ("unlabelled",),
    "xray": (),
}
_DONE = "done.json"

Part = Literal["ct", "segmentation", "xray"]


def digest(value: Any) -> str:
    """A short hash of anything that JSON can hold."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Training:
    """A network to be trained.

    Attributes:
        part: ``"ct"``, ``"segmentation"`` or ``"xray"``.
        config: the whole configuration, without the paths of data set, teacher and segmentation.
        dataset: folder of the data set.
        fingerprint: hash of the data set's manifest.
        teacher: CT network that gives pseudo labels and features; None where nothing is learnt from it.
        segmentation: network that makes the enhanced X-ray; None where the network takes none.
        given: weights that were trained elsewhere; nothing is trained where they are stated.
    """

    part: Part
    config: Mapping[str, Any]
    dataset: Path
    fingerprint: str
    teacher: Training | None = None
    segmentation: Training | None = None
    given: Path | None = None

    @property
    def kind(self) -> str:
        """Kind of the network."""
        return str(self.config[self.part]["network"]["kind"])

    @cached_property
    def effective(self) -> dict[str, Any]:
        """Everything that determines the weights, and nothing else."""
        if self.given is not None:
            weights = hashlib.sha256(self.given.read_bytes()).hexdigest()
            return {"part": self.part, "network": self.config[self.part]["network"], "weights": weights}
        tables = copy.deepcopy({key: self.config[key] for key in (self.part, "data")})
        for name in _NO_EFFECT:
            tables[self.part]["training"].pop(name, None)
        for name in _IGNORED_DATA[self.part]:
            tables["data"].pop(name, None)
        tables["data"].pop("dataset", None)
        effective = {"part": self.part, "seed": self.config["seed"], "people": self.fingerprint, **tables}
        if self.part == "xray":
            table = {k: v for k, v in self.config.get("ssr_kd", {}).items() if k != "cache"}
            effective["ssr_kd"] = table | {
                name: run.key if run else None
                for name, run in (("teacher", self.teacher), ("segmentation", self.segmentation))
            }
        return effective

    @cached_property
    def key(self) -> str:
        """Name of the run: equal for equal effective configurations."""
        return f"{self.part}-{self.kind}-{digest(self.effective)}"

    @property
    def needs(self) -> tuple[Training, ...]:
        """Trainings that must end before this one."""
        return tuple(run for run in (self.teacher, self.segmentation) if run is not None)


@dataclass(frozen=True)
class Runs:
    """A folder of runs.

    Attributes:
        folder: where they lie; may not exist yet.
    """

    folder: Path

    def of(self, training: Training) -> Path:
        """Folder of a run."""
        return self.folder / training.key

    def weights(self, training: Training) -> Path | None:
        """Weights of a finished run, or those that were given."""
        if training.given is not None:
            return training.given
        done = self._done(training)
        path = self.of(training) / done["weights"] if done else None
        return path if path is not None and path.is_file() else None

    def seconds(self, training: Training) -> float | None:
        """How long a finished run took by the clock."""
        done = self._done(training)
        return float(done["seconds"]) if done else None

    def processor_seconds(self, training: Training) -> float | None:
        """Processor time of a finished run, which does not depend on what else the machine did."""
        done = self._done(training)
        return float(done["processor_seconds"]) if done else None

    def begun(self, training: Training) -> bool:
        """Whether a run was interrupted and would go on."""
        return self.of(training).is_dir() and self.weights(training) is None

    def usual_seconds(self, training: Training) -> float | None:
        """How long finished runs of the same part and kind took on average."""
        found = [
            json.loads(path.read_text())["seconds"]
            for path in self.folder.glob(f"{training.part}-{training.kind}-*/{_DONE}")
        ]
        return sum(found) / len(found) if found else None

    def config(self, training: Training) -> dict[str, Any]:
        """The configuration as ``recon.training.train`` takes it, with all paths.

        Raises:
            InputError: no_weights where the teacher or the segmentation is not trained.
        """
        config = copy.deepcopy(dict(training.config))
        config["data"]["dataset"] = str(training.dataset.resolve())
        for name in _IGNORED_DATA[training.part]:
            config["data"].pop(name, None)
        if training.part == "xray":
            table = config.setdefault("ssr_kd", {})
            # What frozen networks say of a case is the same for every run that asks them.
            table["cache"] = str((self.folder / "cache").resolve())
            for name, run in (("teacher", training.teacher), ("segmentation", training.segmentation)):
                table.pop(name, None)
                if run is not None:
                    table[name] = str(self.require(run))
        return config

    def require(self, training: Training) -> Path:
        """Weights of a run that must be finished.

        Raises:
            InputError: no_weights.
        """
        weights = self.weights(training)
        if weights is None:
            raise InputError(
                "no_weights", f"{self.of(training)} holds no finished run", "Start the experiment again"
            )
        return weights

    def finish(self, training: Training, progress: Callable[[str, float], None] | None = None) -> Path:
        """Train, or go on, unless the run is finished; a second process that asks waits for the first.

        Raises:
            InputError: as ``recon.training.train``.
        """
        folder = self.of(training)
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "lock"):
            finished = self.weights(training)
            if finished is not None:
                return finished
            from recon.training import train

            (folder / "effective.json").write_text(json.dumps(training.effective, indent=1) + "\n")
            clock = _Clock(folder / "seconds.json")

            def tell(stage: str, fraction: float) -> None:
                clock.write()
                if progress is not None:  # what comes before the first step is little of the whole
                    progress(stage, fraction if stage == "train" else 0.0)

            weights = train(training.part, self.config(training), folder, progress=tell)
            done = {"weights": weights.relative_to(folder).as_posix(), **clock.read()}
            temporary = folder / f"{_DONE}.part"
            temporary.write_text(json.dumps(done) + "\n")
            temporary.replace(folder / _DONE)
            return weights

    def _done(self, training: Training) -> dict[str, Any] | None:
        path = self.of(training) / _DONE
        return json.loads(path.read_text()) if path.is_file() else None


class _Clock:
    """Seconds of a run by the clock and of the processor, over all its continuations."""

    def __init__(self, path: Path) -> None:
        self._path, self._began = path, (time.monotonic(), time.process_time())
        self._before = json.loads(path.read_text()) if path.is_file() else {}

    def read(self) -> dict[str, float]:
        names, now = ("seconds", "processor_seconds"), (time.monotonic(), time.process_time())
        return {
            name: round(self._before.get(name, 0.0) + at - began, 1)
            for name, at, began in zip(names, now, self._began, strict=True)
        }

    def write(self) -> None:
        self._path.write_text(json.dumps(self.read()))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
