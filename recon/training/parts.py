"""The parts that can be trained, each made from a configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from recon.errors import InputError
from recon.networks.build import build_network
from recon.training.cases import Cases
from recon.training.checkpoint import load_weights
from recon.training.ct import CtTask
from recon.training.frozen import Shadows, Teacher
from recon.training.loop import fit
from recon.training.parallel import Team, team
from recon.training.segmentation import SegmentationTask
from recon.training.settings import FREE, Settings
from recon.training.ssr_kd import SsrKd
from recon.training.task import Progress, Task
from recon.training.virtual_knees import VirtualKneesTask
from recon.training.xray import SsrKdTask

Part = Literal["ct", "segmentation", "xray"]
PARTS: tuple[Part, ...] = get_args(Part)
_KINDS = {
    "ct": ("vnet", "released_ct"),
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
    team: Team
    progress: Progress | None

    def cases(self, *, unlabelled: bool = False) -> Cases:
        """The cases that the data table names; those that are used are checked, perhaps unlabelled ones too.

        Raises:
            InputError: whatever ``Cases.choose`` and ``Cases.check`` raise.
        """
        cases = Cases.choose(table(self.config, "data"), self.seed)
        used = [*cases.labelled, *(cases.unlabelled if unlabelled else ()), *cases.validation]
        if self.team.leads:
            cases.check(used, self.progress)
        self.team.wait()
        cases.check(used)  # the other processes find what the first one wrote down
        return cases


def train(part: Part, config: Mapping[str, Any], folder: Path, *, progress: Progress | None = None) -> Path:
    """Train a part by a configuration; resumes when the folder holds a checkpoint.

    Args:
        part: "ct" (N_CT), "segmentation" (the U-Net on bone shadows) or "xray".
        config: a parsed TOML file, see ``recon/configs``: ``seed``, ``[PART.network]``, ``[PART.training]``,
            ``[data]``, and ``[ssr_kd]`` for "xray" on a data set.
        folder: where checkpoint, log and weights go.
        progress: told the stage and its share done; a bar on a terminal where it is None.

    Returns:
        The half-precision weights that did best on the validation people, ``folder / "PART.safetensors"``.

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
    if not isinstance(seed, int) or seed < 0:
        raise InputError("bad_config", f"seed is {seed!r}", "Give a whole number from 0 on")
    identity = {
        "part": part,
        "seed": seed,
        "network": dict(network_table),
        "training": {k: v for k, v in table(config, part, "training").items() if k not in FREE},
        "data": dict(table(config, "data")),
    }
    if part == "xray":
        identity["ssr_kd"] = _ssr_kd_identity(config.get("ssr_kd", {}))
    weights = folder / f"{part}.safetensors"
    with team() as members:
        torch.manual_seed(seed)
        torch.set_num_threads(settings.threads)
        task = _TASKS[part](_Setup(config, settings, folder, seed, members, progress))
        json.dumps(identity)  # a value that no checkpoint can hold fails here, not in the middle
        folder.mkdir(parents=True, exist_ok=True)
        return fit(
            task,
            settings,
            folder,
            weights=weights,
            seed=seed,
            identity=identity,
            team=members,
            progress=progress,
        )


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


def _check_kind(part: str, network: Mapping[str, Any]) -> None:
    kind = network.get("kind", "lift")
    if kind not in _KINDS[part]:
        raise InputError(
            "bad_config", f"A network of kind {kind!r} is no {part} network", f"Use {', '.join(_KINDS[part])}"
        )


def _ct(setup: _Setup) -> Task:
    network: Any = build_network(table(setup.config, "ct", "network"))
    return CtTask(network, setup.cases(), setup.settings, size=network.config.size)


def _segmentation(setup: _Setup) -> Task:
    network = build_network(table(setup.config, "segmentation", "network"))
    return SegmentationTask(network, setup.cases(), setup.settings)


def _xray(setup: _Setup) -> Task:
    config, settings = setup.config, setup.settings
    data = table(config, "data")
    network: Any = build_network(table(config, "xray", "network"))
    if "dataset" not in data:
        return VirtualKneesTask(network, data, settings, setup.folder / "knees", setup.seed)
    weights = SsrKd.from_table(config.get("ssr_kd", {}))
    cases = setup.cases(unlabelled=weights.semi_supervised)
    _check_xray(network, cases, settings, weights)
    # Both frozen networks are read before either is asked, which takes a while.
    teacher_network = shadow_network = None
    if weights.semi_supervised:
        teacher_network = _frozen(config, "ct", weights.teacher, "teacher")
    if network.input_kind == "enhanced":
        shadow_network = _frozen(config, "segmentation", weights.segmentation, "segmentation")
    root = Path(weights.cache) if weights.cache else setup.folder / "cache"
    teacher = shadows = None
    if shadow_network is not None:
        origin = table(config, "segmentation", "network")
        shadows = Shadows(cases, Path(weights.segmentation), root, network=origin)
        if setup.team.leads:
            entries = [*cases.labelled, *cases.validation, *(cases.unlabelled if teacher_network else ())]
            shadows.prepare(shadow_network.to(setup.team.device), entries, progress=setup.progress)
    if teacher_network is not None:
        origin = table(config, "ct", "network")
        teacher = Teacher(cases, Path(weights.teacher), root, points=weights.points, network=origin)
        if setup.team.leads:
            teacher.prepare(teacher_network.to(setup.team.device), progress=setup.progress)
    setup.team.wait()
    channels = teacher_network.feature_channels if teacher_network is not None else 0
    return SsrKdTask(
        network, cases, settings, weights, teacher=teacher, teacher_channels=channels, shadows=shadows
    )


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


_TASKS: dict[str, Callable[[_Setup], Task]] = {"ct": _ct, "segmentation": _segmentation, "xray": _xray}
