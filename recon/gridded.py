"""A field that asks a network at the nodes of a grid alone, each once, and is linear between them."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from recon.bones import Bone
from recon.geometry import ReconstructionCube
from recon.parallel import in_pieces
from recon.surface import Field

Margins = npt.NDArray[np.float32]


def gridded(field: Field, cube: ReconstructionCube, resolution: int) -> Field:
    """The same field, linear within the cells of a grid; a cell's corners are asked when a point in it is.

    What a network says changes over its own features' spacing, not from one point of a finer grid to the
    next, and asking it is most of the work of a reconstruction. Outside the cube the field goes on as at the
    border.

    Args:
        field: margins at points in mm.
        cube: that the grid spans.
        resolution: cells along an edge; takes 16 bytes a node.
    """
    side = resolution + 1
    known = np.full((side, side, side, len(Bone)), np.nan, np.float32)
    axis = cube.grid_axis(side)

    def margins(points: npt.NDArray[np.float64]) -> Margins:
        at = np.clip((points - axis[0]) / (axis[1] - axis[0]), 0, resolution)
        wanted = np.zeros(known.shape[:3], bool)
        _ask(wanted, known, at)
        z, y, x = np.nonzero(wanted)
        if len(z):
            known[z, y, x] = field(np.stack([axis[x], axis[y], axis[z]], axis=1))
        return in_pieces(lambda piece: _interpolated(known, piece), at)

    return margins


@numba.njit(cache=True)
def _ask(wanted: npt.NDArray[np.bool_], known: Margins, at: npt.NDArray[np.float64]) -> None:
    """Mark the nodes that count at (N, 3) places, x first, and are not known."""
    for i in range(len(at)):
        x, y, z = int(at[i, 0]), int(at[i, 1]), int(at[i, 2])
        # On a node, as on a face of a cell, what lies beyond does not count.
        for k in range(z, z + 1 + (at[i, 2] > z)):
            for j in range(y, y + 1 + (at[i, 1] > y)):
                for h in range(x, x + 1 + (at[i, 0] > x)):
                    if np.isnan(known[k, j, h, 0]):
                        wanted[k, j, h] = True


@numba.njit(cache=True, nogil=True)
def _interpolated(known: Margins, at: npt.NDArray[np.float64]) -> Margins:
    """Margins (N, bones) at (N, 3) places, x first, from (nodes, nodes, nodes, bones), z first."""
    result = np.empty((len(at), known.shape[3]), np.float32)
    for i in range(len(at)):
        x, y, z = int(at[i, 0]), int(at[i, 1]), int(at[i, 2])
        fx, fy, fz = at[i, 0] - x, at[i, 1] - y, at[i, 2] - z
        for bone in range(result.shape[1]):
            total = 0.0
            for k in range(1 + (fz > 0)):
                for j in range(1 + (fy > 0)):
                    for h in range(1 + (fx > 0)):
                        weight = (fx if h else 1 - fx) * (fy if j else 1 - fy) * (fz if k else 1 - fz)
                        total += weight * known[z + k, y + j, x + h, bone]
            result[i, bone] = total
    return result
