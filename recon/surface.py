"""From a continuous field to watertight meshes: coarse to fine, then marching cubes in bounding boxes.

The field is only asked where a surface passes. Each level halves the cells that hold more than one label,
or touch one that does, and trusts the rest; the last level is exactly the dense grid wherever marching cubes
looks. Surfaces lie at the zero of the margin ``logit_i - max(other logits)``, so they are placed between
grid nodes, and neighbouring bones meet without overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh
from scipy import ndimage
from skimage.measure import marching_cubes

from recon.bones import Bone, BoneSet
from recon.geometry import ReconstructionCube
from recon.nearness import within
from recon.parallel import in_parallel

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]
Field = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float32]]
"""Margins (N, 4) of the four bones at (N, 3) points in mm; at most one of a row is positive."""

COARSEST = 32  # cells a side of the first level: 6 mm in the 200 mm cube, thinner than any bone of the knee
THINNEST_MM = 4.7  # chosen on validation people: patella 1.15 to 1.06 mm, the others unchanged
_PIECES = 4  # of a bone that the end of a CT may leave; more are fragments
_FAR = np.float32(-100)
# The surface stays so far from grid nodes, in logits (micrometres): vertices of several edges at a node would
# coincide in single precision, and merging them would open the mesh.
_LEAST = np.float32(1e-2)


@dataclass(frozen=True, eq=False)
class BoneField:
    """The margins of a field near all bone surfaces.

    Attributes:
        labels: (n, n, n) bone at each node, indexed [z, y, x], 0 outside.
        nodes: (M,) flat indices of the nodes that were evaluated at the finest level.
        margins: (M, 4) their margins.
        axis: (n,) coordinates of the nodes in mm.
        evaluations: number of points that the field was asked for.
    """

    labels: Labels
    nodes: npt.NDArray[np.int64]
    margins: npt.NDArray[np.float32]
    axis: Array
    evaluations: int


def _label(margins: npt.NDArray[np.float32]) -> Labels:
    best = margins.argmax(axis=1)
    positive = margins[np.arange(len(margins)), best] > 0
    return np.where(positive, best + 1, 0).astype(np.uint8)


def _mixed_cells(labels: Labels) -> npt.NDArray[np.bool_]:
    """Cells (n - 1 a side) whose eight corners differ, and those that share a face with one."""
    low, high = labels, labels
    for axis in range(3):
        before, after = (slice(None),) * axis + (slice(-1),), (slice(None),) * axis + (slice(1, None),)
        low = np.minimum(low[before], low[after])
        high = np.maximum(high[before], high[after])
    return within(low != high, 1)


def _nodes_of_cells(cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Nodes (one more a side) that are corners of the given cells."""
    nodes = np.zeros(tuple(n + 1 for n in cells.shape), bool)
    for dz in (0, 1):
        for dy in (0, 1):
            for dx in (0, 1):
                nodes[dz : dz + cells.shape[0], dy : dy + cells.shape[1], dx : dx + cells.shape[2]] |= cells
    return nodes


def _points(flat: npt.NDArray[np.int64], axis: Array) -> Array:
    n = len(axis)
    z, rest = np.divmod(flat, n * n)
    y, x = np.divmod(rest, n)
    return np.stack([axis[x], axis[y], axis[z]], axis=1)


def _followed(
    field: Field,
    labels: Labels,
    nodes: npt.NDArray[np.int64],
    margins: npt.NDArray[np.float32],
    axis: Array,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Nodes and margins with those beyond, where a surface leaves the cells that the last level foresaw.

    The tip of something thin can begin between the nodes of a coarse level. ``labels`` are set as well.
    """
    flat = labels.reshape(-1)
    asked = np.zeros(flat.size, bool)
    asked[nodes] = True
    every, front = [(nodes, margins)], nodes
    while len(front):
        beyond = []
        for stride in (1, len(axis), len(axis) ** 2):
            place = front // stride % len(axis)
            for step, inside in ((stride, place < len(axis) - 1), (-stride, place > 0)):
                here = front[inside]
                there = here + step
                beyond.append(there[~asked[there] & (flat[there] != flat[here])])
        front = np.unique(np.concatenate(beyond))
        if len(front):
            found = field(_points(front, axis))
            flat[front] = _label(found)
            asked[front] = True
            every.append((front, found))
    return np.concatenate([n for n, _ in every]), np.concatenate([m for _, m in every])


def sample_field(
    field: Field,
    cube: ReconstructionCube,
    resolution: int,
    progress: Callable[[float], None] = lambda _: None,
) -> BoneField:
    """Evaluate a field coarse to fine.

    Args:
        field: margins at points, see ``Field``.
        cube: where.
        resolution: cells along an edge of the cube at the finest level: ``COARSEST`` times a power of two.
        progress: told the share of the work that is done.
    """
    stride = resolution // COARSEST
    axis = cube.grid_axis(resolution // stride + 1)
    nodes = np.arange(len(axis) ** 3)
    margins = field(_points(nodes, axis))
    labels = _label(margins).reshape((len(axis),) * 3)
    evaluations = len(nodes)
    while stride > 1:
        cells = _mixed_cells(labels)
        fine_cells = cells.repeat(2, 0).repeat(2, 1).repeat(2, 2)
        stride //= 2
        axis = cube.grid_axis(resolution // stride + 1)
        # Unmixed cells carry one label, so any of their corners stands for the new nodes inside.
        coarse = np.minimum(np.arange(len(axis)) // 2, labels.shape[0] - 1)
        labels = labels[np.ix_(coarse, coarse, coarse)]
        nodes = np.flatnonzero(_nodes_of_cells(fine_cells))
        margins = field(_points(nodes, axis))
        labels.reshape(-1)[nodes] = _label(margins)
        nodes, margins = _followed(field, labels, nodes, margins, axis)
        evaluations += len(nodes)
        progress(1.0 / stride**2)  # each level has about four times the nodes of the last
    return BoneField(labels, nodes, margins, axis, evaluations)


def _body(mask: npt.NDArray[np.bool_], radius: float, smallest: float) -> npt.NDArray[np.bool_]:
    """The pieces of a mask without what hangs on them by less than ``2 * radius`` voxels.

    Pieces smaller than ``smallest`` times the largest one are left out. An opening by reconstruction: edges
    and tips within ``radius`` of the thick part come back whole.
    """
    border = int(np.ceil(radius)) + 1
    padded = np.pad(mask, border, mode="edge")  # where the grid cuts a bone, it goes on
    pieces, count = ndimage.label(~within(~padded, radius))
    if count == 0:
        pieces, _ = ndimage.label(padded)
    order = 1 + np.argsort(-np.bincount(pieces.ravel())[1:], kind="stable")
    body = np.zeros_like(padded)
    largest = 0
    # Sizes are those of whole pieces: what is left of a thin slice without its border says little.
    for piece in order[: 1 if smallest >= 1 else _PIECES]:
        whole = padded & within(pieces == piece, radius + 1.5)
        size = int(np.count_nonzero(whole))
        largest = max(largest, size)
        if size >= smallest * largest:
            body |= whole
    return np.asarray(body[(slice(border, -border),) * 3])


def extract_bones(field: BoneField, *, smallest_piece: float = 1.0) -> BoneSet:
    """Watertight meshes in mm of every bone that the field holds.

    Of each bone the largest piece is kept, and those that are at least ``smallest_piece`` times as large.
    Fins thinner than ``THINNEST_MM`` are cut off: they are shadows that the views leave open, not bone. Voids
    inside a bone are filled.
    """
    evaluated = np.stack(np.unravel_index(field.nodes, field.labels.shape), axis=1)
    boxes = ndimage.find_objects(field.labels, max_label=max(Bone))
    present = [bone for bone in Bone if boxes[bone - 1] is not None]
    meshes = in_parallel(
        lambda bone: _extracted(field, bone, boxes[bone - 1], evaluated, smallest_piece), present
    )
    return BoneSet(dict(zip(present, meshes, strict=True)))


def _extracted(
    field: BoneField,
    bone: Bone,
    box: tuple[slice, ...],
    evaluated: npt.NDArray[np.int64],
    smallest_piece: float,
) -> trimesh.Trimesh:
    """One bone, from its box of nodes and the (M, 3) indices of those that were evaluated."""
    step = float(field.axis[1] - field.axis[0])
    low = np.array([max(edge.start - 2, 0) for edge in box])
    high = np.array([min(edge.stop + 2, len(field.axis)) for edge in box])
    inside = _body(field.labels[tuple(map(slice, low, high))] == bone, THINNEST_MM / 2 / step, smallest_piece)
    volume = np.where(inside, -_FAR, _FAR).astype(np.float32)
    here = ((evaluated >= low) & (evaluated < high)).all(axis=1)
    at = tuple((evaluated[here] - low).T)
    margin = field.margins[here, bone - 1]
    # Other pieces of the same bone stay outside.
    keep = inside[at] | (margin <= 0)
    clear = np.where(np.abs(margin) < _LEAST, np.copysign(_LEAST, margin), margin)
    volume[at] = np.where(keep, np.clip(clear, _FAR, -_FAR), _FAR)
    volume[_voids(inside)] = -_FAR
    vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
        np.pad(volume, 1, constant_values=_FAR), 0.0
    )
    positions = (vertices - 1 + low) * step + field.axis[0]
    # Marching cubes turns faces outward in z, y, x order; reversing the axes alone would turn them in.
    return trimesh.Trimesh(positions[:, ::-1], faces, process=True)


def _voids(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Voxels outside of a mask that nothing connects with its box's border."""
    outside, _ = ndimage.label(~np.pad(mask, 1))
    return np.asarray((outside > 0) & (outside != outside[0, 0, 0]))[1:-1, 1:-1, 1:-1]
