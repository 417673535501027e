"""The error to expect, of the error that signs foretell: bent to what held for people who were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.trust.evidence import PARALLAX
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
        parallax: power of the sine of the angle between the views: how much more, or less, their nearness
            counts for others than slopes foretell.
        power: of the foretold logarithm.
        bend: of its square.
        known: largest foretold logarithm, but for hundredths, that it was fitted to.
    """

    level: float
    power: float
    bend: float
    parallax: float
    known: float

    def __call__(self, foretold: Array, parallax: Array) -> Array:
        """Logarithms of the mm to expect; more is never made less.

        Args:
            foretold: (N,) logarithms of mm.
            parallax: (N,) logarithm of the sine of the angle between the views.
        """
        end = self.known if self.bend >= 0 else min(self.known, -self.power / (2 * self.bend))
        inside = np.minimum(foretold, end)
        parabola = self.level + self.power * inside + self.bend * inside**2 + self.parallax * parallax
        return np.asarray(parabola + (self.power + 2 * self.bend * end) * (foretold - inside))

    @classmethod
    def fit(cls, foretold: Array, parallax: Array, errors: Array, weights: Array) -> Temper:
        """What brings the foretold to the true.

        Args:
            foretold: (N,) logarithms of mm, of points of people held out, by slopes of the others.
            parallax: (N,) logarithm of the sine of the angle between the views.
            errors: (N,) true distances, mm.
            weights: (N,) what each point counts.
        """
        found = fit_slopes(np.stack([foretold, foretold**2, parallax], axis=1), errors, weights)
        level, power, bend, angle = map(float, found)
        return cls(level, power, bend, angle, float(np.percentile(foretold, _KNOWN_PERCENT)))

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
        foretold, parallax, errors, weights = [], [], [], []
        for people in sorted(real):
            slopes = fit_by_bone([part for part in points if part.people != people])
            for part in points:
                if part.people == people:
                    foretold.append(slopes[part.bone][0] + part.signs @ slopes[part.bone][1:])
                    parallax.append(part.signs[:, PARALLAX])
                    errors.append(part.errors)
                    weights.append(part.weights / bones[people])
        return cls.fit(*(np.concatenate(each) for each in (foretold, parallax, errors, weights)))
