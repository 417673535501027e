"""Which knees of a data set a training uses, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import IterableDataset

from recon.dataset import CaseEntry, Dataset, KneeCase
from recon.dataset.checked import check_once
from recon.errors import InputError
from recon.geometry import ReconstructionCube
from recon.training.task import Progress

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cases:
    """The knees of a training.

    Attributes:
        dataset: where they lie.
        views: names of the pictures that are used.
        labelled: training cases with true bones.
        unlabelled: training cases without.
        validation: labelled cases of the validation people.
        points: asked for in a case and step.
        seed: of every choice.
        digests: of the cases that were checked, by id; they change with what is in the files.
    """

    dataset: Dataset
    views: tuple[str, ...]
    labelled: list[CaseEntry]
    unlabelled: list[CaseEntry]
    validation: list[CaseEntry]
    points: int
    seed: int
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def choose(cls, table: Mapping[str, Any], seed: int) -> Cases:
        """The cases that a ``[data]`` table names.

        A limit takes the first cases of one order that the seed fixes, so a smaller limit takes a subset.

        Raises:
            InputError: bad_config, no_labelled_case, no_validation_case; whatever ``Dataset.open`` raises,
                a person in two splits for one.
        """
        _check_table(table)
        dataset = Dataset.open(table["dataset"])
        views = tuple(table.get("views", ("000", "090")))
        dataset.settings.indices(views)  # says which view is missing

        def limited(labelled: bool, key: str) -> list[CaseEntry]:
            found = sorted(dataset.entries("train", labelled), key=lambda entry: entry.id)
            order = np.random.default_rng((seed, int(labelled))).permutation(len(found))
            return [found[i] for i in order[: table.get(key, len(found))]]

        cases = cls(
            dataset,
            views,
            limited(True, "labelled"),
            limited(False, "unlabelled"),
            dataset.entries("validation", labelled=True),
            table.get("points", 5000),
            seed,
        )
        if not cases.labelled:
            raise InputError(
                "no_labelled_case",
                f"{dataset.folder} has no labelled case for training",
                "Add cases with true bones, or raise the limit 'labelled' above 0",
            )
        if not cases.validation:
            raise InputError(
                "no_validation_case",
                f"{dataset.folder} has no labelled case of a validation person",
                "Put at least one person with true bones into the validation split",
            )
        return cases

    def check(self, entries: Sequence[CaseEntry], progress: Progress | None = None) -> None:
        """Make sure that cases can be used, and take their digests; see ``check_once``.

        Raises:
            InputError: see ``Dataset.check_case``.
        """
        self.digests.update(check_once(self.dataset, entries, progress))

    def digest(self, entry: CaseEntry) -> str:
        """What changes with the content of a case; the case is checked where it was not yet."""
        if entry.id not in self.digests:
            self.check([entry])
        return self.digests[entry.id]

    def load(self, entry: CaseEntry, views: Sequence[str] | None = None) -> KneeCase:
        """A case in the chosen views, or in others."""
        return self.dataset.load(entry, self.views if views is None else views)

    @property
    def cube(self) -> ReconstructionCube:
        """The cube that all cases share."""
        return ReconstructionCube(self.dataset.settings.cube_side_mm)

    def rng(self, purpose: int, number: int) -> np.random.Generator:
        """Random numbers of an example, for one of several purposes."""
        return np.random.default_rng((self.seed, purpose, number))


def _check_table(table: Mapping[str, Any]) -> None:
    """Make sure that keys and values of a ``[data]`` table are what they must be."""

    def bad(message: str, remedy: str) -> InputError:
        return InputError("bad_config", message, remedy)

    known = {"dataset", "views", "labelled", "unlabelled", "points"}
    unknown = sorted(set(table) - known)
    if unknown:
        raise bad(f"The data table has no key {unknown[0]!r}", f"Use {', '.join(sorted(known))}")
    folder, views = table.get("dataset"), table.get("views", [])
    if not isinstance(folder, str) or not folder:
        said = "does not say where the data set lies" if folder is None else f"has dataset = {folder!r}"
        raise bad(f"The data table {said}", 'Give its folder, dataset = "FOLDER"')
    if not isinstance(views, list | tuple) or not all(isinstance(view, str) for view in views):
        raise bad(f"views is {views!r}", 'Give a list of names, for example ["000", "090"]')
    for key, least in (("points", 1), ("labelled", 0), ("unlabelled", 0)):
        value = table.get(key, least)
        if type(value) is not int or value < least:
            raise bad(f"{key} is {value!r}", f"Give a whole number from {least} on")


@lru_cache(maxsize=64)
def _order(count: int, seed: int, purpose: int, epoch: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, purpose, epoch)).permutation(count)


def in_turn(entries: Sequence[Any], number: int, seed: int, purpose: int) -> Any:
    """The ``number``-th entry of an endless sequence of shuffled rounds through all of them."""
    epoch, place = divmod(number, len(entries))
    return entries[_order(len(entries), seed, purpose, epoch)[place]]


def labelled_points(
    case: KneeCase, count: int, near_share: float, rng: np.random.Generator
) -> tuple[Points, Labels]:
    """``count`` points (N, 3) in mm of a labelled case and their bones, the given share near surfaces."""
    assert case.near is not None and case.near_labels is not None
    assert case.uniform is not None and case.uniform_labels is not None
    near = round(count * near_share)
    chosen = _draw(len(case.near), near, rng), _draw(len(case.uniform), count - near, rng)
    points = np.concatenate([case.near[chosen[0]], case.uniform[chosen[1]]]).astype(np.float64)
    labels = np.concatenate([case.near_labels[chosen[0]], case.uniform_labels[chosen[1]]]).astype(np.int64)
    return points, labels


def _draw(available: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Indices of stored points, each at most once where there are enough."""
    return rng.choice(available, count, replace=count > available)


class Numbered(IterableDataset[Any]):
    """An endless stream of batches, each a function of its number: stopped anywhere, it goes on the same."""

    def __init__(self, make: Callable[[int], Any], start: int) -> None:
        self._make, self._start = make, start

    def __iter__(self) -> Iterator[Any]:
        worker = torch.utils.data.get_worker_info()
        number, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        number += self._start
        while True:
            yield self._make(number)
            number += stride


def members(number: int, batch: int, rank: int, processes: int) -> range:
    """Numbers of the examples in a process's batch: all processes together have those of one large batch."""
    first = (number * processes + rank) * batch
    return range(first, first + batch)
