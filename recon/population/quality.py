"""How good a statistical model of the leg bones is: compactness, generalisation and specificity.

After M. A. Styner et al., "Evaluation of 3D correspondence methods for model building", IPMI 2003
(10.1007/978-3-540-45087-0_6). A distance between two shapes is the mean distance between their corresponding
nodes, in mm; the nodes are those of the LLP26 elements and lie on the surface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.bones import Bone
from recon.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Observations:
    """What a linear model is made from: vectors, the person each is of, and how a vector becomes points.

    Attributes:
        data: (n, D) vectors.
        person: (n,) whose each is; a person is left out with everything that is theirs.
        points: from (k, D) vectors to (k, N, 3) points in mm.
        bones: which of the N points belong to each bone.
    """

    data: Array
    person: npt.NDArray[np.int64]
    points: Callable[[Array], Array]
    bones: dict[Bone, npt.NDArray[np.int64]]

    def __post_init__(self) -> None:
        if len(np.unique(self.person)) < 4:
            raise InputError(
                "too_few_people",
                "A model whose quality is to be known needs at least four people",
                "Give more people",
            )

    @property
    def people(self) -> npt.NDArray[np.int64]:
        """Everybody, each once."""
        return np.unique(self.person)

    @property
    def most_modes(self) -> int:
        """Modes that every model has, the ones without a person included."""
        smallest = min(int((self.person != person).sum()) for person in self.people)
        return min(smallest - 1, int(self.data.shape[1]))


@dataclass(frozen=True)
class Measured:
    """A mean over people or samples, mm, and its standard error."""

    mean: float
    standard_error: float

    @classmethod
    def of(cls, values: Array) -> Measured:
        """From (n,) values, at least two."""
        return cls(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


@dataclass(frozen=True)
class Quality:
    """The three figures by number of modes.

    Attributes:
        people: number of people.
        observations: number of vectors; one a person unless poses vary as well.
        modes: the numbers of modes that were looked at.
        compactness: share of the variance in so many modes.
        generalisation: by name of the bone, and "all": error of a person whom the model has not seen.
        specificity: by name of the bone, and "all": distance of a random sample to the nearest observation.
    """

    people: int
    observations: int
    modes: tuple[int, ...]
    compactness: tuple[float, ...]
    generalisation: dict[str, tuple[Measured, ...]]
    specificity: dict[str, tuple[Measured, ...]]

    def summary(self) -> dict[str, Any]:
        """As plain numbers for JSON: shares, and means in mm with standard errors beside them."""

        def spread(curves: dict[str, tuple[Measured, ...]]) -> dict[str, Any]:
            return {
                name: {
                    "mean_mm": [round(point.mean, 4) for point in curve],
                    "standard_error_mm": [round(point.standard_error, 4) for point in curve],
                }
                for name, curve in curves.items()
            }

        return {
            "people": self.people,
            "observations": self.observations,
            "modes": list(self.modes),
            "compactness": [round(share, 4) for share in self.compactness],
            "generalisation": spread(self.generalisation),
            "specificity": spread(self.specificity),
        }

    def table(self) -> str:
        """As a table for people."""
        names = list(self.generalisation)
        lines = [
            "mean distance in mm: generalisation (a person left out) | specificity (a random sample)",
            f"{'modes':>6}{'variance %':>12}" + "".join(f"{name:>16}" for name in names),
        ]
        for row, (count, share) in enumerate(zip(self.modes, self.compactness, strict=True)):
            cells = [
                f"{self.generalisation[name][row].mean:.2f} | {self.specificity[name][row].mean:.2f}"
                for name in names
            ]
            lines.append(f"{count:6d}{100 * share:12.1f}" + "".join(f"{cell:>16}" for cell in cells))
        return "\n".join(lines)


def principal_components(data: Array) -> tuple[Array, Array, Array]:
    """Mean (D,), orthonormal modes (K, D) and deviations (K,) of (n, D) vectors, K = min(n - 1, D)."""
    mean = data.mean(axis=0)
    _, singular, modes = np.linalg.svd(data - mean, full_matrices=False)
    rank = min(len(data) - 1, data.shape[1])
    return mean, modes[:rank], singular[:rank] / np.sqrt(len(data) - 1)


def compactness(deviations: Array) -> Array:
    """(K,) share of the total variance in the first 1, 2, ... of (K,) modes."""
    variance = np.square(deviations)
    return np.asarray(np.cumsum(variance) / variance.sum())


def generalisation(observed: Observations, modes: Sequence[int]) -> dict[str, tuple[Measured, ...]]:
    """Error of people whom the model has not seen, by number of modes: leave one person out, fit, compare."""
    errors: dict[str, list[list[float]]] = {name: [] for name in _names(observed)}
    for person in observed.people:
        own = observed.person == person
        mean, directions, _ = principal_components(observed.data[~own])
        weights = (observed.data[own] - mean) @ directions.T
        truth = observed.points(observed.data[own])
        rows: dict[str, list[float]] = {name: [] for name in errors}
        for count in modes:
            fitted = observed.points(mean + weights[:, :count] @ directions[:count])
            for name, distance in _distances(observed, fitted, truth).items():
                rows[name].append(float(distance.mean()))
        for name, row in rows.items():
            errors[name].append(row)
    return {name: tuple(Measured.of(column) for column in np.array(e).T) for name, e in errors.items()}


def specificity(
    observed: Observations, modes: Sequence[int], rng: np.random.Generator, *, samples: int = 200
) -> dict[str, tuple[Measured, ...]]:
    """Distance of random samples of the model to the nearest observation, by number of modes."""
    mean, directions, deviations = principal_components(observed.data)
    truth = observed.points(observed.data)
    found: dict[str, list[Measured]] = {name: [] for name in _names(observed)}
    for count in modes:
        weights = rng.normal(size=(samples, count)) * deviations[:count]
        nearest: dict[str, list[float]] = {name: [] for name in found}
        for drawn in observed.points(mean + weights @ directions[:count]):
            for name, distance in _distances(observed, drawn, truth).items():
                nearest[name].append(float(distance.min()))
        for name, values in nearest.items():
            found[name].append(Measured.of(np.array(values)))
    return {name: tuple(curve) for name, curve in found.items()}


def quality(
    observed: Observations, modes: Sequence[int], rng: np.random.Generator, *, samples: int = 200
) -> Quality:
    """All three figures, for those numbers of modes that every model without a person has.

    Raises:
        InputError: no_modes (each of the numbers is too large or below one).
    """
    known = tuple(sorted({count for count in modes if 1 <= count <= observed.most_modes}))
    if not known:
        raise InputError(
            "no_modes",
            f"No number of modes lies between 1 and {observed.most_modes}",
            "Give smaller numbers of modes",
        )
    shares = compactness(principal_components(observed.data)[2])
    return Quality(
        len(observed.people),
        len(observed.data),
        known,
        tuple(float(shares[count - 1]) for count in known),
        generalisation(observed, known),
        specificity(observed, known, rng, samples=samples),
    )


def _names(observed: Observations) -> list[str]:
    return [bone.label for bone in sorted(observed.bones)] + ["all"]


def _distances(observed: Observations, one: Array, other: Array) -> dict[str, Array]:
    """(k,) mean distances between corresponding points of two (k, N, 3), or (N, 3) and (k, N, 3), by bone."""
    apart = np.linalg.norm(one - other, axis=-1)
    parts = {bone.label: apart[:, observed.bones[bone]].mean(axis=1) for bone in sorted(observed.bones)}
    return {**parts, "all": apart.mean(axis=1)}
