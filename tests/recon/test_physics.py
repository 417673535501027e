"""The beam against Beer and Lambert, the detector against counting statistics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.drr.beam import CM2_PER_G, SPECTRA
from recon.drr.physics import Detector, attenuation, material_densities, render_ct
from recon.images.write import Positioner
from recon.volumes import CtVolume


def test_nothing_attenuates_nothing() -> None:
    assert float(attenuation(torch.zeros(1), torch.zeros(1))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("water", "bone"), [(3.0, 0.0), (0.0, 2.0), (12.0, 3.0), (25.0, 6.0)])
def test_attenuation_is_the_sum_over_the_spectrum(water: float, bone: float) -> None:
    expected = -np.log(
        sum(
            share * np.exp(-w * water - b * bone)
            for share, w, b in zip(SPECTRA["knee"], CM2_PER_G["water"], CM2_PER_G["cortical"], strict=True)
        )
    )
    assert float(attenuation(torch.tensor([water]), torch.tensor([bone]))) == pytest.approx(
        expected, rel=1e-5
    )


def test_the_beam_hardens() -> None:
    thickness = torch.tensor([1e-3, 5.0, 20.0])
    per_cm = attenuation(thickness, torch.zeros(3)) / thickness
    assert float(per_cm[0]) == pytest.approx(
        SPECTRA["knee"] @ CM2_PER_G["water"], rel=1e-2
    )  # thin layers see the mean coefficient
    assert per_cm[0] > per_cm[1] > per_cm[2] > CM2_PER_G["water"].min()


def test_hounsfield_units_split_into_densities_of_known_tissues() -> None:
    soft, hard = material_densities(torch.tensor([-1000.0, -100.0, 0.0, 50.0, 700.0, 1300.0]))
    assert soft[:4].tolist() == pytest.approx([0, 0.9, 1.0, 1.05], abs=1e-4)
    assert hard[:4].tolist() == [0, 0, 0, 0]
    assert float(soft[4]) == pytest.approx(float(hard[4]), rel=1e-3)
    assert float(soft[5]) == pytest.approx(0, abs=1e-5)
    assert float(hard[5]) == pytest.approx(1.017 + 0.592e-3 * 1300, rel=1e-4)


def test_a_slab_of_water_attenuates_by_its_thickness() -> None:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [-79, -49, -79]
    hu = np.full((80, 50, 80), np.float32(-1000))
    hu[:, 10:40] = 0  # 60 mm along y, the beam's way
    image = render_ct(CtVolume(hu, affine), Positioner(0.0, rows=65, columns=65).camera)
    expected = float(attenuation(torch.tensor([6.0]), torch.tensor([0.0])))
    assert image[32, 32] == pytest.approx(expected, rel=1e-3)


def quiet(**changes: float) -> Detector:
    return Detector(**{"scatter_fraction": 0.0, "focal_blur_px": 0.0, "electronic_noise": 0.0, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [0.0, 1.0, 3.0])
def test_noise_counts_quanta(depth: float) -> None:
    photons, read_out = 5000.0, 12.0
    image = quiet(photons=photons, electronic_noise=read_out).expose(
        np.full((200, 200), depth, np.float32), pixel_mm=0.3, seed=1
    )
    quanta = photons * np.exp(-depth)
    assert image.mean() == pytest.approx(np.exp(-depth), rel=0.005)
    assert image.var() * photons**2 == pytest.approx(quanta + read_out**2, rel=0.03)


def test_the_same_seed_gives_the_same_noise_and_another_does_not() -> None:
    clean = np.ones((64, 64), np.float32)
    first, again, other = (Detector().expose(clean, pixel_mm=0.3, seed=seed) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_scatter_fills_the_shadow_with_its_share_of_the_signal() -> None:
    clean = np.full((128, 128), 3.0, np.float32)
    fraction = 0.3
    primary = np.exp(-3.0)
    lit = quiet(photons=1e9, scatter_fraction=fraction).expose(clean, pixel_mm=1.0, seed=0).mean()
    # The share is exact where everything is lost; here 1 - exp(-3) is.
    assert (lit - primary) / lit == pytest.approx(fraction, rel=0.06)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("bone_bright", [False, True])
def test_stored_values_use_the_range_and_keep_the_order(bits: int, bone_bright: bool) -> None:
    exposure = np.linspace(0, 1.05, 400, dtype=np.float32)[None]
    for relationship in ("LIN", "LOG"):
        detector = Detector(bits=bits, bone_bright=bone_bright, relationship=relationship)  # type: ignore[arg-type]
        stored = detector.digitise(exposure).astype(int)
        assert stored.min() >= 0
        assert stored.max() < 1 << bits
        steps = np.diff(stored[0])
        assert (steps <= 0).all() if bone_bright else (steps >= 0).all()
        assert np.ptp(stored) > 0.9 * (1 << bits)
