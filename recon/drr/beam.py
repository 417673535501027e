"""The X-ray beam that every renderer shares: energies, what materials attenuate there, and spectra.

Mass attenuation coefficients: NIST XCOM (J. H. Hubbell and S. M. Seltzer, NISTIR 5632) for liquid water,
cortical bone, skeletal muscle and adipose tissue (ICRU-44) and titanium; the alloys are mixtures of their
elements by mass, 316L stainless steel (ISO 5832-1) and cobalt-chromium-molybdenum (ISO 5832-4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ENERGIES_KEV = (30.0, 40.0, 50.0, 60.0, 80.0)

CM2_PER_G: dict[str, Array] = {
    "water": np.array([0.3756, 0.2683, 0.2269, 0.2059, 0.1837]),
    "cortical": np.array([1.331, 0.6655, 0.4242, 0.3148, 0.2229]),
    "muscle": np.array([0.3783, 0.2685, 0.2262, 0.2048, 0.1823]),
    "adipose": np.array([0.3063, 0.2396, 0.2123, 0.1974, 0.1800]),
    "titanium": np.array([4.972, 2.214, 1.213, 0.7661, 0.4052]),
    "steel": np.array([8.623, 3.840, 2.074, 1.275, 0.6270]),
    "cobalt_chrome": np.array([9.408, 4.205, 2.273, 1.394, 0.6790]),
}
"""Mass attenuation coefficient of each material at ``ENERGIES_KEV``, cm2/g."""

DENSITY_G_PER_CM3 = {
    "water": 1.0,
    "cortical": 1.92,
    "muscle": 1.05,
    "adipose": 0.95,
    "titanium": 4.43,  # of Ti-6Al-4V, the usual alloy
    "steel": 8.0,
    "cobalt_chrome": 8.3,
}

# Aluminium at 20, 30, 40, 50, 60, 80 and 100 keV (NIST XCOM): the filter of the tube.
_ALUMINIUM_KEV = np.array([20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0])
_ALUMINIUM_CM2_PER_G = np.array([3.441, 1.128, 0.5685, 0.3681, 0.2778, 0.2018, 0.1704])
_ALUMINIUM_G_PER_CM3 = 2.699


def per_mm(material: str) -> Array:
    """(5,) linear attenuation per mm of a material at its usual density, at ``ENERGIES_KEV``."""
    return np.asarray(CM2_PER_G[material] * DENSITY_G_PER_CM3[material] / 10)


def open_beam(kilovolts: float, *, aluminium_mm: float = 2.5) -> Array:
    """(5,) shares of ``ENERGIES_KEV`` in what the detector measures of the open beam; they sum to 1.

    Kramers' law (Phil Mag 46:836, 1923) behind the tube's filter, weighted with the energy that a quantum
    leaves in the detector; every quantum counts for the two nearest of the energies.

    Args:
        kilovolts: tube voltage, 45 to 120.
        aluminium_mm: total filtration.
    """
    energy = np.arange(20.0, kilovolts, 0.5)
    filtration = np.exp(np.interp(np.log(energy), np.log(_ALUMINIUM_KEV), np.log(_ALUMINIUM_CM2_PER_G)))
    signal = (kilovolts - energy) * np.exp(-filtration * _ALUMINIUM_G_PER_CM3 * aluminium_mm / 10)
    nodes = np.array(ENERGIES_KEV)
    shares = np.array([signal @ np.interp(energy, nodes, row) for row in np.eye(len(nodes))])
    return np.asarray(shares / shares.sum())


SPECTRA = {"soft": open_beam(55), "knee": open_beam(65), "hard": open_beam(80), "very_hard": open_beam(100)}
"""Presets; a knee is usually exposed at 60 to 70 kV."""


def draw_spectrum(rng: np.random.Generator) -> Array:
    """(5,) shares of the spectrum of a random machine, 50 to 110 kV, lightly or heavily filtered."""
    shares = open_beam(rng.uniform(50, 110), aluminium_mm=rng.uniform(1.5, 6))
    return np.asarray(rng.dirichlet(1e-3 + 40 * shares))


def line_integrals(exponents: Array, spectrum: Array) -> Array:
    """Effective line integral -log(I / I0) by Beer and Lambert.

    Args:
        exponents: (..., 5, rows, columns) line integrals at each of ``ENERGIES_KEV``.
        spectrum: (5,) shares of the open beam; they need not sum to 1.
    """
    weights = spectrum / spectrum.sum()
    return np.asarray(-np.log(np.einsum("...ehw,e->...hw", np.exp(-exponents), weights)))
