"""Bones that the true one may be, when only a picture of it is known.

Two X-rays at right angles show a bone's outline from the front and from the side. Where the surface faces
neither way its form between the outlines is a guess: with the normal at an angle a in the cross-section the
error goes as sin 2a, the one low mode of a closed curve that leaves both outlines as they are, and it goes on
all along the shaft. The rest of the error is smooth and has no such form. Bones that say nothing of their
uncertainty are taken as coming from CT.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from guides.bones import Array
from guides.bones.uncertainty import Uncertainty
from guides.score.accuracy import CORRELATION_MM, SURFACE_NOISE_MM, surface_noise

BETWEEN_VIEWS = 1.1
"""Standard deviation of the error halfway between the two outlines, as a multiple of the expected error that
a reconstruction states. This and the following figures are those of the tibiae, from 60 mm below to 22 mm
above the cut, of four held-out people of LLP26 and of HuBMAP's two; those of STAPLE and VSD were kept to
check what follows from them."""

STEADY = 0.85
"""Share of that variance which is the same all along the bone; the rest changes within CHANGE_MM."""

CHANGE_MM = 20.0

REST = 0.85
"""Standard deviation of all other error as a multiple of the expected error."""

ACROSS_MM, ALONG_MM = 9.0, 30.0
"""Its correlation lengths. Measured were 7 to 9 mm across the bone and 10 to 14 mm along it; with more along
it, as errors run down the bone in stripes, the choice among footprints came out best on those six people."""

CT_MM = 0.3
"""Expected error of a segmented CT; an assumption of common knowledge (voxels of about half a millimetre)."""


@dataclass(frozen=True)
class Spots:
    """Places on a bone.

    Attributes:
        points: (N, 3) in the leg's frame, mm.
        between: (N,) sine of twice the angle of the normal in the cross-section; 0 on the outlines.
        error: (N,) expected error, mm.
    """

    points: Array
    between: Array
    error: Array


@dataclass(frozen=True)
class PlausibleBones:
    """What a picture of a bone leaves open.

    The frame is that of the leg, so that a mirrored leg has the mirrored bones.

    Attributes:
        origin: (3,) its origin, LPS.
        leg: (3, 3) columns forward, medial and up, LPS.
        uncertainty: of the picture; None for bones from CT.
    """

    origin: Array
    leg: Array
    uncertainty: Uncertainty | None

    def spots(self, points: Array, normals: Array) -> Spots:
        """(N, 3) LPS points of the surface and their outward unit normals, as what is known of them."""
        forward, medial = (normals @ self.leg[:, axis] for axis in (0, 1))
        # Sine of twice the angle, less where the surface looks up or down.
        between = 2 * forward * medial / np.maximum(np.hypot(forward, medial), 1e-9)
        if self.uncertainty is None:
            between, error = np.zeros(len(points)), np.full(len(points), CT_MM)
        else:
            _, nearest = self._vertices.query(points)
            error = self.uncertainty.values[nearest]
        return Spots((points - self.origin) @ self.leg, between, error)

    @cached_property
    def _vertices(self) -> Any:
        assert self.uncertainty is not None
        return cKDTree(self.uncertainty.points)

    def covariance(self, spots: Spots) -> Array:
        """(N, N) covariance of the true surface's height over the picture's, mm2, with that of printing."""
        off = spots.points[:, None] - spots.points
        squared, along = (off**2).sum(axis=-1), off[..., 2] ** 2
        across = squared - along
        between = np.outer(spots.between, spots.between) * BETWEEN_VIEWS**2
        between *= STEADY + (1 - STEADY) * np.exp(-along / 2 / CHANGE_MM**2)
        rest = REST**2 * np.exp(-across / 2 / ACROSS_MM**2 - along / 2 / ALONG_MM**2)
        printed = SURFACE_NOISE_MM**2 * np.exp(-squared / 2 / CORRELATION_MM**2)
        return np.asarray(np.outer(spots.error, spots.error) * (between + rest) + printed)

    def heights(self, spots: Spots, count: int, seed: int) -> Array:
        """(count, N) mm by which the surface of so many bones stands over the picture's.

        One seed means one set of bones, wherever on them one looks.
        """
        rng = np.random.default_rng(seed)
        points = spots.points
        between = np.sqrt(STEADY) * rng.normal(size=(count, 1))
        upright = points * [0.0, 0.0, 1.0]
        between = between + surface_noise(upright, count, np.sqrt(1 - STEADY), rng, CHANGE_MM)
        rest = surface_noise(points, count, REST, rng, (ACROSS_MM, ACROSS_MM, ALONG_MM))
        heights = spots.error * (BETWEEN_VIEWS * spots.between * between + rest)
        return np.asarray(heights + surface_noise(points, count, SURFACE_NOISE_MM, rng))
