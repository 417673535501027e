"""From signs of error to the error to expect: a regression by bone, bent to what held for people left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.bones import Bone

Array = npt.NDArray[np.float64]
_ROUNDS = 40
_RIDGE = 3e-3


@dataclass(frozen=True, eq=False)
class Points:
    """Of one bone of one reconstruction whose truth is known.

    Attributes:
        bone: they are on.
        people: whom they are held out with.
        signs: (N, S) of error; see ``recon.trust.evidence``.
        errors: (N,) true distances, mm.
        share: what they count together.
    """

    bone: Bone
    people: str
    signs: Array
    errors: Array
    share: float

    @property
    def weights(self) -> Array:
        """(N,) what each point counts."""
        return np.full(len(self.errors), self.share / max(len(self.errors), 1))


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


def tempering(foretold: Array, errors: Array, weights: Array) -> Array:
    """(3,) level, power and bend that bring what slopes foretell of other people to what was true of them.

    Slopes of few people are too steep for others, at the upper end most of all: the logarithm of the error to
    expect is a parabola of the foretold one (calibration slope: Cox, Biometrika 1958;45:562-565; its curve:
    Van Calster et al., J Clin Epidemiol 2016;74:167-176).

    Args:
        foretold: (N,) logarithms of mm, of points of people held out, by slopes of the others.
        errors: (N,) true distances, mm.
        weights: (N,) what each point counts.
    """
    return fit_slopes(np.stack([foretold, foretold**2], axis=1), errors, weights)


def fit_by_bone(points: Sequence[Points]) -> dict[Bone, Array]:
    """Coefficients of ``fit_slopes`` for each bone."""
    found = {}
    for bone in Bone:
        signs, errors, weights = zip(
            *((part.signs, part.errors, part.weights) for part in points if part.bone is bone), strict=True
        )
        found[bone] = fit_slopes(np.concatenate(signs), np.concatenate(errors), np.concatenate(weights))
    return found


def fit_tempered(points: Sequence[Points]) -> tuple[dict[Bone, Array], Array]:
    """Slopes by bone; and one tempering for all, from what slopes of the others foretell of each person."""
    held_out, foretold = [], []
    for people in sorted({part.people for part in points}):
        fitted = fit_by_bone([part for part in points if part.people != people])
        for part in points:
            if part.people == people:
                held_out.append(part)
                foretold.append(fitted[part.bone][0] + part.signs @ fitted[part.bone][1:])
    errors, weights = (
        np.concatenate([getattr(part, what) for part in held_out]) for what in ("errors", "weights")
    )
    return fit_by_bone(points), tempering(np.concatenate(foretold), errors, weights)
