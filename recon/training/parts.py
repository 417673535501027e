"""The parts that can be trained, each made from a configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from recon.bar import Bar
from recon.errors import InputError
from recon.networks.build import build_network
from recon.output import check_writable
from recon.training.cases import Cases
from recon.training.checkpoint import load_weights
from recon.training.ct import CtTask
from recon.training.fractures import FracturesTask
from recon.training.frozen import Shadows, Teacher
from recon.training.loop import fit
from recon.training.model_files import ModelFiles
from recon.training.parallel import Team, team
from recon.training.segmentation import SegmentationTask
from recon.training.settings import FREE, Settings
from recon.training.ssr_kd import SsrKd
from recon.training.task import Progress, Task
from recon.training.virtual_knees import VirtualKneesTask
from recon.training.xray import SsrKdTask

Part = Literal["ct", "fractures", "segmentation", "xray"]
PARTS: tuple[Part, ...] = get_args(Part)
_KINDS = {
    "ct": ("vnet", "released_ct"),
    "fractures": ("fractures",),
    "segmentation": ("unet",),
    "xray": ("lift", "hourglass", "released", "volume_cnn"),
}


@dataclass(frozen=True)
class _Setup:
    """What a task is made from."""

    config: Mapping[str, Any]
    settings: Settings
    folder: Path
    seed: int
    device: torch.device

    def cases(self) -> Cases:
        """The cases that the data table names.

        Raises:
            InputError: whatever ``Cases.choose`` raises.
        """
        return Cases.choose(table(self.config, "data"), self.seed)


@dataclass(frozen=True)
class _Job:
    """What is trained, and what that rests on.

    Attributes:
        task: the network and what it learns.
        cases: of a data set; None where knees are drawn on the way.
        unlabelled: whether it looks at cases without labels.
        questions: what frozen networks are to be asked before the first step, in order.
        segmentation: weights of the network that makes its enhanced X-rays; None where it takes none.
    """

    task: Task
    cases: Cases | None = None
    unlabelled: bool = False
    questions: list[Callable[..., None]] = field(default_factory=list)
    segmentation: Path | None = None

    def check(self, team: Team, progress: Progress | None) -> None:
        """Make sure that the cases can be used.

        Raises:
            InputError: see ``Cases.check``.
        """
        if self.cases is None:
            return
        unlabelled = self.cases.unlabelled if self.unlabelled else []
        used = [*self.cases.labelled, *unlabelled, *self.cases.validation]
        if team.leads:
            with _shown(progress) as tell:
                self.cases.check(used, tell)
        team.wait()
        if not team.leads:  # they find what the first one wrote down
            self.cases.check(used)

    def ask(self, team: Team, progress: Progress | None) -> None:
        """Ask the frozen networks; each is let go when it has answered."""
        while self.questions:
            question = self.questions.pop(0)
            if team.leads:
                with _shown(progress) as tell:
                    question(progress=tell)


@contextmanager
def _shown(progress: Progress | None) -> Iterator[Progress | None]:
    """The progress that the caller gave; without one, a bar on a terminal."""
    if progress is not None:
        yield progress
        return
    with Bar() as bar:
        yield bar


def train(part: Part, config: Mapping[str, Any], folder: Path, *, progress: Progress | None = None) -> Path:
    """Train a part by a configuration; resumes when the folder holds a checkpoint.

    Args:
        part: "ct" (N_CT), "fractures" (what looks for breaks), "segmentation" (the U-Net on bone
            shadows) or "xray".
        config: a parsed TOML file, see ``recon/configs``: ``seed``, ``[PART.network]``, ``[PART.training]``,
            ``[data]``, and ``[ssr_kd]`` for "xray" on a data set.
        folder: where checkpoint, log and weights go.
        progress: told the stage ("check", "segmentation", "teacher", "train") and its share done; a bar on a
            terminal where it is None.

    Returns:
        The half-precision weights that did best on the validation people, ``folder / "PART.safetensors"``;
        beside them lies what ``--model`` of the reconstruction needs, see ``ModelFiles``.

    Raises:
        InputError: the configuration, the data set, a checkpoint or weights of another network cannot be
            used. All of it is known before any work is done.
    """
    if part not in PARTS:
        raise InputError("unknown_part", f"There is no part {part!r} to train", f"Use {', '.join(PARTS)}")
    settings = Settings.from_table(table(config, part, "training"))
    network_table = table(config, part, "network")
    _check_kind(part, network_table)
    seed = config.get("seed", 0)
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise InputError("bad_config", f"seed is {seed!r}", "Give a whole number from 0 on")
    check_writable(folder)
    identity: dict[str, Any] = {
        "part": part,
        "seed": seed,
        "network": dict(network_table),
        "training": {k: v for k, v in table(config, part, "training").items() if k not in FREE},
        "data": dict(table(config, "data")),
    }
    if part == "xray":
        identity["ssr_kd"] = _ssr_kd_identity(_ssr_kd_table(config))
    with team() as members:
        torch.manual_seed(seed)
        torch.set_num_threads(settings.threads)
        job = _JOBS[part](_Setup(config, settings, folder, seed, members.device))
        job.check(members, progress)
        if job.cases is not None:
            identity["digests"] = dict(job.cases.digests)
        json.dumps(identity)  # a value that no checkpoint can hold fails here, not in the middle
        return fit(
            job.task,
            settings,
            folder,
            model=_model_files(part, config, folder, job.segmentation),
            seed=seed,
            identity=identity,
            team=members,
            before=lambda: job.ask(members, progress),
            progress=progress,
        )


def _model_files(
    part: Part, config: Mapping[str, Any], folder: Path, segmentation: Path | None
) -> ModelFiles:
    """The files of a part's network, with those of the segmentation that it cannot be used without."""
    weights = folder / f"{part}.safetensors"
    if segmentation is None:
        return ModelFiles(weights, {part: table(config, part, "network")})
    tables = {name: table(config, name, "network") for name in (str(part), "segmentation")}
    return ModelFiles(weights, tables, segmentation.read_bytes())


def _ssr_kd_identity(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The ssr_kd table with frozen weights by their content: where they and the cache lie does not matter."""
    frozen = {key: Path(str(chosen.get(key) or "")) for key in ("teacher", "segmentation")}
    digests = {k: hashlib.sha256(p.read_bytes()).hexdigest() for k, p in frozen.items() if p.is_file()}
    return {key: value for key, value in chosen.items() if key not in (*frozen, "cache")} | digests


def table(config: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """A table of a configuration.

    Raises:
        InputError: bad_config, where it is missing.
    """
    found: Any = config
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        raise InputError(
            "bad_config", f"The configuration has no table [{'.'.join(names)}]", "Add it, see recon/configs"
        )
    return found


def _ssr_kd_table(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ssr_kd table, which may be left out."""
    return table(config, "ssr_kd") if "ssr_kd" in config else {}


def _check_kind(part: str, network: Mapping[str, Any]) -> None:
    kind = network.get("kind", "lift")
    if kind not in _KINDS[part]:
        raise InputError(
            "bad_config", f"A network of kind {kind!r} is no {part} network", f"Use {', '.join(_KINDS[part])}"
        )


def _ct(setup: _Setup) -> _Job:
    network: Any = build_network(table(setup.config, "ct", "network"))
    cases = setup.cases()
    return _Job(CtTask(network, cases, setup.settings, size=network.config.size), cases)


def _segmentation(setup: _Setup) -> _Job:
    network = build_network(table(setup.config, "segmentation", "network"))
    cases = setup.cases()
    return _Job(SegmentationTask(network, cases, setup.settings), cases)


def _fractures(setup: _Setup) -> _Job:
    network: Any = build_network(table(setup.config, "fractures", "network"))
    return _Job(FracturesTask(network, table(setup.config, "data"), setup.settings, setup.seed))


def _xray(setup: _Setup) -> _Job:
    config, settings = setup.config, setup.settings
    data = table(config, "data")
    network: Any = build_network(table(config, "xray", "network"))
    if "dataset" not in data:
        return _Job(VirtualKneesTask(network, data, settings, setup.folder / "knees", setup.seed))
    weights = SsrKd.from_table(_ssr_kd_table(config))
    cases = setup.cases()
    _check_xray(network, cases, settings, weights)
    root = Path(weights.cache) if weights.cache else setup.folder / "cache"
    check_writable(root)
    # Both frozen networks are read here, and asked when nothing can be refused any more: it takes a while.
    questions: list[Callable[..., None]] = []
    teacher = shadows = None
    channels = 0
    if weights.semi_supervised:
        taught = _frozen(config, "ct", weights.teacher, "teacher").to(setup.device)
        channels = taught.feature_channels
        origin = table(config, "ct", "network")
        teacher = Teacher(cases, Path(weights.teacher), root, points=weights.points, network=origin)
        questions.append(partial(teacher.prepare, taught))
    if network.input_kind == "enhanced":
        seen = _frozen(config, "segmentation", weights.segmentation, "segmentation").to(setup.device)
        origin = table(config, "segmentation", "network")
        shadows = Shadows(cases, Path(weights.segmentation), root, network=origin)
        entries = [*cases.labelled, *cases.validation, *(cases.unlabelled if teacher else ())]
        # First, since it knows of weights that are no good after a few pictures.
        questions.insert(0, partial(shadows.prepare, seen, entries))
    task = SsrKdTask(
        network, cases, settings, weights, teacher=teacher, teacher_channels=channels, shadows=shadows
    )
    segmentation = Path(weights.segmentation) if shadows is not None else None
    return _Job(task, cases, weights.semi_supervised, questions, segmentation)


def _check_xray(network: Any, cases: Cases, settings: Settings, weights: SsrKd) -> None:
    """Refuse what does not fit together, before any frozen network is read."""
    if network.views not in (None, len(cases.views)):
        raise InputError(
            "bad_config",
            f"The network takes {network.views} views and the data table names {len(cases.views)}",
            "Name as many views as the network has encoders",
        )
    if weights.semi_supervised and settings.batch % 2:
        raise InputError(
            "bad_config",
            f"A batch of {settings.batch} cannot be half labelled and half unlabelled",
            "Give an even batch",
        )
    if weights.semi_supervised and not cases.unlabelled:
        raise InputError(
            "no_unlabelled_case",
            f"{cases.dataset.folder} has no unlabelled case for training",
            "Add some, or set pseudo and distillation to 0",
        )


def _frozen(config: Mapping[str, Any], part: Part, weights: str, what: str) -> Any:
    """A trained network of another part, in evaluation mode.

    Raises:
        InputError: no_weights, wrong_weights, bad_config.
    """
    if not weights:
        raise InputError(
            "no_weights", f"The ssr_kd table names no weights for {what!r}", f"Train {part} and give its path"
        )
    network = build_network(table(config, part, "network"))
    load_weights(network, Path(weights), what)
    return network.eval()


_JOBS: dict[Part, Callable[[_Setup], _Job]] = {
    "ct": _ct,
    "fractures": _fractures,
    "segmentation": _segmentation,
    "xray": _xray,
}
