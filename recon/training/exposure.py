"""Turn the clean layers of a virtual knee into the picture of some X-ray machine, a new one each time.

The network must work on phantoms, detectors and exposures that it never saw, so everything that is not
geometry is drawn at random: spectrum, density, texture, scatter, blur, noise, response, collimation,
wires and plasters (domain randomisation, as in SyntheX, 10.1038/s42256-023-00629-1).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.drr.beam import draw_spectrum
from recon.networks.picture import normalise
from recon.population.phantom import LAYERS

Image = npt.NDArray[np.float32]
# Of each of ``LAYERS``, relative to what it is in this leg.
_LEAST_DENSITY, _MOST_DENSITY = (0.85, 0.9, 0.7, 0.95, 0.95), (1.15, 1.1, 1.4, 1.05, 1.05)


def _texture(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Smooth noise of unit deviation and random grain."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), rng.uniform(0.7, 5))
    return np.asarray(noise / max(float(noise.std()), 1e-6), np.float32)


def _wires(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Attenuation of a few thin curved lines: electrodes, drains, bead wires."""
    image = np.zeros(shape, np.float32)
    for _ in range(rng.integers(1, 4)):
        t = np.linspace(0, 1, 600)
        ends = rng.uniform(0, 1, (3, 2)) * np.array(shape)
        curve = np.outer((1 - t) ** 2, ends[0]) + np.outer(2 * t * (1 - t), ends[1]) + np.outer(t**2, ends[2])
        rows, columns = np.clip(curve.round().astype(int), 0, np.array(shape) - 1).T
        image[rows, columns] = rng.uniform(0.2, 2.0)
    return np.asarray(ndimage.gaussian_filter(image, rng.uniform(0.4, 1.2)) * 2, np.float32)


def _collimation(shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The exposed part of a picture: all of it, a rectangle, or a circle."""
    rows, columns = shape
    valid = np.ones(shape, bool)
    kind = rng.random()
    if kind < 0.35:
        top, bottom, left, right = (int(edge) for edge in rng.uniform(0, 0.16, 4) * rows)
        valid[:top] = valid[rows - bottom :] = False
        valid[:, :left] = valid[:, columns - right :] = False
    elif kind < 0.45:
        y, x = np.ogrid[:rows, :columns]
        radius = rng.uniform(0.42, 0.62) * rows
        valid = np.hypot(y - rows / 2 - rng.normal(0, 6), x - columns / 2 - rng.normal(0, 6)) < radius
    return valid


def expose(
    layers: npt.NDArray[np.float16],
    attenuation: npt.NDArray[np.float32],
    rng: np.random.Generator,
    *,
    spoiling: float = 1.0,
) -> tuple[Image, npt.NDArray[np.bool_]]:
    """One view of a virtual knee through a random X-ray machine.

    Args:
        layers: (layers, rows, columns) path lengths in mm: those of ``LAYERS``, perhaps metal after them.
        attenuation: (layers, 5) attenuation per mm at the energies of the beam.
        rng: source of everything random.
        spoiling: 0 to 1, strength of what hides small things: texture, wires, noise and patches.

    Returns:
        The normalised picture and the mask of its exposed pixels.
    """
    lengths = layers.astype(np.float32)
    shape = lengths.shape[1:]
    lengths[0] *= np.clip(1 + rng.uniform(0, 0.25) * spoiling * _texture(shape, rng), 0, None)
    lengths[2] *= np.clip(1 + rng.uniform(0, 0.6) * spoiling * _texture(shape, rng), 0, None)
    lengths[3] *= np.clip(1 + rng.uniform(0, 0.03) * spoiling * _texture(shape, rng), 0, None)
    density = attenuation.copy()
    density[: len(LAYERS)] *= rng.uniform(_LEAST_DENSITY, _MOST_DENSITY)[:, None]
    exponents = np.einsum("lhw,le->ehw", lengths, density.astype(np.float32))
    if rng.random() < 0.2 * spoiling:
        exponents += _wires(shape, rng)
    intensity = np.einsum("ehw,e->hw", np.exp(-exponents), draw_spectrum(rng).astype(np.float32))
    intensity += rng.uniform(0, 0.6) * intensity.mean() * rng.uniform(0, 1) + rng.uniform(
        0, 0.5
    ) * ndimage.gaussian_filter(intensity, rng.uniform(12, 40))
    intensity = ndimage.gaussian_filter(
        intensity, rng.uniform(0, 1.1) if rng.random() < 0.7 else rng.uniform(1, 1.8)
    )
    if rng.random() < 0.3:  # heel effect, an off-centre grid
        slope = rng.normal(0, 0.25, 2)
        y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in shape), indexing="ij")
        intensity *= np.exp(np.float32(slope[0]) * y + np.float32(slope[1]) * x)
    photons = 10 ** rng.uniform(5.5 - 2.2 * spoiling, 5.5)
    intensity += rng.normal(size=shape).astype(np.float32) * np.sqrt(intensity / photons)
    valid = _collimation(shape, rng)
    picture = normalise(-np.log(np.maximum(intensity, 1e-5)).astype(np.float32), valid)
    if rng.random() < 0.5:  # detectors and processing bend the response
        picture = np.sign(picture) * np.abs(picture) ** np.float32(rng.uniform(0.65, 1.6))
    if rng.random() < 0.15:
        # Under-exposed: the densest parts clip.
        picture = np.minimum(picture, np.float32(np.percentile(picture[valid], rng.uniform(90, 99.5))))
    if rng.random() < 0.25 * spoiling:
        for _ in range(rng.integers(1, 4)):
            top, left = (int(v) for v in rng.uniform(0, 0.9, 2) * shape[0])
            height, width = (int(v) for v in rng.uniform(0.03, 0.15, 2) * shape[0])
            picture[top : top + height, left : left + width] += rng.normal(0, 0.25)
    return np.where(valid, np.clip(picture, -0.5, 1.5), 0).astype(np.float32), valid
