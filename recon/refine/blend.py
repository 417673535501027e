"""One field of what the network and the shape model say, each as far as it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import igl
import numba
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from recon.bones import Bone
from recon.geometry import ReconstructionCube
from recon.parallel import in_pieces
from recon.refine.register import Fit
from recon.surface import Field

Array = npt.NDArray[np.float64]
Margins = npt.NDArray[np.float32]

_CELLS = 64  # a side of the cube: signed distances are nearly linear within 3 mm
_AROUND_MM = 15.0  # round the template; further away the network speaks alone
_DEEP_MM = 10.0  # distances beyond are all alike
_NEIGHBOURS = 4
_CHANNELS = 3  # share of the model, its signed distance in mm, millimetres a logit


@dataclass(frozen=True, eq=False)
class ModelLayer:
    """What the fitted shape of one bone says at the nodes of a coarse grid in a box.

    Attributes:
        values: (z, y, x, 3) share of the model, millimetres inside it, millimetres a logit.
        first: (3,) node of the cube's grid, in order x, y, z, where the box begins.
    """

    values: npt.NDArray[np.float32]
    first: npt.NDArray[np.int64]


def model_layer(
    fit: Fit, faces: npt.NDArray[np.int64], share: Array, mm_a_logit: Array, cube: ReconstructionCube
) -> ModelLayer | None:
    """The layer of a fitted shape; None where it lies outside the cube.

    Args:
        fit: of the bone.
        faces: of its closed template.
        share: (V,) how far the model is believed, 0 to 1.
        mm_a_logit: (V,) millimetres in which the network's margin changes by one.
        cube: whose grid is used.
    """
    axis = cube.grid_axis(_CELLS + 1)
    low = np.searchsorted(axis, fit.vertices.min(axis=0) - _AROUND_MM)
    high = np.searchsorted(axis, fit.vertices.max(axis=0) + _AROUND_MM)
    if (high - low < 2).any():
        return None
    z, y, x = np.meshgrid(*(axis[low[i] : high[i]] for i in (2, 1, 0)), indexing="ij")
    nodes = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    distance, nearest = cKDTree(fit.vertices).query(nodes, _NEIGHBOURS)
    inside = igl.fast_winding_number(fit.vertices, faces, nodes) > 0.5
    signed = np.where(inside, _DEEP_MM, -_DEEP_MM)
    close = distance[:, 0] < _DEEP_MM
    squared = igl.point_mesh_squared_distance(nodes[close], fit.vertices, faces)[0]
    signed[close] = np.sign(signed[close]) * np.minimum(np.sqrt(np.maximum(squared, 0)), _DEEP_MM)
    near = 1 / (distance + 1.0)
    near /= near.sum(axis=1, keepdims=True)
    values = [(share[nearest] * near).sum(axis=1), signed, (mm_a_logit[nearest] * near).sum(axis=1)]
    return ModelLayer(np.stack(values, axis=1).reshape(*x.shape, _CHANNELS).astype(np.float32), low)


def blended(field: Field, layers: Mapping[Bone, ModelLayer], cube: ReconstructionCube) -> Field:
    """A field in millimetres: the network's near surfaces where it is sure, else the model's.

    Args:
        field: the network's margins.
        layers: of the bones that were refined; the others stay as they are.
        cube: whose grid the layers use.
    """
    step = cube.side / _CELLS

    def margins(points: Array) -> Margins:
        own = field(points)

        def mixed(rows: npt.NDArray[np.int64]) -> Margins:
            result, at = own[rows], points[rows] / step + _CELLS / 2
            for bone, layer in layers.items():
                _mix(result[:, bone - 1], np.asarray(at - layer.first), layer.values, np.float32(_DEEP_MM))
            return _exclusive(result)

        return in_pieces(mixed, np.arange(len(points)))

    return margins


@numba.njit(cache=True, nogil=True)
def _mix(
    margins: npt.NDArray[np.float32], at: Array, values: npt.NDArray[np.float32], deep: np.float32
) -> None:
    """Mix the model into (N,) margins at (N, 3) places in nodes of the layer, linearly within cells."""
    depth, height, width = values.shape[:3]
    for i in range(len(margins)):
        x, y, z = at[i]
        if not (0 <= x < width - 1 and 0 <= y < height - 1 and 0 <= z < depth - 1):
            continue
        column, row, layer = int(x), int(y), int(z)
        fx, fy, fz = x - column, y - row, z - layer
        share = signed = scale = 0.0
        for dz in range(2):
            for dy in range(2):
                for dx in range(2):
                    weight = (fx if dx else 1 - fx) * (fy if dy else 1 - fy) * (fz if dz else 1 - fz)
                    share += weight * values[layer + dz, row + dy, column + dx, 0]
                    signed += weight * values[layer + dz, row + dy, column + dx, 1]
                    scale += weight * values[layer + dz, row + dy, column + dx, 2]
        own = min(max(margins[i] * scale, -deep), deep)
        margins[i] = (1 - share) * own + share * signed


def _exclusive(margins: Margins) -> Margins:
    """The same with at most one positive margin of a row: where bones overlap, the deeper one has it."""
    crowded = np.flatnonzero((margins > 0).sum(axis=1) > 1)
    if len(crowded):
        rows = margins[crowded]
        order = np.sort(rows, axis=1)
        others = np.where(rows == order[:, -1:], order[:, -2:-1], order[:, -1:])
        margins[crowded] = rows - others
    return margins
