"""The error to expect, of the error that signs foretell: bent to what held for people who were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.trust.slopes import Points, fit_by_bone, fit_slopes

Array = npt.NDArray[np.float64]
_KNOWN_PERCENT = 99


@dataclass(frozen=True)
class Temper:
    """A parabola between logarithms of mm, and its tangent where it was fitted to nothing any more.

    Slopes of few people are too steep for others, at the upper end most of all (calibration slope: Cox,
    Biometrika 1958;45:562-565; its curve: Van Calster et al., J Clin Epidemiol 2016;74:167-176).

    Attributes:
        level: of the parabola, as ``power`` and ``bend``.
        power: of the foretold logarithm.
        bend: of its square.
        known: largest foretold logarithm, but for hundredths, that it was fitted to.
    """

    level: float
    power: float
    bend: float
    known: float

    def __call__(self, foretold: Array) -> Array:
        """(N,) logarithms of the mm to expect, of those foretold; more is never made less."""
        end = self.known if self.bend >= 0 else min(self.known, -self.power / (2 * self.bend))
        inside = np.minimum(foretold, end)
        parabola = self.level + self.power * inside + self.bend * inside**2
        return np.asarray(parabola + (self.power + 2 * self.bend * end) * (foretold - inside))

    @classmethod
    def fit(cls, foretold: Array, errors: Array, weights: Array) -> Temper:
        """What brings the foretold to the true.

        Args:
            foretold: (N,) logarithms of mm, of points of people held out, by slopes of the others.
            errors: (N,) true distances, mm.
            weights: (N,) what each point counts.
        """
        level, power, bend = fit_slopes(np.stack([foretold, foretold**2], axis=1), errors, weights)
        return cls(float(level), float(power), float(bend), float(np.percentile(foretold, _KNOWN_PERCENT)))

    @classmethod
    def of_people(cls, points: Sequence[Points]) -> Temper:
        """What brings the slopes of all others to what is true of each real person, who all count alike.

        Virtual knees follow the very model that reconstructs them: how far slopes hold for another person is
        not told by them.

        Args:
            points: of two real people or more, and of virtual knees.
        """
        real = {part.people for part in points if part.people is not None}
        bones = Counter(part.people for part in points)
        foretold, errors, weights = [], [], []
        for people in sorted(real):
            slopes = fit_by_bone([part for part in points if part.people != people])
            for part in points:
                if part.people == people:
                    foretold.append(slopes[part.bone][0] + part.signs @ slopes[part.bone][1:])
                    errors.append(part.errors)
                    weights.append(part.weights / bones[people])
        return cls.fit(*(np.concatenate(each) for each in (foretold, errors, weights)))
