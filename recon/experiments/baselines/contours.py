"""Contours of bone shadows in a picture, and the outline that a knee model casts.

A mask holds the shadow of all bones at once, so its contour consists of pieces of different bones. The model
tells them apart: of the outline of each of its bones only the pieces count that no other bone's shadow
covers, and a piece of contour belongs to the bone whose uncovered outline lies nearest and faces the same
way. This is decided anew each time that the model has moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.measure import find_contours

from recon.bones import Bone
from recon.drr.raster import path_lengths
from recon.experiments.baselines.bone_model import BoneModel
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_BORDER_PX = 3.0
_SHORTEST_PX = 12
_TOUCH_MM = 0.05
_LOOK_OUTSIDE_PX = 1.25
_NORMAL_SIGMA_PX = 1.5


@dataclass(frozen=True, eq=False)
class Contour:
    """Pieces of contour of the bones' shadow in one picture.

    Attributes:
        pixels: (N, 2) points (column, row), about one a pixel of length.
        normals: (N, 2) unit vectors out of the shadow.
    """

    pixels: Array
    normals: Array


def usable_pixels(valid: Mask) -> Mask:
    """Where a contour can be one of bone: exposed, and not at the border of the exposed part."""
    padded = np.pad(valid, 1)
    return np.asarray(ndimage.distance_transform_edt(padded)[1:-1, 1:-1] > _BORDER_PX)


def shadow_contour(shadow: npt.NDArray[np.generic], usable: Mask) -> Contour:
    """The contour of a shadow where it is ``usable``.

    Args:
        shadow: (rows, columns) bool, or the probability of bone; the contour is at one half.
        usable: see ``usable_pixels``.
    """
    values = shadow.astype(np.float64)
    smooth = ndimage.gaussian_filter(values, _NORMAL_SIGMA_PX)
    slope = np.stack([-ndimage.sobel(smooth, axis=1), -ndimage.sobel(smooth, axis=0)], axis=-1)
    pieces = [
        piece[1:, ::-1]  # the first point of a closed contour is its last as well
        for piece in find_contours(values, 0.5)  # type: ignore[no-untyped-call]
        if len(piece) >= _SHORTEST_PX
    ]
    pixels = np.concatenate([*pieces, np.empty((0, 2))])
    columns, rows = np.rint(pixels).astype(int).T
    normals = slope[rows, columns]
    length = np.linalg.norm(normals, axis=1)
    kept = usable[rows, columns] & (length > 1e-9)
    return Contour(pixels[kept], normals[kept] / length[kept, None])


@dataclass(frozen=True, eq=False)
class Outline:
    """Points of a model's outline in one picture, each on an edge of a bone's mesh.

    Attributes:
        bones: (N,) label of the bone.
        first: (N,) vertex at one end of the edge.
        second: (N,) vertex at the other end.
        share: (N,) place on the edge, 0 at the first and 1 at the second vertex.
        pixels: (N, 2) projection (column, row).
        normals: (N, 2) unit vectors out of the bone.
    """

    bones: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    share: Array
    pixels: Array
    normals: Array

    def where(self, chosen: npt.NDArray[np.generic]) -> Outline:
        """The points of an index or boolean array."""
        return Outline(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def bone_shadow(vertices: Mapping[Bone, Array], models: Mapping[Bone, BoneModel], camera: Camera) -> Mask:
    """(rows, columns) bool: rays that meet any bone."""
    offsets = np.cumsum([0, *(len(array) for array in vertices.values())])
    faces = [models[bone].faces + start for bone, start in zip(vertices, offsets, strict=False)]
    lengths = path_lengths(np.concatenate(list(vertices.values())), np.concatenate(faces), camera)
    return np.asarray(lengths > _TOUCH_MM)


def model_outline(
    vertices: Mapping[Bone, Array], models: Mapping[Bone, BoneModel], camera: Camera, usable: Mask
) -> Outline:
    """The pieces of the bones' outlines that no other bone covers, where the picture is usable.

    The surface turns away from the source where its normal is perpendicular to the ray; on each mesh edge
    along which that happens, one point is found by linear interpolation.
    """
    found = [_occluding_points(bone, array, models[bone], camera) for bone, array in vertices.items()]
    outline = Outline(
        *(np.concatenate([getattr(part, name) for part in found]) for name in Outline.__dataclass_fields__)
    )
    shadow = bone_shadow(vertices, models, camera)
    inside = _sample(usable, outline.pixels)
    covered = _sample(shadow, outline.pixels + _LOOK_OUTSIDE_PX * outline.normals)
    return outline.where(inside & ~covered)


def _occluding_points(bone: Bone, vertices: Array, model: BoneModel, camera: Camera) -> Outline:
    normals = model.vertex_normals(vertices)
    facing = np.einsum("vc,vc->v", normals, vertices - camera.source)
    first, second = model.edges.T
    turning = np.flatnonzero((facing[first] > 0) != (facing[second] > 0))
    first, second = first[turning], second[turning]
    share = facing[first] / (facing[first] - facing[second])
    mix = share[:, None]
    pixels, _ = camera.project((1 - mix) * vertices[first] + mix * vertices[second])
    # The plane that touches the surface and holds the source is a line of the picture.
    normal = (1 - mix) * normals[first] + mix * normals[second]
    line = np.linalg.solve(camera.projection[:, :3].T, normal.T).T[:, :2]
    line /= np.linalg.norm(line, axis=1, keepdims=True)
    return Outline(np.full(len(first), int(bone)), first, second, share, pixels, line)


def _sample(image: Mask, pixels: Array) -> Mask:
    """(N,) the nearest pixel's value; False outside the picture."""
    columns, rows = np.rint(pixels).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < image.shape[1]) & (rows < image.shape[0])
    result = np.zeros(len(pixels), bool)
    result[inside] = image[rows[inside], columns[inside]]
    return result
