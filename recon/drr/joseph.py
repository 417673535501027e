"""Cone-beam projection of a volume through any 3 x 4 matrix, slab by slab, differentiable in the volume.

Joseph's method (P. M. Joseph, IEEE Trans Med Imaging 1(3):192-196, 1982): a ray steps through the slices of
the volume along the axis that it is most parallel to, and samples each slice by bilinear interpolation.
Rows of the image are walked slice by slice ("slab order"), so that neighbouring rays share cache lines.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch

from recon.geometry import Camera

Array = npt.NDArray[np.float64]
# Volume axes (0 x, 1 y, 2 z) as (stepping, slow, fast) for each stepping axis. The fast one runs along image
# columns in AP and lateral views.
_ORDERS = {0: (0, 2, 1), 1: (1, 2, 0), 2: (2, 1, 0)}


def project_volume(values: torch.Tensor, affine: Array, camera: Camera) -> torch.Tensor:
    """Integrate a volume along the rays of a camera.

    Args:
        values: (Z, Y, X) attenuation, zero outside; may require gradients. It may lie on any device; the work
            is done on the CPU in single precision.
        affine: (4, 4) from voxel indices (x, y, z, 1) to LPS millimetres.
        camera: the view.

    Returns:
        (rows, columns) float32 on the device of ``values``: the integral of ``values`` over millimetres along
        the ray from the source through each pixel. What lies behind the source does not count.
    """
    result: torch.Tensor = _Projection.apply(values, affine, camera)  # type: ignore[no-untyped-call]
    return result


class _Projection(torch.autograd.Function):
    """The linear projector and, backwards, its exact adjoint."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, affine: Array, camera: Camera) -> torch.Tensor:
        """Project; see ``project_volume``."""
        ctx.affine, ctx.camera, ctx.shape = affine, camera, values.shape
        image = np.zeros((camera.rows, camera.columns), dtype=np.float32)
        array, offset = _without_empty_border(values.detach().cpu().numpy())
        inner = affine @ offset
        for order in _ORDERS.values():
            rays = _rays(inner, camera, order)
            if _any_ray(rays, camera):
                _gather(_slabs(array, order), rays, image)
        return torch.from_numpy(image).to(values.device)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Spread the image's gradient over the voxels with the weights of the forward pass."""
        spread = np.zeros(ctx.shape, dtype=np.float32)
        image = gradient.contiguous().cpu().numpy()
        for order in _ORDERS.values():
            rays = _rays(ctx.affine, ctx.camera, order)
            if _any_ray(rays, ctx.camera):
                slabs = np.zeros(_padded_shape(spread.shape, order), dtype=np.float32)
                _scatter(slabs, rays, image)
                # (Z, Y, X) view of the slabs without their padding
                inner = slabs[:, 1:-1, 1:-1]
                spread += inner.transpose([order.index(axis) for axis in (2, 1, 0)])
        return torch.from_numpy(spread).to(gradient.device), None, None


def _without_empty_border(array: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], Array]:
    """The box of a (Z, Y, X) array outside which all is zero, and the (4, 4) shift of its voxel indices."""
    shift = np.eye(4)
    box = []
    for axis in range(3):
        full = np.flatnonzero(array.any(axis=tuple(other for other in range(3) if other != axis)))
        start, stop = (int(full[0]), int(full[-1]) + 1) if full.size else (0, 1)
        box.append(slice(start, stop))
        shift[2 - axis, 3] = start
    return array[tuple(box)], shift


def _padded_shape(shape: tuple[int, ...], order: tuple[int, int, int]) -> tuple[int, int, int]:
    sizes = shape[::-1]
    return sizes[order[0]], sizes[order[1]] + 2, sizes[order[2]] + 2


def _slabs(array: npt.NDArray[np.float32], order: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    """The volume with the stepping axis first, and a border of one zero so that sampling needs no clamps."""
    slabs = np.zeros(_padded_shape(array.shape, order), dtype=np.float32)
    slabs[:, 1:-1, 1:-1] = array.transpose([2 - axis for axis in order])
    return slabs


def _rays(affine: Array, camera: Camera, order: tuple[int, int, int]) -> Array:
    """(8, 3): source in voxel indices; rows of the map from (column, row, 1) to directions in voxel indices;
    the voxel size along each axis; rows of the map to directions in millimetres; axes in ``order``."""
    inverse = np.linalg.inv(affine)
    source = inverse[:3, :3] @ camera.source + inverse[:3, 3]
    to_mm = np.linalg.inv(camera.projection[:, :3])
    to_index = inverse[:3, :3] @ to_mm
    # The tiny bias settles rays at exactly 45 degrees, which would else be counted along both axes.
    size = np.linalg.norm(affine[:3, :3], axis=0) * (1.0 + 1e-9 * np.arange(3))
    picked = list(order)
    return np.concatenate([source[None, picked], to_index[picked], size[None, picked], to_mm])


def _any_ray(rays: Array, camera: Camera) -> bool:
    """Whether any ray steps along the first axis of ``rays``; the extremes of a pencil lie in its border."""
    column, row = np.meshgrid(np.linspace(0, camera.columns - 1, 33), np.linspace(0, camera.rows - 1, 33))
    pixels = np.stack([column, row, np.ones_like(row)], axis=-1)
    speed = np.abs(pixels @ rays[1:4].T) * rays[4]
    return bool((speed[..., 0] >= speed[..., 1:].max(axis=-1) * 0.99).any())


@numba.njit(inline="always")
def _ray(rays, column, row):  # type: ignore[no-untyped-def]
    """Slopes of a ray per slab and its millimetres per slab, negative where it runs towards lower slabs;
    0 mm where it steps along another axis."""
    a = rays[1, 0] * column + rays[1, 1] * row + rays[1, 2]
    b = rays[2, 0] * column + rays[2, 1] * row + rays[2, 2]
    c = rays[3, 0] * column + rays[3, 1] * row + rays[3, 2]
    fa, fb, fc = abs(a) * rays[4, 0], abs(b) * rays[4, 1], abs(c) * rays[4, 2]
    if fa < fb or fa < fc or a == 0.0:
        return 0.0, 0.0, 0.0
    x = rays[5, 0] * column + rays[5, 1] * row + rays[5, 2]
    y = rays[6, 0] * column + rays[6, 1] * row + rays[6, 2]
    z = rays[7, 0] * column + rays[7, 1] * row + rays[7, 2]
    return b / a, c / a, np.sqrt(x * x + y * y + z * z) / a


@numba.njit(parallel=True, fastmath=True, cache=True)
def _gather(slabs, rays, image):  # type: ignore[no-untyped-def]
    depth, height, width = slabs.shape
    rows, columns = image.shape
    for row in numba.prange(rows):
        slope_b = np.empty(columns, np.float32)
        slope_c = np.empty(columns, np.float32)
        length = np.empty(columns, np.float32)
        total = np.zeros(columns, np.float32)
        for column in range(columns):
            sb, sc, mm = _ray(rays, column, row)
            slope_b[column], slope_c[column], length[column] = sb, sc, mm
        for k in range(depth):
            step = np.float32(k - rays[0, 0])
            start_b = np.float32(rays[0, 1] + 1.0)
            start_c = np.float32(rays[0, 2] + 1.0)
            for column in range(columns):
                b = start_b + step * slope_b[column]
                c = start_c + step * slope_c[column]
                if step * length[column] > 0 and b >= 0 and c >= 0 and b < height - 1 and c < width - 1:
                    ib, ic = int(b), int(c)
                    wb, wc = b - np.float32(ib), c - np.float32(ic)
                    low = slabs[k, ib, ic] + wc * (slabs[k, ib, ic + 1] - slabs[k, ib, ic])
                    high = slabs[k, ib + 1, ic] + wc * (slabs[k, ib + 1, ic + 1] - slabs[k, ib + 1, ic])
                    total[column] += low + wb * (high - low)
        for column in range(columns):
            image[row, column] += total[column] * abs(length[column])


@numba.njit(parallel=True, fastmath=True, cache=True)
def _scatter(slabs, rays, image):  # type: ignore[no-untyped-def]
    depth, height, width = slabs.shape
    rows, columns = image.shape
    for k in numba.prange(depth):  # threads own slices, so that no two write to one voxel
        step = np.float32(k - rays[0, 0])
        start_b = np.float32(rays[0, 1] + 1.0)
        start_c = np.float32(rays[0, 2] + 1.0)
        for row in range(rows):
            for column in range(columns):
                slope_b, slope_c, length = _ray(rays, column, row)
                b = start_b + step * np.float32(slope_b)
                c = start_c + step * np.float32(slope_c)
                if step * length > 0 and b >= 0 and c >= 0 and b < height - 1 and c < width - 1:
                    ib, ic = int(b), int(c)
                    wb, wc = b - np.float32(ib), c - np.float32(ic)
                    share = image[row, column] * np.float32(abs(length))
                    slabs[k, ib, ic] += share * (1 - wb) * (1 - wc)
                    slabs[k, ib, ic + 1] += share * (1 - wb) * wc
                    slabs[k, ib + 1, ic] += share * wb * (1 - wc)
                    slabs[k, ib + 1, ic + 1] += share * wb * wc
