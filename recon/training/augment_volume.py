"""Random changes of a CT, so that a network trained on few scanners or on phantoms reads others.

As for radiographs, everything that is not the geometry of the bones is drawn at random (domain
randomisation, as in SyntheX, 10.1038/s42256-023-00629-1): position, size and side of the leg, density of
bone and soft tissue, their texture, kernel, slice thickness, noise, and where the CT ends.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from scipy.spatial.transform import Rotation
from torch.nn import functional

from recon.training.losses import IGNORED

Volume = npt.NDArray[np.float32]
AIR_HU = -1000.0
_BONE_HU = 150.0
_KERNEL_MM, _SLICE_MM = 1.2, 2.4  # largest standard deviations; slices of 5 mm have 1.5 to 2
_NOISE_HU = 80.0


def moved(
    hu: Volume,
    points: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    size: int,
    strength: float,
    rng: np.random.Generator,
) -> tuple[Volume, npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """A volume resampled to another position, size and side, with its points.

    Args:
        hu: (D, D, D) on the nodes of the unit cube.
        points: (N, 3) in the unit cube.
        labels: (N,).
        size: nodes of the result along an edge.
        strength: 0 only resamples.
        rng: source of everything random.

    Returns:
        The (size, size, size) volume, air where the original ended, and the points with it; those that left
        the cube have the label ``IGNORED``.
    """
    turn = Rotation.from_rotvec(np.deg2rad(rng.normal(0, 8, 3)) * strength).as_matrix()
    scale = np.exp(rng.normal(0, 0.06) * strength)
    mirror = -1.0 if strength and rng.random() < 0.5 else 1.0
    linear = turn @ np.diag([mirror, 1.0, 1.0]) * scale  # from where a point was to where it is
    shift = rng.normal(0, [0.06, 0.06, 0.1]) * strength
    back = np.linalg.inv(linear)
    matrix = torch.from_numpy(np.column_stack([back, -back @ shift])).float()[None]
    grid = functional.affine_grid(matrix, [1, 1, size, size, size], align_corners=True)
    above_air = torch.from_numpy(hu - np.float32(AIR_HU))[None, None]
    result = functional.grid_sample(above_air, grid, mode="bilinear", align_corners=True)[0, 0]
    points = points @ linear.T + shift
    gone = np.asarray((np.abs(points) > 1).any(axis=1))
    return (
        result.numpy() + np.float32(AIR_HU),
        np.where(gone[:, None], 0.0, points),
        np.where(gone, IGNORED, labels),
    )


def repainted(hu: Volume, spacing: float, strength: float, rng: np.random.Generator) -> Volume:
    """A volume, with nodes ``spacing`` mm apart, as another scanner might have seen another patient's leg."""
    if not strength:
        return hu
    shape = hu.shape
    hu = hu.copy()
    bone = hu > _BONE_HU
    tissue = (hu > -300) & ~bone
    density = np.full(shape, rng.normal(0, 0.3) * strength, np.float32)
    if rng.random() < 0.7:  # cortex is thin at the joint, thick in the shaft, and thinner with age
        density += _texture(shape, rng, 0.7 * strength * rng.random())
    hu = np.where(bone, _BONE_HU + (hu - _BONE_HU) * np.exp(density), hu)
    if rng.random() < 0.7:
        hu += bone * _texture(shape, rng, 150 * strength * rng.random())
    if rng.random() < 0.8:
        hu += tissue * (_texture(shape, rng, 70 * strength * rng.random()) + np.float32(rng.normal(0, 25)))
    hu += np.float32(rng.normal(0, 15) * strength)
    # The kernel blurs noise and leg alike, and thick slices, along z most often, blur one axis more.
    hu += rng.standard_normal(shape, np.float32) * np.float32(rng.uniform(0, _NOISE_HU) * strength)
    blur = np.full(3, rng.uniform(0, _KERNEL_MM))
    if rng.random() < 0.6:
        axis = 0 if rng.random() < 0.8 else int(rng.integers(1, 3))
        blur[axis] = np.hypot(blur[axis], rng.uniform(0, _SLICE_MM))
    return np.asarray(ndimage.gaussian_filter(hu, blur / spacing * strength, truncate=3.0), np.float32)


def _texture(shape: tuple[int, ...], rng: np.random.Generator, amplitude: float) -> Volume:
    """Smooth noise of a standard deviation; a coarse grid interpolated, because that is fast."""
    coarse = tuple(max(4, round(size / rng.uniform(4, 16))) for size in shape)
    noise = torch.from_numpy(rng.normal(size=coarse).astype(np.float32))[None, None]
    smooth = functional.interpolate(noise, shape, mode="trilinear", align_corners=True)[0, 0].numpy()
    return np.asarray(smooth / smooth.std() * np.float32(amplitude), np.float32)


def ended(
    hu: Volume,
    points: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    strength: float,
    rng: np.random.Generator,
) -> tuple[Volume, npt.NDArray[np.int64]]:
    """A volume that ends earlier, most often above or below, with air beyond where labels are ``IGNORED``."""
    if rng.random() > 0.6 * strength:
        return hu, labels
    hu, labels = hu.copy(), labels.copy()
    for _ in range(rng.integers(1, 3)):
        axis = 2 if rng.random() < 0.75 else int(rng.integers(0, 2))
        edge = rng.uniform(0.05, 1.0) * (1 if rng.random() < 0.5 else -1)
        beyond = points[:, axis] * np.sign(edge) > abs(edge)
        labels[beyond] = IGNORED
        nodes = np.linspace(-1, 1, hu.shape[0]) * np.sign(edge) > abs(edge)
        np.moveaxis(hu, 2 - axis, 0)[nodes] = AIR_HU
    return hu, labels
