"""Draw bones to where a CT falls from bone to soft tissue, finer than the voxels that a network sees.

The edge of a bone is where the CT falls most steeply along the normal (J. Canny, IEEE Trans Pattern Anal Mach
Intell 8:679-698, 1986); it is looked for near where the network put the surface, so that the bone beside it
is not taken for it. What neighbours on the surface say is averaged, by how clear each edge is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import trimesh
from scipy import ndimage
from scipy.sparse import coo_array, csr_array, eye_array
from scipy.spatial import cKDTree

from recon.bones import BoneSet
from recon.field_of_view import FieldOfView
from recon.volumes import CtVolume

Array = npt.NDArray[np.float64]

# Chosen on phantoms of the validation people with slices of 1 and 3 mm, like every constant of this module.
_INWARDS_MM, _OUTWARDS_MM, _STEP_MM = 2.0, 3.0, 0.25
_REACH_MM = 1.5  # standard deviation of how far off the surface is before
_CLEAR = 200.0  # HU a mm: an edge as steep as this counts half
_DOUBT = 0.1  # weight of staying in place
_SMOOTHING_MM = 1.7
_CUT_MM = 0.8  # nearer to the end of the CT, a surface is a cut and stays one
_CHUNK = 20_000


def drawn_to_edges(bones: BoneSet, volume: CtVolume, seen: FieldOfView) -> BoneSet:
    """The bones with each vertex moved along its normal to the edge in the CT, at most 3 mm and half the way
    to the next bone.

    Args:
        bones: closed meshes in mm, in the frame of the CT.
        volume: the CT.
        seen: the part of it that the bones may lie in; flat ends at its border stay there.
    """
    return BoneSet(
        {
            bone: _drawn(mesh, [other for name, other in bones.items() if name != bone], volume, seen)
            for bone, mesh in bones.items()
        }
    )


def _drawn(
    mesh: trimesh.Trimesh, others: list[trimesh.Trimesh], volume: CtVolume, seen: FieldOfView
) -> trimesh.Trimesh:
    vertices, normals = np.asarray(mesh.vertices), np.asarray(mesh.vertex_normals)
    room = np.full(len(vertices), _OUTWARDS_MM)
    if others:
        tree = cKDTree(np.concatenate([other.vertices for other in others]))
        room = np.minimum(room, tree.query(vertices, distance_upper_bound=2 * _OUTWARDS_MM)[0] / 2)
    offsets, clarity = (
        np.concatenate(part) for part in zip(*_edges(vertices, normals, room, volume), strict=True)
    )
    cut = (vertices - seen.low < _CUT_MM) | (seen.high - vertices < _CUT_MM)
    clarity[cut.any(axis=1)] = 0
    neighbours = _neighbours(mesh)
    weighted, weight = clarity * offsets, clarity
    for _ in range(max(1, round((_SMOOTHING_MM / float(mesh.edges_unique_length.mean())) ** 2))):
        weighted, weight = neighbours @ weighted, neighbours @ weight
    move = (weighted / (weight + _DOUBT))[:, None] * normals
    move[cut] = 0  # along these axes only: the rim of a cut goes with the side of the bone
    moved = mesh.copy()
    moved.vertices = np.clip(vertices + move, seen.low, seen.high)
    return moved


def _edges(vertices: Array, normals: Array, room: Array, volume: CtVolume) -> Iterator[tuple[Array, Array]]:
    """Offsets in mm along the normals to the edges and how clear these are, 0 to 1, a chunk at a time.

    Across slices, an edge is blurred by their distance; it counts less by the square of that.
    """
    steps = np.arange(-_INWARDS_MM, _OUTWARDS_MM + _STEP_MM / 2, _STEP_MM)
    likely = np.exp(-((steps[1:-1] / _REACH_MM) ** 2) / 2)
    inverse = np.linalg.inv(volume.affine)
    axes = volume.affine[:3, :3] / volume.spacing
    for start in range(0, len(vertices), _CHUNK):
        part = slice(start, start + _CHUNK)
        points = vertices[part, None] + steps[:, None] * normals[part, None]
        indices = points @ inverse[:3, :3].T + inverse[:3, 3]
        profile = ndimage.map_coordinates(volume.hu, indices.reshape(-1, 3).T[::-1], order=1, mode="nearest")
        profile = profile.reshape(points.shape[:2])
        fall = (profile[:, :-2] - profile[:, 2:]) / (2 * _STEP_MM)
        # The far end of a step must lie on this side of the next bone.
        score = np.where(steps[2:] <= room[part, None] + 1e-6, np.maximum(fall, 0) * likely, 0)
        best = score.argmax(axis=1)
        steepness = np.where(score.max(axis=1) > 0, fall[np.arange(len(best)), best], 0)
        blur = np.linalg.norm((normals[part] @ axes) * volume.spacing, axis=1)
        yield steps[1:-1][best], steepness / (steepness + _CLEAR) / np.maximum(blur, 1.0) ** 2


def _neighbours(mesh: trimesh.Trimesh) -> csr_array:
    """(V, V) that averages values of vertices with those that share an edge with them."""
    count, edges = len(mesh.vertices), mesh.edges_unique
    links = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    links = (links + links.T + eye_array(count)).tocsr()
    return csr_array(links.multiply(1 / np.asarray(links.sum(axis=1))[:, None]))
