"""The beam: coefficients that belong together, spectra that harden with voltage and filter."""

from __future__ import annotations

import numpy as np
import pytest

from recon.drr.beam import (
    CM2_PER_G,
    DENSITY_G_PER_CM3,
    ENERGIES_KEV,
    SPECTRA,
    draw_spectrum,
    line_integrals,
    open_beam,
    per_mm,
)


def test_every_material_attenuates_less_at_higher_energies() -> None:
    assert CM2_PER_G.keys() == DENSITY_G_PER_CM3.keys()
    for material in CM2_PER_G:
        assert (np.diff(per_mm(material)) < 0).all()


def test_materials_follow_one_another_at_every_energy() -> None:
    order = ["adipose", "water", "muscle", "cortical", "titanium", "steel", "cobalt_chrome"]
    assert (np.diff([per_mm(material) for material in order], axis=0) > 0).all()


def test_muscle_is_nearly_water_and_steel_nearly_iron() -> None:
    assert CM2_PER_G["muscle"] == pytest.approx(CM2_PER_G["water"], rel=0.01)
    iron = np.array([8.176, 3.629, 1.958, 1.205, 0.5952])  # NIST XCOM
    assert CM2_PER_G["steel"] == pytest.approx(iron, rel=0.07)


@pytest.mark.parametrize("shares", SPECTRA.values())
def test_a_spectrum_is_whole(shares: np.ndarray) -> None:
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()


def test_voltage_and_filter_harden_the_beam() -> None:
    means = [open_beam(kilovolts) @ ENERGIES_KEV for kilovolts in (50, 65, 80, 110)]
    assert (np.diff(means) > 2).all()
    assert open_beam(65, aluminium_mm=6) @ ENERGIES_KEV > open_beam(65, aluminium_mm=2) @ ENERGIES_KEV + 1
    assert 38 < open_beam(65) @ ENERGIES_KEV < 46  # published mean energies of 65 kV beams lie about there


def test_random_machines_differ_and_come_again() -> None:
    drawn = [draw_spectrum(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (drawn[0] == drawn[1]).all()
    assert np.abs(drawn[0] - drawn[2]).max() > 0.01
    assert all(shares.sum() == pytest.approx(1) for shares in drawn)


def test_line_integrals_of_a_thin_and_a_thick_layer() -> None:
    spectrum = SPECTRA["knee"]

    def through(mm: float) -> float:
        return float(line_integrals((per_mm("muscle") * mm)[:, None, None], spectrum)[0, 0])

    assert through(0) == pytest.approx(0, abs=1e-12)
    assert through(0.01) == pytest.approx(0.01 * per_mm("muscle") @ spectrum, rel=1e-3)
    assert through(200) < 200 * per_mm("muscle") @ spectrum  # the beam hardens
