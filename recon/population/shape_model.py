"""Statistical shape model of the leg bones, and new shapes drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.population.others import other_person
from recon.population.people import people_nodes

Array = npt.NDArray[np.float64]

PARTS = ("femur", "patella", "tibia_fibula")


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """Joint principal components of the nodes of all parts, from a given set of people.

    Attributes:
        people: indices of the LLP26 people that it was made from.
        known: (P, K) coefficients of everybody that it was made from.
        mean: (3 N,) nodes of all parts, flattened.
        modes: (K, 3 N) orthonormal rows, by falling variance.
        deviations: (K,) standard deviation along each mode, mm.
        sizes: number of nodes of each part, in the order of ``PARTS``.
    """

    people: tuple[int, ...]
    known: Array
    mean: Array
    modes: Array
    deviations: Array
    sizes: tuple[int, ...]

    @classmethod
    def from_people(cls, people: Sequence[int], others: Sequence[str] = ()) -> ShapeModel:
        """Build the model from these people only; at least three.

        Args:
            people: of LLP26.
            others: of other collections, see ``recon.population.others``.

        Raises:
            ValueError: fewer than three people.
            InputError: unknown_person, no_people.
        """
        if len(people) + len(others) < 3:
            raise ValueError("a shape model needs at least three people")
        nodes = people_nodes()
        rows = [{part: nodes[part][person] for part in PARTS} for person in people]
        rows += [other_person(name) for name in others]
        data = np.array([np.concatenate([row[part].ravel() for part in PARTS]) for row in rows])
        mean = data.mean(axis=0)
        _, singular, modes = np.linalg.svd(data - mean, full_matrices=False)
        rank = len(rows) - 1
        deviations = singular[:rank] / np.sqrt(rank)
        sizes = tuple(nodes[part].shape[1] for part in PARTS)
        known = (data - mean) @ modes[:rank].T / deviations
        return cls(tuple(people), known, mean, modes[:rank], deviations, sizes)

    def nodes(self, coefficients: Array) -> dict[str, Array]:
        """Nodes (nodes, 3) of each part for (K,) coefficients in standard deviations."""
        flat = self.mean + (coefficients * self.deviations) @ self.modes
        pieces = np.split(flat.reshape(-1, 3), np.cumsum(self.sizes)[:-1])
        return dict(zip(PARTS, pieces, strict=True))

    def loosened(self, nodes: dict[str, Array], spread: float, rng: np.random.Generator) -> dict[str, Array]:
        """The parts, each moved along the modes by its own ``spread`` standard deviations."""
        mean = self.nodes(np.zeros(len(self.deviations)))
        return {
            part: points + self.nodes(rng.normal(0, spread, len(self.deviations)))[part] - mean[part]
            for part, points in nodes.items()
        }

    def person_coefficients(self, person: int) -> Array:
        """(K,) coefficients of the projection of one LLP26 person onto the model."""
        nodes = people_nodes()
        flat = np.concatenate([nodes[part][person].reshape(-1) for part in PARTS])
        return np.asarray((flat - self.mean) @ self.modes.T / self.deviations)

    def draw(self, rng: np.random.Generator) -> Array:
        """(K,) coefficients of a new person: anywhere in the population, or near one of its people."""
        if rng.random() < 0.5:
            return np.clip(rng.normal(0, 1.1, len(self.deviations)), -2.5, 2.5)
        near = self.known[rng.integers(len(self.known))]
        return np.asarray(near + rng.normal(0, 0.3, len(self.deviations)))


def smooth_detail(points: Array, rng: np.random.Generator, *, amplitude: float, length: float) -> Array:
    """(V, 3) displacement in mm that varies smoothly over space: detail that no shape model holds.

    A Gaussian random field by random Fourier features (Rahimi and Recht 2007): ``amplitude`` is its
    standard deviation in mm per axis, ``length`` its correlation length in mm.
    """
    features = 48
    frequencies = rng.normal(0, 1 / length, (3, features))
    phases = rng.uniform(0, 2 * np.pi, features)
    weights = rng.normal(0, 1, (features, 3))
    return np.asarray(np.cos(points @ frequencies + phases) @ weights * (amplitude * np.sqrt(2 / features)))
