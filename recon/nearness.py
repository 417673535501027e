"""Which voxels lie near others: exact Euclidean distances, only as far as they are asked for."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def within(mask: Mask, radius: float) -> Mask:
    """Voxels at most ``radius`` voxels from a true one, of a 3D mask.

    The same as a threshold on ``scipy.ndimage.distance_transform_edt(~mask)``, in a fraction of its time
    where the radius is small: squared distances are found along one axis after the other (Felzenszwalb and
    Huttenlocher 2012, 10.4086/toc.2012.v008a019, with a window in place of envelopes).
    """
    reach = int(radius)
    limit = int(np.floor(radius * radius))
    return np.asarray(_near(np.ascontiguousarray(mask), reach, limit))


@numba.njit(cache=True, nogil=True)
def _near(mask: Mask, reach: int, limit: int) -> Mask:
    depth, height, width = mask.shape
    far = np.int32(limit + 1)
    rows = np.full(mask.shape, far, np.int32)
    for z in range(depth):
        for y in range(height):
            last = -reach - 1
            for x in range(width):
                if mask[z, y, x]:
                    last = x
                if x - last <= reach and (x - last) ** 2 < far:
                    rows[z, y, x] = (x - last) ** 2
            last = width + reach
            for x in range(width - 1, -1, -1):
                if mask[z, y, x]:
                    last = x
                if last - x <= reach and (last - x) ** 2 < rows[z, y, x]:
                    rows[z, y, x] = (last - x) ** 2
    planes = np.full(mask.shape, far, np.int32)
    for z in range(depth):
        for y in range(height):
            for other in range(max(0, y - reach), min(height, y + reach + 1)):
                add = (other - y) ** 2
                for x in range(width):
                    if rows[z, other, x] + add < planes[z, y, x]:
                        planes[z, y, x] = rows[z, other, x] + add
    result = np.zeros(mask.shape, np.bool_)
    for z in range(depth):
        for other in range(max(0, z - reach), min(depth, z + reach + 1)):
            add = (other - z) ** 2
            for y in range(height):
                for x in range(width):
                    if planes[other, y, x] + add <= limit:
                        result[z, y, x] = True
    return result
