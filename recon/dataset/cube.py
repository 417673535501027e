"""A CT on the nodes of the reconstruction cube."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch.nn import functional

from recon.dataset.manifest import Settings
from recon.errors import InputError
from recon.geometry import Array, ReconstructionCube
from recon.volumes import CtVolume

AIR_HU = -1000.0
_SMALLEST_BOX_MM = 20.0


def known_box(volume: CtVolume, settings: Settings) -> Array:
    """(2, 3) corners in mm of the part of the cube that a volume covers.

    Raises:
        InputError: no_overlap.
    """
    half = settings.cube_side_mm / 2
    low, high = volume.box
    box = np.stack([np.maximum(low, -half), np.minimum(high, half)])
    if (box[1] - box[0] < _SMALLEST_BOX_MM).any():
        raise InputError(
            "no_overlap",
            "The volume hardly reaches into the cube round the isocentre",
            "Give a CT of the knee, or the isocentre by hand",
        )
    return box


def sample_cube(volume: CtVolume, settings: Settings) -> npt.NDArray[np.float32]:
    """(D, D, D) Hounsfield units on the cube's nodes, trilinear, [z, y, x]; air outside the volume.

    Where nodes lie further apart than voxels the volume is smoothed first, so that thin cortex is averaged
    and not missed.
    """
    axis = ReconstructionCube(settings.cube_side_mm).grid_axis(settings.volume_size)
    shrink = (axis[1] - axis[0]) / volume.spacing
    sigma = np.where(shrink > 1, 0.45 * np.sqrt(np.maximum(shrink**2 - 1, 0)), 0.0)[::-1]
    smooth = ndimage.gaussian_filter(volume.hu, sigma, mode="nearest", truncate=3.0)
    inverse = np.linalg.inv(volume.affine)
    sizes = np.array(volume.hu.shape[::-1])
    # Voxel indices of all nodes in torch's [-1, 1], whose ends are the outermost voxel centres.
    linear = inverse[:3, :3] * (2.0 / (sizes - 1))[:, None]
    offset = inverse[:3, 3] * 2.0 / (sizes - 1) - 1.0
    z, y, x = torch.meshgrid(*(torch.from_numpy(axis).float() for _ in range(3)), indexing="ij")
    steps = torch.from_numpy(linear).float()
    grid = torch.stack(
        [x * steps[i, 0] + y * steps[i, 1] + z * steps[i, 2] + float(offset[i]) for i in range(3)], dim=-1
    )
    above_air = torch.from_numpy(smooth - np.float32(AIR_HU))[None, None]
    sampled = functional.grid_sample(above_air, grid[None], mode="bilinear", align_corners=True)[0, 0]
    return np.asarray(sampled.numpy() + np.float32(AIR_HU))
