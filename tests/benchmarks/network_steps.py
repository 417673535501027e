"""One training step of every configuration: ``python -m tests.benchmarks.network_steps [--quick]``.

Forward pass, loss, backward pass and update, at the configuration's full size and batch, each in a process of
its own that reports its peak memory (resident set) and may have no more than ``--memory`` GB. Where a whole
batch needs more, the gradients of its parts are accumulated, as ``accumulate`` of a configuration does in
training (``recon/training/loop.py``): first half of the batch at a time, in the end one case. The encoder
runs in bfloat16 as in training. Small steps are measured after a first one; of the large ones there is only
one. On one thread, unless ``--threads`` says otherwise: the machine may be busy, and then only processor
seconds mean something. A step that is killed or stopped has a row that says so; the others are printed.

``--quick`` measures what trains on a CPU: small.toml, and compact.toml and ct.toml, which ship.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks import report

CONFIGS = Path(__file__).parents[2] / "recon" / "configs"
MEMORY_GB = 20.0  # of a machine with 24; less where less is free
POINTS = 5000
DISTILLED = 64


@dataclass(frozen=True)
class Step:
    """What to measure.

    Attributes:
        config: of ``recon/configs``.
        part: "xray", "ct" or "segmentation".
        batch: cases of the whole step.
        at_once: cases whose activations are in memory together; fewer than ``batch`` where that is what fits.
        points: a case.
        size: of volumes, where training takes crops; 0 for the configuration's.
    """

    config: str
    part: str
    batch: int
    at_once: int
    points: int = POINTS
    size: int = 0

    @property
    def name(self) -> str:
        """How the table calls it."""
        return f"{self.config} {self.part}"


# Batches of the paper (Semi-Supervised Reconstruction Framework) and of the authors' code.
FULL = (
    Step("paper", "xray", 4, 4),
    Step("paper", "ct", 3, 1),
    Step("paper", "segmentation", 8, 8),
    Step("released", "xray", 4, 4),
    Step("released", "ct", 3, 1, size=128),  # that code trains on crops of half the side
    Step("released", "segmentation", 8, 8),
)
QUICK = (
    Step("small", "xray", 2, 2),
    Step("small", "ct", 1, 1),
    Step("small", "segmentation", 4, 4),
    Step("compact", "xray", 4, 4, 8192),
    Step("ct", "ct", 1, 1, 12000),
)


def measure(step: Step, threads: int, memory_gb: float) -> dict[str, Any]:
    """Seconds of one step and peak memory of this process in GB, which may have ``memory_gb``."""
    import resource
    import tomllib

    import torch

    from recon.networks.build import build_network

    limit = int(memory_gb * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    table = tomllib.loads((CONFIGS / f"{step.config}.toml").read_text())[step.part]["network"]
    network: Any = build_network(table).train()
    loss_of = {"xray": _xray, "ct": _ct, "segmentation": _segmentation}[step.part](network, step)
    parameters = [*network.parameters(), *loss_of.parameters]
    optimiser = torch.optim.SGD(parameters, lr=0.01, momentum=0.98)
    pieces = step.batch // step.at_once
    seconds = processor = 0.0
    for _ in range(2 if step in QUICK else 1):
        began, worked = time.perf_counter(), time.process_time()
        optimiser.zero_grad(set_to_none=True)
        for _ in range(pieces):
            loss = loss_of() / pieces
            loss.backward()
        optimiser.step()
        seconds, processor = time.perf_counter() - began, time.process_time() - worked
    assert torch.isfinite(loss)
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }


class _Loss:
    """The loss of the next cases; ``parameters`` are trained beside the network's."""

    def __init__(self, loss: Callable[[], Any], parameters: list[Any]) -> None:
        self._loss, self.parameters = loss, parameters

    def __call__(self) -> Any:
        return self._loss()


def _encoded(network: Any, *arguments: Any) -> Any:
    import torch

    with torch.autocast("cpu", torch.bfloat16):
        encoding = network.encode(*arguments)
    return encoding.float()


def _xray(network: Any, step: Step) -> _Loss:
    """Cross entropy of labels and pseudo labels with distillation (Eq. 7), over every stack that is kept.

    A network that draws the shadows of bones has their error in place of distillation, as it is trained.
    """
    import torch
    from torch.nn import functional

    from recon.training.losses import shadow_loss
    from tests.recon.views import unit_projections

    size, views = network.config.pixels, network.views or 2
    projections = unit_projections(0, 90, pixels=size).expand(step.at_once, -1, -1, -1)
    align = torch.nn.Linear(network.feature_channels, DISTILLED)
    draws = hasattr(network, "shadows")

    def loss() -> Any:
        images = torch.rand(step.at_once, views, network.inputs, size, size)
        points = torch.rand(step.at_once, step.points, 3) * 2 - 1
        labels = torch.randint(0, 5, (step.at_once, step.points))
        teacher = torch.randn(step.at_once, step.points, DISTILLED)
        total: Any = 0.0
        encoding = _encoded(network, images, projections)
        for stage in getattr(encoding, "stages", [encoding]):
            features = network.point_features(stage, points)
            logits = network.decode(features)
            total = total + functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
            if draws:
                with torch.autocast("cpu", torch.bfloat16):
                    drawn = network.shadows(stage).float()
                total = total + shadow_loss(drawn, torch.rand_like(drawn) * 50)
            else:
                total = total + 0.1 * (align(features) - teacher).abs().mean()
        return total

    return _Loss(loss, [] if draws else [*align.parameters()])


def _ct(network: Any, step: Step) -> _Loss:
    """Cross entropy of labels (Eq. 3)."""
    import torch
    from torch.nn import functional

    size = step.size or network.config.size

    def loss() -> Any:
        volume = torch.randn(step.at_once, 1, size, size, size)
        points = torch.rand(step.at_once, step.points, 3) * 2 - 1
        labels = torch.randint(0, 5, (step.at_once * step.points,))
        stages = _encoded(network, volume).stages
        logits = [network.decode_points(stage, points).flatten(0, 1) for stage in stages]
        return sum(functional.cross_entropy(each, labels) for each in logits)

    return _Loss(loss, [])


def _segmentation(network: Any, step: Step) -> _Loss:
    """Binary cross entropy of the bone shadow."""
    import torch
    from torch.nn import functional

    size = network.config.pixels

    def loss() -> Any:
        images = torch.rand(step.at_once, 1, size, size)
        masks = (torch.rand(step.at_once, 1, size, size) < 0.4).float()
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(images)
        return functional.binary_cross_entropy_with_logits(logits.float(), masks)

    return _Loss(loss, [])


class StepError(Exception):
    """A step that did not end; the message says how."""


def in_own_process(step: Step, threads: int, memory_gb: float) -> dict[str, Any]:
    """``measure`` in a new process, whose peak memory is its own.

    Raises:
        StepError: it was killed, or memory did not suffice.
    """
    command = [sys.executable, "-m", "tests.benchmarks.network_steps", "--threads", str(threads)]
    command += ["--memory", str(memory_gb), "--step", json.dumps(asdict(step))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise StepError(f"killed by signal {-done.returncode}" if done.returncode < 0 else last)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def as_memory_allows(step: Step, threads: int, memory_gb: float) -> tuple[Step, dict[str, Any]]:
    """The step with as much of its batch at once as fits, and what was measured.

    Raises:
        StepError: even one case at a time did not end.
    """
    while True:
        try:
            return step, in_own_process(step, threads, memory_gb)
        except StepError:
            if step.at_once == 1:
                raise
            smaller = max(n for n in range(1, step.at_once) if step.batch % n == 0)
            step = replace(step, at_once=smaller)


def free_gb() -> float:
    """Memory that processes could have now."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 2**20
    return MEMORY_GB


def row(step: Step, found: dict[str, Any]) -> list[Any]:
    """A line of the table."""
    at_once = step.at_once
    how = "whole" if at_once == step.batch else f"{at_once} at a time, gradients accumulated"
    times = [found["seconds"], found["processor_seconds"], found["peak_gb"]]
    return [step.name, f"{found['parameters'] / 1e6:.2f} M", step.batch, how, *times]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="what trains on a CPU; ends within a minute")
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    memory = min(MEMORY_GB, round(0.85 * free_gb(), 1))
    parser.add_argument("--memory", type=float, default=memory, help="GB a step may have (%(default)s)")
    parser.add_argument("--only", nargs="*", default=[], help='steps, such as "paper ct"')
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(measure(Step(**json.loads(options.step)), options.threads, options.memory)))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was measured is printed
    rows: list[list[Any]] = []
    result: dict[str, Any] = {}
    steps = [
        s for s in (QUICK if options.quick else (*QUICK, *FULL)) if not options.only or s.name in options.only
    ]
    for step in steps:
        try:
            step, found = as_memory_allows(step, options.threads, options.memory)
        except StepError as failure:
            rows.append([step.name, "", step.batch, f"not measured: {failure}"[:60], "", "", ""])
            continue
        except KeyboardInterrupt:
            rows.append([step.name, "", step.batch, "stopped; nor were those after it measured", "", "", ""])
            break
        rows.append(row(step, found))
        print(*rows[-1], file=sys.stderr, flush=True)
        key = step.name.replace(" ", "_")
        result |= {f"{key}_{what}": found[what] for what in ("seconds", "processor_seconds", "peak_gb")}
        result[f"{key}_at_once"] = step.at_once
    headings = ["step", "parameters", "batch", "in memory", "seconds", "processor s", "peak GB"]
    print(report.table(headings, rows))
    report.finish({"memory_limit_gb": options.memory, "threads": options.threads, **result})


if __name__ == "__main__":
    main()
