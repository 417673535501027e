"""What signs of error have meant on people that no weight has seen: the constants of the trust in a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recon.bones import Bone
from recon.errors import InputError
from recon.trust.evidence import SIGNS

Array = npt.NDArray[np.float64]
ASSETS = Path(__file__).parents[1] / "assets"
LEAST_MM, MOST_MM = 0.1, 15.0
_ROUNDS = 40
_RIDGE = 3e-3


@dataclass(frozen=True, eq=False)
class Calibration:
    """Constants of the trust in one model.

    Attributes:
        model: SHA-256 of the weights that it was measured with.
        slopes: by bone, (1 + len(SIGNS),) coefficients of the logarithm of the expected error in mm.
        centre: by name of ``knee_evidence``, the median over knees.
        spread: the same, a robust standard deviation.
        threshold: of the score, above which a knee is refused.
    """

    model: str
    slopes: Mapping[Bone, Array]
    centre: Mapping[str, float]
    spread: Mapping[str, float]
    threshold: float

    def expected_error(self, bone: Bone, signs: Array) -> Array:
        """(N,) expected distance to the true surface in mm, of (N, len(SIGNS)) signs."""
        slopes = self.slopes[bone]
        return np.asarray(np.clip(np.exp(slopes[0] + signs @ slopes[1:]), LEAST_MM, MOST_MM))

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        stated = {
            "model": self.model,
            "signs": list(SIGNS),
            "slopes": {bone.label: np.round(slopes, 5).tolist() for bone, slopes in self.slopes.items()},
            "centre": {name: round(value, 5) for name, value in self.centre.items()},
            "spread": {name: round(value, 5) for name, value in self.spread.items()},
            "threshold": round(self.threshold, 4),
        }
        path.write_text(json.dumps(stated, indent=1) + "\n")


@cache
def read_calibration(path: Path) -> Calibration:
    """The calibration in a file.

    Raises:
        InputError: no_calibration.
    """
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        if stated["signs"] != list(SIGNS):
            raise ValueError("it was made for other signs")
        return Calibration(
            stated["model"],
            {bone: np.array(stated["slopes"][bone.label]) for bone in Bone},
            stated["centre"],
            stated["spread"],
            float(stated["threshold"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "no_calibration",
            f"{path} is not a calibration of the uncertainty ({error})",
            "Make one with python -m recon.trust.calibrate",
        ) from error


def calibration_of(weights: Path) -> Calibration:
    """The calibration beside a weights file ``X.safetensors``: ``X.trust.json``, else the shipped one.

    Raises:
        InputError: no_calibration.
    """
    own = weights.with_suffix(".trust.json")
    return read_calibration(own if own.is_file() else ASSETS / "compact.trust.json")


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


def fit_spread(knees: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Median and robust standard deviation (from the quartile above) of each figure over knees."""
    centre, spread = {}, {}
    for name in knees[0]:
        values = np.array([knee[name] for knee in knees])
        values = values[np.isfinite(values)]
        middle, upper = np.percentile(values, (50, 84))
        centre[name] = float(middle)
        spread[name] = float(max(upper - middle, 0.5 * values.std(), 0.02))
    return centre, spread
