"""The voxels of a phantom CT: which part of each lies inside a mesh, and random texture on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import trimesh
from scipy import ndimage

from recon.voxels import coverage

Array = npt.NDArray[np.float64]
Voxels = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class VoxelGrid:
    """Voxels of ``spacing`` mm; ``origin`` (3,) is the centre of [0, 0, 0], ``shape`` is (Z, Y, X)."""

    origin: Array
    shape: tuple[int, int, int]
    spacing: float

    @classmethod
    def over(cls, low: Array, high: Array, spacing: float) -> VoxelGrid:
        """Voxels at whole multiples of the spacing that cover a box."""
        first, last = np.floor(low / spacing).astype(int), np.ceil(high / spacing).astype(int)
        x, y, z = (int(n) for n in last - first + 1)
        return cls(first * spacing, (z, y, x), spacing)

    def box(self, bounds: Array, margin: float = 0.0) -> tuple[tuple[slice, slice, slice], VoxelGrid] | None:
        """Slices, and the grid itself, of what lies within ``bounds`` (2, 3); None where nothing does."""
        last = np.array(self.shape[::-1]) - 1
        first = np.floor((bounds[0] - margin - self.origin) / self.spacing).astype(int).clip(min=0)
        end = np.minimum(np.ceil((bounds[1] + margin - self.origin) / self.spacing).astype(int), last) + 1
        if (end <= first).any():
            return None
        (x0, y0, z0), (x1, y1, z1) = first.tolist(), end.tolist()
        part = VoxelGrid(self.origin + first * self.spacing, (z1 - z0, y1 - y0, x1 - x0), self.spacing)
        return (slice(z0, z1), slice(y0, y1), slice(x0, x1)), part

    def share(self, mesh: trimesh.Trimesh) -> Voxels:
        """(Z, Y, X) share of each voxel inside a closed mesh."""
        return coverage(
            np.asarray(mesh.vertices),
            np.asarray(mesh.faces, np.int64),
            origin=self.origin,
            shape=self.shape,
            spacing=self.spacing,
        )

    @property
    def heights(self) -> Array:
        """(Z,) z of the slices, mm."""
        return np.asarray(self.origin[2] + self.spacing * np.arange(self.shape[0]))


def smooth_noise(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> Voxels:
    """Gaussian noise of unit deviation with a correlation length in voxels."""
    stride = max(1, int(length))  # finer than its length, smooth noise says nothing new
    coarse = rng.standard_normal([n // stride + 3 for n in shape], dtype=np.float32)
    coarse = ndimage.gaussian_filter(coarse, length / stride, mode="wrap", truncate=3)
    coarse /= coarse.std()
    if stride == 1:
        return np.asarray(coarse[tuple(slice(n) for n in shape)])
    size = [n * stride for n in coarse.shape]
    fine = torch.nn.functional.interpolate(torch.from_numpy(coarse)[None, None], size=size, mode="trilinear")
    return np.asarray(fine[0, 0][tuple(slice(n) for n in shape)].numpy())
