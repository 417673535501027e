"""What signs of error have meant on people that no weight has seen: the constants of the trust in a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recon.bones import Bone
from recon.errors import InputError
from recon.trust.evidence import FIGURES, SIGNS
from recon.trust.temper import Temper

Array = npt.NDArray[np.float64]
ASSETS = Path(__file__).parents[1] / "assets"
LEAST_MM, MOST_MM = 0.1, 15.0
SEPARATIONS_DEG = (30.0, 60.0, 90.0)  # between views, at which sound knees were looked at
_LEAST_SPREAD = 0.02  # few knees agree more than all do


@dataclass(frozen=True, eq=False)
class Calibration:
    """Constants of the trust in one model.

    Attributes:
        model: SHA-256 of the weights that it was measured with.
        slopes: by bone, (1 + len(SIGNS),) coefficients of the logarithm of the mm that signs foretell.
        temper: from that to the logarithm of the mm that are expected.
        centre: by name of ``knee_evidence``, the median over knees at each of ``SEPARATIONS_DEG``.
        spread: the same, a robust standard deviation.
        threshold: of the score, above which a knee is refused.
    """

    model: str
    slopes: Mapping[Bone, Array]
    temper: Temper
    centre: Mapping[str, Sequence[float]]
    spread: Mapping[str, Sequence[float]]
    threshold: float

    @classmethod
    def blank(cls, model: str) -> Calibration:
        """Of weights that nothing is known of yet: a millimetre everywhere, and any knee is as usual."""
        none, one = ({name: [value] * len(SEPARATIONS_DEG) for name in FIGURES} for value in (0.0, 1.0))
        slopes = {bone: np.zeros(1 + len(SIGNS)) for bone in Bone}
        return cls(model, slopes, Temper(0.0, 1.0, 0.0, 9.0), none, one, np.inf)

    def expected_error(self, bone: Bone, signs: Array) -> Array:
        """(N,) expected distance to the true surface in mm, of (N, len(SIGNS)) signs."""
        foretold = self.slopes[bone][0] + signs @ self.slopes[bone][1:]
        return np.asarray(np.clip(np.exp(self.temper(foretold)), LEAST_MM, MOST_MM))

    def excess(self, name: str, value: float, separation: float) -> float:
        """By how many standard deviations a figure of ``knee_evidence`` is above that of sound knees.

        Args:
            name: of the figure.
            value: of the figure.
            separation: degrees between the views; the nearer they are, the less do they tell of any knee.
        """
        centre, spread = (
            np.interp(separation, SEPARATIONS_DEG, usual[name]) for usual in (self.centre, self.spread)
        )
        return float((value - centre) / spread)

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        stated = {
            "model": self.model,
            "signs": list(SIGNS),
            "slopes": {bone.label: np.round(slopes, 5).tolist() for bone, slopes in self.slopes.items()},
            "temper": {name: round(value, 5) for name, value in asdict(self.temper).items()},
            "separations_deg": list(SEPARATIONS_DEG),
            **{
                what: {name: np.round(values, 5).tolist() for name, values in usual.items()}
                for what, usual in (("centre", self.centre), ("spread", self.spread))
            },
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
        if stated["signs"] != list(SIGNS) or stated["separations_deg"] != list(SEPARATIONS_DEG):
            raise ValueError("it was made for other signs or angles between views")
        if set(stated["centre"]) != set(FIGURES) or set(stated["spread"]) != set(FIGURES):
            raise ValueError("it was made for other figures of the knee")
        return Calibration(
            stated["model"],
            {bone: np.array(stated["slopes"][bone.label]) for bone in Bone},
            Temper(**stated["temper"]),
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


def fit_spread(knees: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Median of each figure over knees, and its standard deviation or, if larger, the robust one above it."""
    centre, spread = {}, {}
    for name in knees[0]:
        values = np.array([knee[name] for knee in knees])
        values = values[np.isfinite(values)]
        middle, upper = np.percentile(values, (50, 84))
        centre[name] = float(middle)
        spread[name] = float(max(upper - middle, values.std(), _LEAST_SPREAD))
    return centre, spread
