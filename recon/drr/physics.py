"""From tissue to pixels: densities, the beam behind them, scatter, noise and the detector's range.

Density from HU: U. Schneider, W. Schneider, T. Bortfeld and W. Schlegel, Phys Med Biol 45:459 (2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from recon.drr.beam import CM2_PER_G, SPECTRA
from recon.drr.joseph import project_volume
from recon.geometry import Camera
from recon.volumes import CtVolume

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

_BONE_FROM_HU, _BONE_FULL_HU = 100.0, 1300.0


def material_densities(hu: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Split Hounsfield units into densities of water-like tissue and of cortical bone.

    Args:
        hu: any shape.

    Returns:
        Two tensors of that shape in g/cm3. Their sum is the density; the bone's share of the mass grows from
        none at 100 HU to all at 1300 HU, because trabecular bone is a mixture of marrow and mineral.
    """
    soft = (1.0 + hu / 1000.0).clamp(min=0.0)
    hard = 1.017 + 0.592e-3 * hu.clamp(max=3000.0)
    density = torch.where(hu < _BONE_FROM_HU, soft, torch.maximum(hard, hard.new_tensor(1.0)))
    share = ((hu - _BONE_FROM_HU) / (_BONE_FULL_HU - _BONE_FROM_HU)).clamp(0.0, 1.0)
    # Air in the bore has no useful attenuation, and its noise would only cost contrast.
    density = torch.where(hu < -900.0, torch.zeros_like(density), density)
    return density * (1.0 - share), density * share


def attenuation(
    water_g_per_cm2: torch.Tensor, bone_g_per_cm2: torch.Tensor, spectrum: Array = SPECTRA["knee"]
) -> torch.Tensor:
    """Effective line integral -log(I / I0) of a polyenergetic beam behind two materials (Beer-Lambert).

    Args:
        water_g_per_cm2: mass of water-like tissue along each ray, any shape.
        bone_g_per_cm2: the same of cortical bone.
        spectrum: shares of ``ENERGIES_KEV`` in the open beam, all positive.
    """
    exponents = [
        np.log(share) - water * water_g_per_cm2 - bone * bone_g_per_cm2
        for share, water, bone in zip(
            spectrum / spectrum.sum(), CM2_PER_G["water"], CM2_PER_G["cortical"], strict=True
        )
    ]
    return -torch.logsumexp(torch.stack(exponents), dim=0)


def render_ct(volume: CtVolume, camera: Camera, spectrum: Array = SPECTRA["knee"]) -> Image:
    """Noise-free line integrals of a CT in a view: (rows, columns) float32, 0 in air."""
    water, bone = material_densities(torch.from_numpy(volume.hu))
    mm_to_cm = 0.1
    water_path = project_volume(water, volume.affine, camera) * mm_to_cm
    bone_path = project_volume(bone, volume.affine, camera) * mm_to_cm
    return np.asarray(attenuation(water_path, bone_path, spectrum).clamp(min=0.0).numpy())


@dataclass(frozen=True)
class Detector:
    """What lies between the patient and the stored pixel.

    Attributes:
        photons: quanta per pixel in the open beam.
        electronic_noise: standard deviation of the read-out, in quanta.
        scatter_fraction: scattered share of the signal behind the thickest part.
        scatter_blur_mm: standard deviation of the scatter's spread, in mm at the detector.
        focal_blur_px: standard deviation of focal spot and scintillator blur, in pixels.
        bits: bits stored, 8 to 16.
        relationship: "LIN" (proportional to exposure) or "LOG".
        bone_bright: stored values grow with attenuation instead of exposure.
    """

    photons: float = 20_000.0
    electronic_noise: float = 8.0
    scatter_fraction: float = 0.12
    scatter_blur_mm: float = 25.0
    focal_blur_px: float = 0.5
    bits: int = 14
    relationship: Literal["LIN", "LOG"] = "LIN"
    bone_bright: bool = False

    def expose(self, line_integrals: Image, *, pixel_mm: float, seed: int) -> Image:
        """Relative exposure (1 in the open beam) with scatter, blur and noise.

        Args:
            line_integrals: (rows, columns) noise-free -log(I / I0).
            pixel_mm: pixel size at the detector.
            seed: of the noise; the same seed gives the same image.
        """
        primary = np.exp(-line_integrals.astype(np.float64))
        # Scatter is born where quanta are lost, spreads widely and is nearly featureless.
        lost = 1.0 - primary
        blur = self.scatter_blur_mm / pixel_mm
        coarse = max(1, int(blur // 4))
        small = ndimage.gaussian_filter(
            ndimage.zoom(lost, 1 / coarse, order=1), blur / coarse, mode="nearest"
        )
        factors = [full / part for full, part in zip(primary.shape, small.shape, strict=True)]
        spread = ndimage.zoom(small, factors, order=1, mode="nearest", grid_mode=True)
        typical = float(np.percentile(primary, 10))
        scatter = spread * typical * self.scatter_fraction / (1 - self.scatter_fraction)
        signal = ndimage.gaussian_filter(primary + scatter, self.focal_blur_px)
        generator = np.random.default_rng(seed)
        quanta = generator.poisson(np.clip(signal, 0, None) * self.photons).astype(np.float64)
        quanta += generator.normal(0.0, self.electronic_noise, quanta.shape)
        return np.asarray(np.clip(quanta / self.photons, 0, None), dtype=np.float32)

    def digitise(self, exposure: Image) -> npt.NDArray[np.uint16]:
        """Stored values of a relative exposure, (rows, columns) uint16 of at most ``bits`` bits."""
        top = (1 << self.bits) - 1
        if self.relationship == "LIN":
            scaled = exposure / 1.1  # the open beam and its noise must not saturate
        else:
            floor = 10.0**-3.5
            scaled = 1.0 + np.log10(np.clip(exposure, floor, 10.0) / 1.1) / 3.6
        if self.bone_bright:
            scaled = 1.0 - scaled
        return np.asarray(np.clip(np.rint(scaled * top), 0, top), dtype=np.uint16)
