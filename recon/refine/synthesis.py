"""The top of the tibia, moved until the X-ray that it would cast has the lines of the X-rays that were taken.

The floor of a plateau and its rims are lines of their own in a radiograph, which neither outlines nor a
network that sees millimetres tell apart. So shells of all bones are projected, and shape and detail of the
tibia near the joint follow what is left between pictures and projections (analysis by synthesis, as Ehlke et
al. 2013, 10.1109/TVCG.2013.159, with the modes of ``recon.refine.shapes``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.drr.raster import depth_sums
from recon.geometry import Camera
from recon.parallel import in_parallel
from recon.refine.edges import Pictured
from recon.refine.register import Fit
from recon.refine.shapes import BoneShape, vertex_normals

Array = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Mesh = tuple[Array, Faces]

# Chosen on validation people with plateaus of ``recon.population.plateau``, like every constant here.
_PIXEL_MM = 1.0
# Of the window round the middle of the plateau; further below, thicker cortex would be taken for more bone.
_ASIDE_MM, _BELOW_MM, _ABOVE_MM = 48.0, 11.0, 16.0
_BORDER_MM = 6.0  # round the window, so that filters do not see its end
_PLATEAU_MM = 14.0  # from the tips of the spines to the plateau's border
_MOVES_MM, _FADES_MM = 18.0, 32.0  # below the tips: all moves, nothing moves
_SHELL_MM = 1.0  # of compact bone under the surface
_PEOPLE, _DETAIL = 10, 40  # modes that take part, beside those of the plateau
_BLURS_MM = (2.5, 1.5, 0.8, 0.8)  # a step each; lines that lie apart must overlap to attract each other
_BACKGROUND_MM = 4.0  # what varies over more than this is soft tissue and spongy bone
_INDEPENDENT_MM = 2.0  # distance at which errors of a picture are not alike, beside its blur
_ROBUST = 2.5  # deviations at which a pixel counts a quarter
_ROUNDS = 4
_STEP = 0.3  # standard deviations, of differences
_LONGEST = 1.5  # standard deviations that a coefficient moves in one step
_IN_VIEW = 0.98  # of what moves


@dataclass(frozen=True, eq=False)
class _Window:
    """A part of a view round the plateau, upright or not, in coarse pixels.

    Attributes:
        image: (rows, columns) line integrals.
        counted: (rows, columns) exposed, and near the plateau.
        camera: of the part.
        along: (rows, columns) millimetres along the ray for each of summed depth.
        rest: (2, rows, columns) summed depths of outer and inner surfaces of what does not move.
    """

    image: Array
    counted: Mask
    camera: Camera
    along: Array
    rest: Array

    def lengths(self, vertices: Array, normals: Array, faces: Faces) -> Array:
        """(2, rows, columns) mm through the shells and what they enclose, with the moving faces there."""
        outer, inner = self.rest + _depths(vertices, normals, faces, self.camera)
        return np.stack([outer - inner, inner]) * self.along


def follow_lines(
    shape: BoneShape, fit: Fit, others: Sequence[Mesh], views: Sequence[Pictured], shown: Mask
) -> Array | None:
    """(V, 3) vertices of the tibia after its top has followed the lines in the views.

    Args:
        shape: of the tibia, of its side.
        fit: of the tibia.
        others: closed meshes of the other bones, outward, mm.
        views: the X-rays.
        shown: (V,) vertices that the views show.

    Returns:
        None where the joint is not in view, or where the pictures are explained no better after it.
    """
    share = top_share(fit)
    basis, moving = _basis(shape, fit) * share[:, None], share > 0
    if shown[moving].mean() < _IN_VIEW:
        return None
    faces = shape.faces[moving[shape.faces].any(axis=1)]
    windows = in_parallel(lambda view: _window(shape.faces, moving, fit, others, view), views)
    if not all(window.counted.any() for window in windows):
        return None
    coefficients = np.zeros(len(basis))
    for blur in _BLURS_MM:
        at = fit.vertices + np.tensordot(coefficients, basis, axes=1)
        normals = vertex_normals(at, shape.faces)
        terms = in_parallel(partial(_terms, at, normals, basis, faces, blur), windows)
        curvature = np.eye(len(basis)) + sum(curved for curved, _ in terms)
        pull = sum(pulled for _, pulled in terms) - coefficients
        coefficients = coefficients + np.clip(np.linalg.solve(curvature, pull), -_LONGEST, _LONGEST)
    moved = np.asarray(fit.vertices + np.tensordot(coefficients, basis, axes=1))

    def unexplained(vertices: Array) -> float:
        normals = vertex_normals(vertices, shape.faces)
        return sum(_explained(w, w.lengths(vertices, normals, faces), _BLURS_MM[-1]).spread for w in windows)

    return moved if unexplained(moved) < unexplained(fit.vertices) else None


def top_share(fit: Fit) -> Array:
    """(V,) how far each vertex of a tibia belongs to the top that follows lines, 0 to 1."""
    depth = fit.vertices[:, 2].max() - fit.vertices[:, 2]
    return np.asarray(np.clip((_FADES_MM - depth) / (_FADES_MM - _MOVES_MM), 0, 1))


def _basis(shape: BoneShape, fit: Fit) -> Array:
    """(K, V, 3) mm that a standard deviation of each mode moves the vertices as they lie."""
    rotation, _ = fit.motion
    along = np.concatenate([shape.detail[:_DETAIL], shape.plateau])
    return np.concatenate([along[:, :, None] * fit.normals, shape.modes[:_PEOPLE] @ rotation.T])


def _depths(vertices: Array, normals: Array, faces: Faces, camera: Camera) -> Array:
    inner = vertices - _SHELL_MM * normals
    return np.stack([depth_sums(surface, faces, camera) for surface in (vertices, inner)])


def _window(faces: Faces, moving: Mask, fit: Fit, others: Sequence[Mesh], view: Pictured) -> _Window:
    heights = fit.vertices[:, 2]
    middle = fit.vertices[heights > heights.max() - _PLATEAU_MM].mean(axis=0)
    (at,), _ = view.camera.project(middle[None])
    finer = view.camera.pixel_size_at(middle) / _PIXEL_MM
    side = round(2 * _ASIDE_MM / _PIXEL_MM)
    shift = side / 2 - finer * at
    square = view.camera.transformed(
        np.array([[finer, 0, shift[0]], [0, finer, shift[1]], [0, 0, 1]]), side, side
    )
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).astype(np.float64)
    pixels = ((grid - shift) / finer)[..., ::-1].transpose(2, 0, 1)
    rays = square.rays(grid)
    far = (middle - square.source) @ square.direction / (rays @ square.direction)
    height = (square.source + rays * far[..., None] - middle)[..., 2]
    exposed = ndimage.map_coordinates(view.exposed.astype(np.float32), pixels, order=0, mode="constant") > 0.5
    counted = exposed & (height > -_BELOW_MM) & (height < _ABOVE_MM)
    rows, columns = (_span(counted.any(axis=axis)) for axis in (1, 0))
    smooth = ndimage.gaussian_filter(np.asarray(view.line_integrals, np.float32), 0.4 / finer, truncate=3.0)
    image = ndimage.map_coordinates(smooth, pixels[:, rows, columns], order=1, mode="nearest")
    camera = square.cropped(rows.start, rows.stop, columns.start, columns.stop)
    still = faces[~moving[faces].any(axis=1)]
    rest = _depths(fit.vertices, fit.normals, still, camera)
    whole = rest[0] + depth_sums(fit.vertices, faces[moving[faces].any(axis=1)], camera)
    for vertices, mesh_faces in others:
        rest = rest + _depths(vertices, vertex_normals(vertices, mesh_faces), mesh_faces, camera)
    along = camera.obliquity() * np.sign(whole.sum())
    return _Window(image.astype(np.float64), counted[rows, columns], camera, along, rest)


def _span(marked: Mask) -> slice:
    """What is marked along an axis, with the border round it."""
    found, border = np.flatnonzero(marked), round(_BORDER_MM / _PIXEL_MM)
    if not len(found):
        return slice(0, len(marked))
    return slice(max(int(found[0]) - border, 0), min(int(found[-1]) + 1 + border, len(marked)))


def _lines(image: Array, blur: float) -> Array:
    """An image without its background."""
    smooth = ndimage.gaussian_filter(image, blur / _PIXEL_MM, truncate=3.0)
    background = ndimage.gaussian_filter(smooth, (_BACKGROUND_MM + blur) / _PIXEL_MM, truncate=2.0)
    return np.asarray(smooth - background)


@dataclass(frozen=True, eq=False)
class _Explained:
    """How the projection explains a picture.

    Attributes:
        attenuation: (2,) a mm, of shells and of what they enclose.
        left: (N,) what is not explained at the pixels that count.
        weights: (N,) of the pixels.
        spread: robust standard deviation of what is left.
    """

    attenuation: Array
    left: Array
    weights: Array
    spread: float


def _explained(window: _Window, lengths: Array, blur: float) -> _Explained:
    design = np.stack([_lines(length, blur)[window.counted] for length in lengths], axis=1)
    picture = _lines(window.image, blur)[window.counted]
    weights = np.ones(len(picture))
    for _ in range(_ROUNDS):
        weighted = design * weights[:, None]
        attenuation = np.linalg.solve(weighted.T @ design + 1e-9 * np.eye(2), weighted.T @ picture)
        left = picture - design @ attenuation
        spread = 1.4826 * float(np.median(np.abs(left))) + 1e-9
        weights = 1 / (1 + (left / (_ROBUST * spread)) ** 2) ** 2  # Geman-McClure
    return _Explained(np.asarray(attenuation), np.asarray(left), np.asarray(weights), spread)


def _terms(
    vertices: Array, normals: Array, basis: Array, faces: Faces, blur: float, window: _Window
) -> tuple[Array, Array]:
    """(K, K) curvature and (K,) pull of a Gauss-Newton step on what is not explained."""
    lengths = window.lengths(vertices, normals, faces)
    now = _explained(window, lengths, blur)
    slopes = np.empty((len(now.left), len(basis)))
    for mode, moved in enumerate(basis):
        change = window.lengths(vertices + _STEP * moved, normals, faces) - lengths
        slopes[:, mode] = _lines(np.tensordot(now.attenuation, change, axes=1) / _STEP, blur)[window.counted]
    independent = (_INDEPENDENT_MM * (1 + blur) / _PIXEL_MM) ** 2
    weighted = slopes * (now.weights / (now.spread**2 * independent))[:, None]
    return np.asarray(weighted.T @ slopes), np.asarray(weighted.T @ now.left)
