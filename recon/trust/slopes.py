"""From signs of error to the error that they foretell: a regression by bone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.bones import Bone

Array = npt.NDArray[np.float64]
_ROUNDS = 40
_RIDGE = 3e-3
_NOBODYS = 0.2  # of a real bone: what one that follows the very model which reconstructs it teaches


@dataclass(frozen=True, eq=False)
class Points:
    """Of one bone of one reconstruction whose truth is known.

    Attributes:
        bone: they are on.
        people: whom they are held out with; None where they are on a shape model's bone, nobody's.
        signs: (N, S) of error; see ``recon.trust.evidence``.
        errors: (N,) true distances, mm.
    """

    bone: Bone
    people: str | None
    signs: Array
    errors: Array

    @property
    def weights(self) -> Array:
        """(N,) what each point counts: together one, less where the bone is nobody's."""
        together = 1.0 if self.people else _NOBODYS
        return np.full(len(self.errors), together / max(len(self.errors), 1))


def fit_slopes(signs: Array, errors: Array, weights: Array) -> Array:
    """(1 + S,) coefficients of a log-linear mean of errors: a Poisson regression.

    Its score equations make predicted and true mean agree over all points and along each sign (McCullagh and
    Nelder, Generalized Linear Models, 1989, chapter 6).

    Args:
        signs: (N, S).
        errors: (N,) true distances, mm.
        weights: (N,) what each point counts.
    """
    design = np.column_stack([np.ones(len(signs)), signs])
    errors = np.maximum(errors, 0.01)
    slopes = np.zeros(design.shape[1])
    slopes[0] = np.log(np.average(errors, weights=weights))
    for _ in range(_ROUNDS):
        mean = np.exp(design @ slopes)
        # Fisher scoring of the quasi-likelihood with variance proportional to the mean, which large errors
        # sway less than least squares and small ones less than a constant coefficient of variation.
        pull = design.T @ (weights * (errors - mean))
        curvature = design.T @ (design * (weights * mean)[:, None])
        curvature += _RIDGE * weights.sum() * np.eye(len(slopes))
        slopes = slopes + np.linalg.solve(curvature, pull)
    return np.asarray(slopes)


def fit_by_bone(points: Sequence[Points]) -> dict[Bone, Array]:
    """Coefficients of ``fit_slopes`` for each bone."""
    found = {}
    for bone in Bone:
        signs, errors, weights = zip(
            *((part.signs, part.errors, part.weights) for part in points if part.bone is bone), strict=True
        )
        found[bone] = fit_slopes(np.concatenate(signs), np.concatenate(errors), np.concatenate(weights))
    return found
