"""What a knee-only field of view does not show, from people whose whole bones are known.

The numbers come from the 20 training people of LLP26 (CT, `musculoskeletal-models` 0.2.4), each cut to 110 mm
of tibia and 90 mm of femur about the joint, and are printed by
``python -m tests.benchmarks.landmarks --priors``. Published figures agree: anatomical to mechanical femoral
axis 5 degrees, 2.9 to 6.8 (PMC7875943); a tibial axis from 50 mm of shaft within 3 degrees
(10.1080/23335432.2021.1916406); HKA from a knee film 1.8 degrees off on average
(10.1080/17453674.2020.1779516).

How a shaft bows below the view is hardly to be seen in it. A regression on how far the shaft lies beside the
knee centre takes the frontal spread of LLP26 (each person left out) from 0.88 to 0.80 degrees only, and a
shape model of tibia and fibula with perfect correspondence does worse than the mean. Weighing every depth of
the centre line by how people vary there (generalised least squares) takes 0.74 to 0.65 degrees among people 0
to 19, its smoothness chosen without the person left out, but 0.84 to 1.07 on the six others. Over 31 people
of all collections, each left out (26 of LLP26, 5 of the folder of real bones), ridge regressions on
components of the visible profile, penalty and number of components chosen without the person too, leave 0.98
degrees from the medial and lateral cortex, 1.04 from the centre line, 1.07 from the fibula's line, 1.07 from
the cortices of all sides and the torsion; the mean alone leaves 0.99. ``staple_lhdl``, off by 3.5, is off by
3.3 to 3.6 in each: its bow lies below the view. A third of arthritic tibiae bow by more than 2 degrees
(10.1177/230949900701500108). The band of a measure says so; only a long-leg film mends it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from guides.bones import Array

SHORT_VIEW_MM = 70.0
"""Of tibia below the joint line: with less in view the shaft's line is fitted within the flare, which leans
back towards the plateau, so that prolonged it ends too far in front, the more the shorter the view. What is
left open then is a spread of the slope of 2.7 degrees at 59 mm, against 1.1 at 110 (LLP26, training)."""


@dataclass(frozen=True)
class Imputation:
    """A mean and a standard deviation over people."""

    mean: float
    spread: float


@dataclass(frozen=True)
class Priors:
    """Where hip and ankle lie in most people.

    Attributes:
        people: how many people the numbers come from.
        tibia_per_width: knee centre to ankle centre, in plateau widths.
        ankle_lateral_deg: frontal angle at the knee centre from the prolonged shaft line to the ankle centre,
            towards lateral.
        ankle_anterior_deg: the same in the sagittal plane, towards anterior.
        ankle_anterior_per_short_mm: what a millimetre adds to it by which the view ends before
            ``SHORT_VIEW_MM``.
        femur_per_width: knee centre to hip centre, in plateau widths.
        hip_medial_deg: frontal angle at the knee centre from the shaft's direction to the hip centre, towards
            medial, where the anatomical lateral distal femoral angle (aLDFA) is 80 degrees and the knee
            centre lies on the shaft line; and what the regression leaves open.
        hip_per_aldfa: what a degree of aLDFA adds to it.
        hip_per_shaft: what a degree adds by which the shaft lies medial of the knee centre, seen from it.
            A short shaft has a noisy direction: aLDFA and this angle share its error, and the regression
            takes most of it out.
        hip_anterior_deg: sagittal angle at the knee centre from the shaft's direction to the hip centre.
    """

    people: int
    tibia_per_width: Imputation
    ankle_lateral_deg: Imputation
    ankle_anterior_deg: Imputation
    ankle_anterior_per_short_mm: float
    femur_per_width: Imputation
    hip_medial_deg: Imputation
    hip_per_aldfa: float
    hip_per_shaft: float
    hip_anterior_deg: Imputation

    def ankle_anterior(self, in_view: float) -> float:
        """The mean of ``ankle_anterior_deg`` where so many mm of tibia are seen below the joint line."""
        short = max(0.0, SHORT_VIEW_MM - in_view)
        return self.ankle_anterior_deg.mean + self.ankle_anterior_per_short_mm * short

    def deviations(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Draws in standard deviations for a person that is not among ``people``.

        Mean and spread are estimates from few people, so that the next one follows Student's t, widened by
        the error of the mean.
        """
        return np.asarray(generator.standard_t(self.people - 1, shape) * np.sqrt(1 + 1 / self.people))


PRIORS = Priors(
    people=20,
    tibia_per_width=Imputation(4.64, 0.34),
    # LLP26 spreads by 0.9 only; 1.2 is what the published bound of 3 degrees allows for other people.
    ankle_lateral_deg=Imputation(0.88, 1.2),
    ankle_anterior_deg=Imputation(-0.36, 1.2),
    ankle_anterior_per_short_mm=-0.32,
    femur_per_width=Imputation(5.56, 0.45),
    hip_medial_deg=Imputation(6.81, 1.88),
    hip_per_aldfa=-0.4,
    hip_per_shaft=0.45,
    hip_anterior_deg=Imputation(-5.0, 1.98),
)
