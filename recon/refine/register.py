"""Lay the shape model onto the surface that a network drew, then onto the outlines in the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from recon.bones import Bone
from recon.refine.edges import EdgeImage, Outline, mesh_edges, outline, rim
from recon.refine.laid import Laid, Motion, Terms
from recon.refine.matching import BORDER_MM, Depth, Mask, Surface, match
from recon.refine.shapes import BoneShape, vertex_normals

Array = npt.NDArray[np.float64]

# Chosen on validation people, like every constant of this package.
# mm2 of surface: the network's errors are alike within centimetres, and outlines know better.
_INDEPENDENT_MM2, _LAST_INDEPENDENT_MM2 = 130.0, 600.0
ROBUST = 2.0  # deviations, and reaches of outlines, at which a point counts a quarter
_FIRST_ROBUST, _NARROWING = 6.0, 0.6
_STEPS, _RIGID_STEPS, _MODEL_STEPS = 11, 2, 4
_OUTLINE_STEPS = 9
_OUTLINE_DEVIATION = 0.3  # mm, of an edge in an image
_OUTLINE_INDEPENDENT_MM = 6.0  # along an outline
# mm, standard deviations of how far off outlines are before and after.
_FIRST_REACH, _LAST_REACH, _REACH_NARROWING = 1.5, 0.6, 0.8
POSE_DEVIATIONS = np.array([3.0, 3.0, 3.0, 0.06, 0.06, 0.06])  # mm, radians: of the fibula beside the tibia
_ICP_STEPS, _ICP_SHARE = 30, 85
_AT_EDGES_MM = 0.1  # mean distance of its outlines from edges where a bone lies right
# Ways in which a loose bone may begin: as the rest of the knee stands, and turned.
_TURNS = Rotation.from_rotvec(
    np.deg2rad(25.0) * np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)])
).as_matrix()


@dataclass(frozen=True, eq=False)
class Fit:
    """A bone's shape laid onto a surface.

    Attributes:
        vertices: (V, 3) mm.
        normals: (V, 3) outward.
        residuals: (V,) mm along the normals to the surface; positive where that lies outside the model.
        deviations: (V,) expected error of the surface there.
        matched: (V,) vertices whose place the surface shows.
        ended: (V,) vertices beyond the end of the surface, where a bone was cut.
        motion: of the template.
        oddness: root mean square of the coefficients between people, in standard deviations.
        size: coefficient of the size, in standard deviations.
        misfit: mean distance in mm of its outlines from edges in the images; None without images.
        steepness: median of the edges at its outlines, a millimetre; None without images.
        laid: the template as it came to lie.
    """

    vertices: Array
    normals: Array
    residuals: Array
    deviations: Array
    matched: Mask
    ended: Mask
    motion: Motion
    oddness: float
    size: float
    misfit: float | None = None
    steepness: float | None = None
    laid: Laid | None = None


def rigid_motion(moving: Array, fixed: Array) -> Motion:
    """Rotation (3, 3) and translation (3,) that lay (N, 3) points on others in least squares.

    Source: Arun et al. 1987, 10.1109/TPAMI.1987.4767965.
    """
    from_centre, to_centre = moving.mean(axis=0), fixed.mean(axis=0)
    u, _, vt = np.linalg.svd((moving - from_centre).T @ (fixed - to_centre))
    rotation = (u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt).T
    return rotation, to_centre - rotation @ from_centre


def place_knee(shapes: Mapping[Bone, BoneShape], surfaces: Mapping[Bone, Surface], depth: Depth) -> Motion:
    """The motion of the mean knee onto all surfaces at once: closest points of the same bone, trimmed."""
    points = {bone: shapes[bone].mean[::3] for bone in surfaces}
    rotation, shift = np.eye(3), np.zeros(3)
    for _ in range(_ICP_STEPS):
        moving, fixed, apart = [], [], []
        for bone, surface in surfaces.items():
            moved = points[bone] @ rotation.T + shift
            moved = moved[depth(moved) > BORDER_MM]
            distance, nearest = surface.tree.query(moved)
            moving.append(moved)
            fixed.append(surface.points[nearest])
            apart.append(distance)
        distances = np.concatenate(apart)
        if len(distances) < 30:
            break
        kept = distances <= np.percentile(distances, _ICP_SHARE)
        turn, step = rigid_motion(np.concatenate(moving)[kept], np.concatenate(fixed)[kept])
        rotation, shift = turn @ rotation, turn @ shift + step
    return rotation, shift


def lay_on(
    shape: BoneShape,
    surface: Surface,
    start: Motion,
    depth: Depth,
    *,
    tied: bool = False,
    images: Sequence[EdgeImage] = (),
) -> Fit:
    """Shape and pose of one bone, maximum a posteriori, by Gauss-Newton steps on point-to-plane distances.

    Each point counts by its expected error, and less the further off it is (Geman-McClure), so that bumps do
    not pull. Once shape and pose are near, their outlines are drawn to edges of the images as well; that is
    kept only where the outlines come nearer to edges.

    Args:
        shape: of the right side.
        surface: to follow.
        start: motion of the template to begin with.
        depth: millimetres inside the field of view.
        tied: whether the pose stays near the start.
        images: edges of the views.
    """
    laid = Laid.start(shape, start)
    stiffness = 1 / POSE_DEVIATIONS**2 if tied else np.full(6, 1e-6)
    for step in range(_STEPS):
        every = len(laid.coefficients)
        free = 0 if step < _RIGID_STEPS else len(laid.modes) if step < _MODEL_STEPS else every
        robust = max(ROBUST, _FIRST_ROBUST * _NARROWING**step)
        terms = surface_terms(laid, surface, depth, free, robust, _INDEPENDENT_MM2)
        laid = laid.stepped(terms, stiffness)
    lines: list[Outline] = []
    if images:
        laid, lines = _drawn_to_edges(laid, surface, depth, images, stiffness)
    steep = [value for line in lines for value in line.steepness]
    at = laid.vertices()
    normals = vertex_normals(at, shape.faces)
    found = match(at, normals, surface, depth)
    known = laid.coefficients[: len(laid.modes)]
    return Fit(
        at,
        normals,
        found.along,
        found.deviations,
        found.matched,
        found.ended,
        (laid.rotation, laid.shift),
        oddness=float(np.sqrt(np.mean(known[:-1] ** 2))),
        size=float(known[-1]),
        misfit=_misfit(lines) if images else None,
        steepness=float(np.median(steep)) if steep else None,
        laid=laid,
    )


def lay_loose(
    shape: BoneShape, surface: Surface, start: Motion, depth: Depth, images: Sequence[EdgeImage] = ()
) -> Fit:
    """As ``lay_on``, of a bone that its neighbours do not place: a patella may stand centimetres higher.

    It begins in the middle of the surface, and again turned another way while its outlines come to lie beside
    the edges of the images; the fit with the nearest ones is kept.

    Args:
        shape: of the right side.
        surface: to follow.
        start: motion of the knee as a whole.
        depth: millimetres inside the field of view.
        images: edges of the views.
    """
    fits = []
    for turn in _TURNS:
        rotation = turn @ start[0]
        motion = rotation, surface.points.mean(axis=0) - rotation @ shape.mean.mean(axis=0)
        fits.append(lay_on(shape, surface, motion, depth, images=images))
        if fits[-1].misfit is None or fits[-1].misfit <= _AT_EDGES_MM:
            break
    return min(fits, key=lambda fit: fit.misfit or 0.0)


def _drawn_to_edges(
    laid: Laid, surface: Surface, depth: Depth, images: Sequence[EdgeImage], stiffness: Array
) -> tuple[Laid, list[Outline]]:
    """The template after its outlines were drawn to edges, or as it was where that brought them no nearer."""
    edges = open_edges(laid.shape)
    lines, before = outlines(laid, surface, depth, edges, images, _LAST_REACH), laid
    for step in range(_OUTLINE_STEPS):
        reach = max(_LAST_REACH, _FIRST_REACH * _REACH_NARROWING**step)
        free = len(laid.coefficients)
        terms = surface_terms(laid, surface, depth, free, ROBUST, _LAST_INDEPENDENT_MM2)
        for line in outlines(laid, surface, depth, edges, images, reach):
            terms = terms + outline_terms(laid, line, reach)
        laid = laid.stepped(terms, stiffness)
    after = outlines(laid, surface, depth, edges, images, _LAST_REACH)
    return (laid, after) if _misfit(after) < _misfit(lines) else (before, lines)


def open_edges(shape: BoneShape) -> npt.NDArray[np.int64]:
    """(E, 2) edges of a template, but for those where it was closed: outlines of bone lie on them."""
    edges = mesh_edges(shape.faces)
    return np.asarray(edges[(shape.areas[edges] > 0).all(axis=1)])


def surface_terms(
    laid: Laid, surface: Surface, depth: Depth, free: int, robust: float, independent: float
) -> Terms:
    """Distances of a template to the surface, by its pose and its first ``free`` coefficients.

    Args:
        laid: the template.
        surface: that the network drew.
        depth: millimetres inside the field of view.
        free: number of coefficients that may change.
        robust: deviations at which a point counts a quarter.
        independent: mm2 of surface on which errors are alike.
    """
    at = laid.vertices()
    found = match(at, vertex_normals(at, laid.shape.faces), surface, depth)
    weights = found.weights(robust) * laid.shape.areas / independent
    used = np.flatnonzero(weights > 0)
    split = len(laid.modes)
    slopes = laid.slopes(
        at[used],
        found.planes[used],
        laid.modes[: min(free, split), used],
        laid.own_normals[used],
        laid.shape.detail[: max(free - split, 0), used],
    )
    return Terms(slopes, found.across[used], weights[used])


def outline_terms(laid: Laid, line: Outline, reach: float) -> Terms:
    """Distances of outlines in a view to its edges, by pose and all coefficients.

    Args:
        laid: the template.
        line: its outlines in the view.
        reach: with which their edges were sought, mm.
    """
    points = line.rim
    slopes = laid.slopes(
        points.points,
        points.normals,
        points.of(laid.modes),
        points.of(laid.own_normals[None])[0],
        points.of(laid.shape.detail),
    )
    relative = line.across / (ROBUST * reach)
    deviations = _OUTLINE_DEVIATION * (1 + relative**2)
    weights = line.belief * points.lengths / _OUTLINE_INDEPENDENT_MM / deviations**2
    return Terms(slopes, line.across, weights)


def outlines(
    laid: Laid,
    surface: Surface,
    depth: Depth,
    edges: npt.NDArray[np.int64],
    images: Sequence[EdgeImage],
    reach: float,
) -> list[Outline]:
    """The outlines in each view, in the field of view and short of where a bone was cut.

    Args:
        laid: the template.
        surface: says where the bone ends.
        depth: millimetres inside the field of view.
        edges: of the template, see ``open_edges``.
        images: edges of the views.
        reach: standard deviation in mm of how far off outlines are.
    """
    at = laid.vertices()
    normals = vertex_normals(at, laid.shape.faces)
    ended = match(at, normals, surface, depth).ended
    found = []
    for image in images:
        points = rim(at, normals, edges, image.camera)
        shown = (depth(points.points) > BORDER_MM) & ~ended[points.first]
        found.append(outline(image, points.kept(shown), reach))
    return found


def _misfit(lines: Sequence[Outline]) -> float:
    """Mean distance in mm of outlines from edges, as far as these are believed."""
    across = np.concatenate([line.across for line in lines])
    weights = np.concatenate([line.belief * line.rim.lengths for line in lines])
    return float((weights * np.abs(across)).sum() / max(weights.sum(), 1e-9)) if weights.any() else np.inf
