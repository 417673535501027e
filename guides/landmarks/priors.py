"""What a knee-only field of view does not show, from people whose whole bones are known.

The numbers come from the 26 people of LLP26 (CT, `musculoskeletal-models` 0.2.4), each cut to 110 mm of tibia
and 90 mm of femur about the joint, and are printed by ``python -m tests.benchmarks.landmarks --priors``.
Published figures agree: anatomical to mechanical femoral axis 5 degrees, 2.9 to 6.8 (PMC7875943); a tibial
axis from 50 mm of shaft within 3 degrees (10.1080/23335432.2021.1916406).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Imputation:
    """A mean and a standard deviation over people."""

    mean: float
    spread: float


TIBIA_PER_WIDTH = Imputation(4.71, 0.32)
"""Knee centre to ankle centre, in plateau widths."""

ANKLE_LATERAL_DEG = Imputation(1.0, 1.2)
"""Frontal angle at the knee centre from the prolonged shaft line to the ankle centre, towards lateral.
LLP26 spreads by 0.8 only; 1.2 is what the published bound of 3 degrees allows for other people."""

ANKLE_ANTERIOR_DEG = Imputation(-0.2, 1.2)
"""The same in the sagittal plane, towards anterior."""

FEMUR_PER_WIDTH = Imputation(5.63, 0.41)
"""Knee centre to hip centre, in plateau widths."""

MLDFA_PER_ALDFA = 0.38
"""Regression of the mechanical on the anatomical lateral distal femoral angle. A short shaft makes the latter
noisy, so that a part of its deviation from the mean says nothing of the hip."""

MLDFA_AT_ALDFA_80_DEG = Imputation(86.8, 1.8)
"""The mechanical angle where the anatomical one is 80 degrees, and what the regression leaves open."""

HIP_ANTERIOR_DEG = Imputation(-4.9, 1.8)
"""Sagittal angle at the knee centre from the distal shaft's direction to the hip centre, towards anterior."""
