"""The training loop of every part: goes on exactly where it was stopped and keeps the best weights."""

from __future__ import annotations

import copy
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

from recon.errors import InputError
from recon.training.checkpoint import Run, load_weights, sow
from recon.training.journal import Journal
from recon.training.model_files import ModelFiles
from recon.training.optimise import learning_rate, make_optimiser, update_average
from recon.training.parallel import Team
from recon.training.settings import Settings
from recon.training.task import Progress, Task


class _Whole(IterableDataset[Any]):
    """A stream whose refusals come as its last item: torch rebuilds a worker's error from its text alone."""

    def __init__(self, stream: IterableDataset[Any]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._stream
        except InputError as error:
            yield error


class _Losses(nn.Module):
    """The losses of a batch as the forward pass of a module, which is what data-parallel training wraps."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.model = task.model
        self._task = task

    def forward(self, batch: Any) -> dict[str, Tensor]:
        return self._task.losses(self.model, batch)


def fit(
    task: Task,
    settings: Settings,
    folder: Path,
    *,
    model: ModelFiles,
    seed: int,
    identity: Mapping[str, Any],
    team: Team,
    before: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train; resumes when the folder holds a checkpoint.

    A checkpoint and initial weights that do not fit are refused before the folder is made.

    Args:
        task: what is trained.
        settings: how.
        folder: of checkpoint and log; made if absent.
        model: where the best half-precision weights go.
        seed: of everything random.
        identity: the configuration as plain JSON values; a checkpoint of another one is refused.
        team: the processes that train together.
        before: what must be done before the first batch and may take long; not done for a finished run.
        progress: told the share of the steps that are done; a bar on a terminal where it is None.

    Returns:
        The weights that did best on the validation people.

    Raises:
        InputError: bad_checkpoint, other_configuration; wrong or missing initial weights; diverged.
    """
    torch.set_num_threads(settings.threads)
    if settings.initial:
        load_weights(task.network, Path(settings.initial), "initial")
    learner = task.model.to(team.device)
    average = copy.deepcopy(learner) if settings.average_decay else learner
    run = Run(learner, average, make_optimiser(learner, settings))
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint, identity)
    total = settings.total_steps(task.cases, team.size)
    if run.step >= total:
        if not model.weights.exists() and team.leads:
            model.save(task.kept(run.average))
        return model.weights
    folder.mkdir(parents=True, exist_ok=True)
    if before is not None:
        before()
    team.wait()  # nobody may read the checkpoint while the leader writes the next one
    trained: nn.Module = _Losses(task)
    if team.size > 1:
        # Parameters that a batch does not use exist: the alignment where only labelled cases count.
        trained = DistributedDataParallel(trained, find_unused_parameters=True)
    with Journal(folder, run.step) if team.leads else nullcontext() as journal:
        loop = _Loop(task, settings, run, trained, team, seed, total)
        loop.go(journal, model, lambda: run.save(checkpoint, identity), progress)
    team.wait()
    return model.weights


class _Loop:
    """One continuation of a run."""

    def __init__(
        self, task: Task, settings: Settings, run: Run, trained: nn.Module, team: Team, seed: int, total: int
    ) -> None:
        self.task, self.settings, self.run, self.trained = task, settings, run, trained
        self.team, self.seed, self.total = team, seed, total
        self.began, self.before = time.monotonic(), run.seconds
        count = min(settings.validations, total)
        self.looks = {round(total * (i + 1) / count) for i in range(count)}

    def batches(self) -> Iterator[Any]:
        """The micro-batches from the run's step on, on the device."""
        stream = self.task.stream(self.run.step * self.settings.accumulate, self.team.rank, self.team.size)
        workers = self.settings.workers
        for batch in DataLoader(
            _Whole(stream), batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None
        ):
            if isinstance(batch, InputError):
                raise batch
            tensors = {f.name: getattr(batch, f.name) for f in fields(batch)}
            device = self.team.device
            yield replace(batch, **{k: v.to(device) for k, v in tensors.items() if isinstance(v, Tensor)})

    def go(self, journal: Journal | None, model: ModelFiles, save: Any, progress: Progress | None) -> None:
        """Train to the end."""
        run, settings = self.run, self.settings
        saved = time.monotonic()
        batches = self.batches()
        hidden = progress is not None or not self.team.leads or not sys.stderr.isatty()
        with tqdm(total=self.total, initial=run.step, unit="step", disable=hidden) as bar:
            while run.step < self.total:
                losses = self.step(list(itertools.islice(batches, settings.accumulate)))
                run.seconds = self.before + time.monotonic() - self.began
                self.count(losses)
                bar.update()
                bar.set_postfix(loss=f"{losses['loss']:.4f}", best=f"{run.best:.4f}", refresh=False)
                if progress is not None:
                    progress("train", run.step / self.total)
                if journal is None:
                    continue
                last = run.step == self.total
                if run.step % settings.log_every == 0 or last:
                    self.log(journal)
                if run.step in self.looks:
                    self.look(journal, model)
                if last or time.monotonic() - saved > settings.checkpoint_minutes * 60:
                    save()
                    saved = time.monotonic()

    def step(self, batches: list[Any]) -> dict[str, float]:
        """One step of the optimiser over its micro-batches; the mean losses over these and all processes."""
        run, settings = self.run, self.settings
        sow(self.seed, run.step, self.team.rank)
        for group in run.optimiser.param_groups:
            group["lr"] = learning_rate(settings, run.step, self.total)
        run.model.train()
        run.optimiser.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        for index, batch in enumerate(batches):
            quiet = isinstance(self.trained, DistributedDataParallel) and index + 1 < len(batches)
            with self.trained.no_sync() if quiet else nullcontext():  # type: ignore[operator]
                losses = self.trained(batch)
                (losses["loss"] / len(batches)).backward()
            for name, value in losses.items():
                sums[name] = sums.get(name, torch.zeros(())) + value.detach().cpu() / len(batches)
        if settings.clip:
            nn.utils.clip_grad_norm_(run.model.parameters(), settings.clip)
        run.optimiser.step()
        run.step += 1
        if settings.average_decay:
            update_average(run.average, run.model, decay=settings.average_decay, step=run.step)
        mean = self.team.mean(torch.stack(list(sums.values())).to(self.team.device))
        if not bool(torch.isfinite(mean).all()):
            raise InputError(
                "diverged",
                f"The loss is no longer finite at step {run.step}",
                "Lower the learning rate, or warm up longer; the last checkpoint is from before",
            )
        return dict(zip(sums, mean.tolist(), strict=True))

    def count(self, losses: Mapping[str, float]) -> None:
        """Add losses to those that the next line of the log averages."""
        window = self.run.window
        for name, value in {**losses, "count": 1.0}.items():
            window[name] = window.get(name, 0.0) + value

    def log(self, journal: Journal) -> None:
        """Write the mean losses since the last line."""
        window, step = self.run.window, self.run.step
        count = window.pop("count")
        figures = {name: value / count for name, value in window.items()}
        figures["learning_rate"] = learning_rate(self.settings, step - 1, self.total)
        journal.write("training", step, figures, seconds=round(self.run.seconds, 1))
        window.clear()

    def look(self, journal: Journal, model: ModelFiles) -> None:
        """Measure on the validation people; keep the weights if they are the best."""
        run = self.run
        run.average.eval()
        with torch.no_grad():
            figures = self.task.validate(run.average)
            journal.write("validation", run.step, figures, seconds=round(run.seconds, 1))
            if journal.wants_pictures:
                journal.show(run.step, self.task.pictures(run.average))
        if figures["loss"] < run.best or not model.weights.exists():
            run.best = figures["loss"]
            model.save(self.task.kept(run.average))
