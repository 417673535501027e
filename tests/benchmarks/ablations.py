"""What each part of the default way is worth, on the validation people.

``python -m tests.benchmarks.ablations [--quick] [--shipped] [--only NAME ...] [--minutes M] [--knees N]
[--folder F]``. Networks with one part taken away, and the paper's, are trained from random weights for the
same processor time on the same number of virtual knees; what needs no training is taken away from the
shipped model (``--shipped``: only that). A run that was stopped goes on in its folder; runs with ``--only``
train different networks there side by side, and one without collects the table.

- Knees: of the validation people (LLP26 20 and 21) as CT phantoms in voxels, X-rayed by the projector for
  CTs, neither of which training used. No real CT takes part: that of the only person whom neither training
  nor test uses (``sts_017``) has no whole bones at any threshold. Trained networks are judged without
  refinement, so that nothing hides what they know.
- The paper's network is that of ``recon/configs/small.toml``: its layers with the channels that this time
  can train. It sees the X-rays without the enhancement that its segmentation would add.
- Minutes of one processor, where the shipped weights had half a day: what is worth little here may be worth
  more then.
"""

from __future__ import annotations

import argparse
import copy
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch

from recon.bones import Bone, BoneSet
from recon.errors import InputError
from recon.field_of_view import FieldOfView
from recon.gridded import gridded
from recon.images import read_pair
from recon.metrics import evaluate_bones
from recon.networks.build import build_network
from recon.networks.registry import find
from recon.population.sample import person_bones
from recon.prediction import CUBE, bones_of_field, load_network
from recon.reconstruct import NETWORK_NODES, field_of_view, reconstruct_files, views_field
from recon.training import train
from recon.training.dataset import VALIDATION_PEOPLE
from recon.training.settings import Settings
from recon.training.virtual_knees import VirtualKneesTask
from tests.benchmarks import report
from tests.benchmarks.accuracy import Prepare, from_voxels
from tests.data import FOLDER, ROOT

CONFIGS = ROOT / "recon" / "configs"
POSES = 3
MINUTES, QUICK_MINUTES = 8.0, 0.1
KNEES, QUICK_KNEES = 240, 4
FIRST_SEED = 5_000_000
PROBE_STEPS = 5
HEADINGS = (
    "p2s ASSD, mm",
    "steps",
    "loss",
    *(bone.label for bone in Bone),
    "mean",
)

Reconstruct = Callable[[Path], BoneSet]
Given = ParamSpec("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Ablation:
    """A network to train.

    Attributes:
        name: as the table calls it.
        network: entries that it changes of the network's table; all of it where it names another kind.
        data: entries that it changes of the data table; None takes an entry away.
        knees: ablations that name the same learn from the same knees.
    """

    name: str
    network: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    knees: str = "knees"


def paper_network() -> dict[str, Any]:
    """The paper's network at the size that trains on a CPU, for X-rays as they are."""
    small = tomllib.loads((CONFIGS / "small.toml").read_text(encoding="utf-8"))
    return {**small["xray"]["network"], "inputs": 1}


ABLATIONS: tuple[Ablation, ...] = (
    Ablation("default"),
    Ablation("the paper's network", paper_network()),
    Ablation("without lift", {"fuse": False}),
    Ablation("without off-model detail", data={"detail": 0.0, "part_spread": 0.0}, knees="knees-smooth"),
    Ablation("without real CT", data={"scans": None}, knees="knees-virtual"),
)


def configuration(ablation: Ablation, knees: int, steps: int) -> dict[str, Any]:
    """The configuration of a training."""
    config = copy.deepcopy(tomllib.loads((CONFIGS / "compact.toml").read_text(encoding="utf-8")))
    xray, network = config["xray"], ablation.network
    xray["network"] = dict(network) if "kind" in network else {**xray["network"], **network}
    data = {**config["data"], "scans": str(FOLDER / "ct"), **ablation.data}
    data |= {"samples": knees, "readings": 1, "first_seed": FIRST_SEED}
    data["validation_samples"] = min(data["validation_samples"], knees)
    config["data"] = {key: value for key, value in data.items() if value is not None}
    xray["training"] |= {"steps": steps, "warmup_steps": min(30, steps // 4), "validations": 1}
    return config


def step_seconds(config: Mapping[str, Any], folder: Path) -> float:
    """Processor seconds that one training step takes, the preparation of its knees apart."""
    torch.manual_seed(0)
    settings = Settings.from_table(config["xray"]["training"])
    torch.set_num_threads(settings.threads)
    network = build_network(config["xray"]["network"])
    task = VirtualKneesTask(network, config["data"], settings, folder / "knees", seed=0)
    batch = next(iter(task.stream(0, 0, 1)))
    took = []
    for _ in range(PROBE_STEPS):
        began = time.process_time()
        task.losses(network, batch)["loss"].backward()
        took.append(time.process_time() - began)
    return float(np.median(took))


def in_new_process(task: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """What a task returns. Trainings fork workers, which they must not after a CT was projected (OpenMP)."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(task, *args, **kwargs).result()


def trained(ablation: Ablation, root: Path, knees: int, minutes: float) -> tuple[Path, int, float]:
    """Weights, with their configuration beside them; steps; loss on the validation people."""
    folder = root / ablation.name.replace(" ", "-").replace("'", "")
    store = root / ablation.knees
    store.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    if not (folder / "knees").exists():
        (folder / "knees").symlink_to(store.resolve(), target_is_directory=True)
    counted = folder / "steps"
    if not counted.exists():
        seconds = in_new_process(step_seconds, configuration(ablation, knees, 1), folder)
        counted.write_text(str(max(2, round(minutes * 60 / seconds))))
    steps = int(counted.read_text())
    config = configuration(ablation, knees, steps)
    weights = in_new_process(train, "xray", config, folder)
    (folder / "xray.toml").write_text(_network_toml(config["xray"]["network"]))
    with torch.no_grad():
        network = load_network(find(str(weights)))
        settings = Settings.from_table(config["xray"]["training"])
        task = VirtualKneesTask(network, config["data"], settings, folder / "knees", seed=0)
        loss = task.validate(network)["loss"]
    return weights, steps, loss


def _network_toml(table: Mapping[str, Any]) -> str:
    def text(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else repr(value)

    return "[xray.network]\n" + "".join(f"{key} = {text(value)}\n" for key, value in table.items())


def whole_way(model: str | None, *, refined: bool) -> Reconstruct:
    """As ``python -m recon reconstruct`` does it."""

    def reconstruct(case: Path) -> BoneSet:
        with tempfile.TemporaryDirectory() as temporary:
            out = Path(temporary, "out")
            reconstruct_files(
                *(case / "xrays" / name for name in ("ap.dcm", "lateral.dcm")),
                out,
                model=model,
                refined=refined,
                accept_untrusted=True,
            )
            return BoneSet.read(out)

    return reconstruct


def by_argmax(case: Path) -> BoneSet:
    """As the way without refinement, with only the sign left of the margins that surfaces are placed by."""
    views = list(read_pair(case / "xrays" / "ap.dcm", case / "xrays" / "lateral.dcm", None))
    field = gridded(views_field(load_network(find(None)), views), CUBE, NETWORK_NODES)
    return bones_of_field(lambda points: np.sign(field(points)), field_of_view(views), 256)


def cases(root: Path, *, quick: bool) -> Iterator[Path]:
    """Folder of every case, made where it is not there yet."""
    wanted: list[tuple[str, Prepare]] = []
    for person in VALIDATION_PEOPLE[: 1 if quick else None]:
        for pose in range(1 if quick else POSES):
            seed = 1000 * person + pose

            def bones(person: int = person, seed: int = seed) -> BoneSet:
                return person_bones(person, np.random.default_rng(seed))

            wanted.append((f"{person}-{pose}", from_voxels(bones, seed, 90.0)))
    for name, prepare in wanted:
        folder = root / "cases" / name
        if not folder.exists():
            making = root / "cases" / f"{name}.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(parents=True)
            prepare(making / "xrays", making / "reference")
            making.rename(folder)
        yield folder


def measured(reconstruct: Reconstruct, prepared: list[Path]) -> dict[str, float]:
    """Mean p2s ASSD in mm of each bone found, and the mean of the bones."""
    found: dict[str, list[float]] = {}
    for folder in prepared:
        views = read_pair(folder / "xrays" / "ap.dcm", folder / "xrays" / "lateral.dcm", None)
        seen = field_of_view(views)
        judged = FieldOfView(seen.low, seen.high, seen.cameras) & FieldOfView.of_folder(folder / "reference")
        try:
            bones = reconstruct(folder)
        except InputError as error:
            if error.code != "no_bones_found":
                raise
            continue
        figures = evaluate_bones(bones, BoneSet.read(folder / "reference"), judged)["bones"]
        for bone, each in figures.items():
            found.setdefault(bone, []).append(each["p2s_assd_mm"])
    means = {bone: float(np.mean(values)) for bone, values in found.items()}
    return {**means, "mean": float(np.mean(list(means.values())))} if means else {}


def row(name: str, steps: int | str, loss: float | str, means: Mapping[str, float]) -> list[Any]:
    """A line of the table."""
    return [name, steps, loss, *(means.get(bone, "-") for bone in (*(bone.label for bone in Bone), "mean"))]


def main() -> None:
    """Train, measure and print."""
    options = _options()
    minutes = options.minutes or (QUICK_MINUTES if options.quick else MINUTES)
    knees = options.knees or (QUICK_KNEES if options.quick else KNEES)
    ablations = ABLATIONS[:1] + ABLATIONS[2:3] if options.quick else ABLATIONS
    if options.shipped:
        ablations = ()
    elif options.only:
        ablations = tuple(ablation for ablation in ABLATIONS if ablation.name in options.only)
    rows: list[list[Any]] = []
    line: dict[str, Any] = {"quick": options.quick, "minutes": minutes, "knees": knees}
    with tempfile.TemporaryDirectory() as temporary:
        root = options.folder or Path(temporary)
        root.mkdir(parents=True, exist_ok=True)
        prepared = list(cases(root, quick=options.quick))
        for ablation in ablations:
            weights, steps, loss = trained(ablation, root, knees, minutes)
            means = measured(whole_way(str(weights), refined=False), prepared)
            rows.append(row(ablation.name, steps, loss, means))
            line[ablation.name] = {"loss": round(loss, 4), "p2s_assd_mm": _rounded(means)}
            print(report.table(HEADINGS, rows[-1:]), flush=True)
        shipped: dict[str, Reconstruct] = {
            "shipped": whole_way(None, refined=True),
            "shipped, without refinement": whole_way(None, refined=False),
            "shipped, without both and margins": by_argmax,
        }
        for name, reconstruct in shipped.items() if not options.only else ():
            means = measured(reconstruct, prepared)
            rows.append(row(name, "-", "-", means))
            line[name] = {"p2s_assd_mm": _rounded(means)}
    print()
    print(report.table(HEADINGS, rows))
    report.finish(line)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two networks of seconds; ends within a minute")
    parser.add_argument("--shipped", action="store_true", help="only what is taken from the shipped model")
    names = [ablation.name for ablation in ABLATIONS]
    parser.add_argument("--only", nargs="+", choices=names, help="these trainings, and nothing else")
    parser.add_argument("--minutes", type=float, help="processor time of each training")
    parser.add_argument("--knees", type=int, help="virtual knees that each learns from")
    parser.add_argument("--folder", type=Path, help="keeps knees, trainings and cases, and goes on there")
    return parser.parse_args()


def _rounded(means: Mapping[str, float]) -> dict[str, float]:
    return {bone: round(value, 3) for bone, value in means.items()}


if __name__ == "__main__":
    main()
