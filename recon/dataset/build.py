"""Build a data set from jobs, one a case: in parallel, from a seed, and from where a stopped run was."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numba
import numpy as np
import torch

from recon.dataset.case import DESCRIPTION
from recon.dataset.content import CaseContent
from recon.dataset.manifest import FILE, CaseEntry, Manifest, Origin, Person, Settings, Side
from recon.dataset.reader import Dataset, Progress, missing_files
from recon.dataset.writer import write_case
from recon.dataset.xrays import picture_block
from recon.errors import InputError
from recon.geometry import Array

_RECIPE_VERSION = 2  # to be raised when the same job gives another case than before


@dataclass(frozen=True, eq=False)
class Made:
    """What a job made.

    Attributes:
        content: arrays and meshes.
        side: of the knee.
        isocentre: (3,) LPS mm in the frame of the CT that it was cut from, or None.
    """

    content: CaseContent
    side: Side
    isocentre: Array | None = None


class Job(Protocol):
    """How to make one case; it travels to other processes, and its ``repr`` says all that it follows from."""

    @property
    def id(self) -> str:
        """Of the case."""

    @property
    def person(self) -> Person:
        """Whose knee it is."""

    @property
    def labelled(self) -> bool:
        """Whether true bones will be known."""

    @property
    def origin(self) -> Origin:
        """What it is made from."""

    @property
    def implants(self) -> tuple[str, ...]:
        """Kinds of implants in it."""

    @property
    def drawn_as(self) -> str:
        """Id that its random numbers follow from: its own, or that of another case of the same knee."""

    def make(self, settings: Settings, rng: np.random.Generator) -> Made:
        """Make the case; everything random comes from ``rng``."""


def build(
    out: Path,
    jobs: Sequence[Job],
    settings: Settings,
    *,
    seed: int,
    name: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Dataset:
    """Make cases and add them to a data set, which may exist; cases that are there and whole stay.

    A case follows from the seed, its id (or its job's ``drawn_as``) and its job only: not from other cases
    or the number of workers.

    Args:
        out: folder of the data set.
        jobs: one a case.
        settings: what all cases share; an existing data set must have the same.
        seed: of everything random; likewise.
        name: of a new data set; the folder's name by default.
        workers: processes; 1 works in this one. Scripts that ask for more need ``if __name__ == "__main__"``.
        progress: told the stage and the share of the cases that are done.

    Raises:
        InputError: before any work: bad_size, bad_output, other_settings, person_differs, and what
            ``Manifest`` raises for the people and cases together; then what the jobs raise. Cases made so
            far stay.
    """
    tell = progress or (lambda _stage, _fraction: None)
    picture_block(settings.pixels)
    before = Manifest.read(out) if (out / FILE).exists() else Manifest(name or out.name, seed, settings)
    if (before.seed, before.settings) != (seed, settings):
        raise InputError(
            "other_settings",
            f"{out} holds a data set with another seed, cube, size or set of views",
            "Give the same options as before, or another folder",
        )
    manifest = _merged(before, jobs, out)
    recipes = {job.id: _recipe(job, settings, seed) for job in jobs}
    _make_folder(out)
    missing = [job for job in jobs if not _is_whole(out / "cases" / job.id, recipes[job.id])]
    tell("build", 1 - len(missing) / max(len(jobs), 1))
    for done, _ in enumerate(_made(out, missing, settings, seed, recipes, workers), start=1):
        tell("build", 1 - (len(missing) - done) / len(jobs))
    ours = {job.id for job in jobs}
    cases = tuple(_with_side(case) if case.id in ours else case for case in manifest.cases)
    replace(manifest, cases=cases).write(out)
    return Dataset.open(out)


def case_generator(seed: int, case: str) -> np.random.Generator:
    """The generator that a case of this id is drawn from."""
    digest = hashlib.sha256(case.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def _merged(before: Manifest, jobs: Sequence[Job], out: Path) -> Manifest:
    """The manifest with the jobs' people and cases; sides are not known yet."""
    people = dict(before.people)
    for job in jobs:
        known = people.setdefault(job.person.id, job.person)
        if known != job.person:
            raise InputError(
                "person_differs" if known.split == job.person.split else "person_in_two_splits",
                f"{job.person.id} was added before with another split, source, licence or origin",
                "Describe a person in the same way every time",
            )
    ours = {job.id for job in jobs}
    cases = [case for case in before.cases if case.id not in ours]
    cases += [
        CaseEntry(job.id, job.person.id, "L", job.labelled, job.origin, job.implants, out / "cases" / job.id)
        for job in jobs
    ]
    return replace(before, people=people, cases=tuple(cases))


def _make_folder(out: Path) -> None:
    try:
        (out / "cases").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "bad_output", f"{out} cannot be written ({error.strerror})", "Give a folder that you may write"
        ) from error


def _recipe(job: Job, settings: Settings, seed: int) -> str:
    return hashlib.sha256(repr((_RECIPE_VERSION, job, settings, seed)).encode()).hexdigest()


def _is_whole(folder: Path, recipe: str) -> bool:
    """Whether a case was made by this recipe; it was renamed into place when it was complete."""
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        entry = CaseEntry("", "", "L", description["labelled"], "synthetic", (), folder)
        return description["recipe"] == recipe and not missing_files(entry)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _with_side(case: CaseEntry) -> CaseEntry:
    return replace(case, side=json.loads((case.folder / DESCRIPTION).read_text(encoding="utf-8"))["side"])


def _make(out: Path, job: Job, settings: Settings, seed: int, recipe: str) -> None:
    made = job.make(settings, case_generator(seed, job.drawn_as))
    entry = CaseEntry(job.id, job.person.id, made.side, job.labelled, job.origin, job.implants)
    write_case(out, entry, made.content, settings, recipe=recipe, isocentre=made.isocentre)


def _one_thread() -> None:
    torch.set_num_threads(1)
    numba.set_num_threads(1)


def _made(
    out: Path,
    jobs: Sequence[Job],
    settings: Settings,
    seed: int,
    recipes: dict[str, str],
    workers: int,
) -> Iterator[None]:
    """Make all jobs and yield after each."""
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            _make(out, job, settings, seed, recipes[job.id])
            yield
        return
    # Not forked: a process that has used OpenMP threads cannot be.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context, initializer=_one_thread) as pool:
        waiting: set[Future[None]] = {
            pool.submit(_make, out, job, settings, seed, recipes[job.id]) for job in jobs
        }
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    yield
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
