"""Refinement at test time: what the network drew, mended by what bones of people look like.

Where the border of a bone hides behind another one, a network guesses and its margin is flat; the shape model
is laid onto the places where the margin is steep and onto the outlines in the images, whose pixels are finer
than the network's, and both are mixed by how far each can be believed. Works with the field of any network.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from recon.bones import Bone, BoneSet
from recon.field_of_view import FieldOfView
from recon.geometry import ReconstructionCube
from recon.handedness import Side, side_of
from recon.parallel import in_parallel
from recon.refine.blend import ModelLayer, blended, model_layer
from recon.refine.edges import EdgeImage, Pictured
from recon.refine.matching import BORDER_MM, Surface
from recon.refine.register import Fit, lay_loose, lay_on, place_knee
from recon.refine.shapes import BoneShape, left_knee, vertex_normals
from recon.refine.synthesis import follow_lines, top_share
from recon.surface import Field

Array = npt.NDArray[np.float64]
_PROBE_MM = 1.5  # to both sides of the surface, to see how steep the margin is
_DEVIATION = 0.8  # mm of error where the margin changes by one logit a mm
_LEAST_DEVIATION, _MOST_DEVIATION = 0.45, 6.0
_MODEL_DEVIATION = 0.15  # mm, where the sure places round about fit it
_NEIGHBOURHOOD = 24
_EXCESS = 3.0  # deviations of the network that disagreement with the model may have
# Until this much is sure round about (inverse fourth powers of mm, a vertex), disagreement tells nothing.
_SURE = 0.2
_HIDDEN = 0.9  # share of the model where the network drew something that faces another way
_WORST_MM = 1.2  # mean distance of sure places from a model that is believed
_CONFIRMED_MM = 0.15  # mean distance of its outlines from edges in the images where these say it lies right
_FEWEST = 0.85  # of the vertices in view, short of where a bone was cut, must have a partner
_LONGEST_CUT = 0.75  # of the vertices in view may lie beyond the end of the bone
_EVERY = 2
_IN_VIEW_MM = 3.0


@dataclass(frozen=True, eq=False)
class RefinedBone:
    """A bone's shape as refined, in correspondence with that bone of everybody.

    Attributes:
        vertices: (V, 3) mm, numbered as the template.
        faces: (F, 3) outward.
        fit: of the shape model.
        share: (V,) how far the model is believed, 0 to 1.
        matched: (V,) what the views show of the bone.
    """

    vertices: Array
    faces: npt.NDArray[np.int64]
    fit: Fit
    share: Array
    matched: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Refinement:
    """What refinement gives.

    Attributes:
        field: margins in mm, to be extracted like a network's.
        bones: those that were refined.
        rejected: why others were not.
        surfaces: what the network drew.
        fits: of all bones, believed or not.
        steepest: edge before the bones of what is thicker than a wire, a millimetre; None without images.
    """

    field: Field
    bones: Mapping[Bone, RefinedBone]
    rejected: Mapping[Bone, str]
    surfaces: Mapping[Bone, Surface]
    fits: Mapping[Bone, Fit]
    steepest: float | None = None


def drawn_surfaces(field: Field, rough: BoneSet, seen: FieldOfView) -> dict[Bone, Surface]:
    """Points of rough meshes in the field of view, with the error that the margin's steepness forebodes."""
    surfaces = {}
    for bone, mesh in rough.items():
        vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
        normals = vertex_normals(vertices, faces)[::_EVERY]
        points = vertices[::_EVERY]
        inside = seen.depth(points) > 1.0
        points, normals = points[inside], normals[inside]
        if len(points) < 100:
            continue
        both = field(np.concatenate([points - _PROBE_MM * normals, points + _PROBE_MM * normals]))[
            :, bone - 1
        ]
        steepness = (both[: len(points)] - both[len(points) :]) / (2 * _PROBE_MM)
        deviations = np.clip(_DEVIATION / np.maximum(steepness, 1e-3), _LEAST_DEVIATION, _MOST_DEVIATION)
        surfaces[bone] = Surface(points, normals, deviations.astype(np.float64), cKDTree(points))
    return surfaces


def refine(
    field: Field,
    rough: BoneSet,
    seen: FieldOfView,
    cube: ReconstructionCube,
    images: Sequence[EdgeImage] = (),
    *,
    side: Side | None = None,
) -> Refinement:
    """Refine what a network says.

    Args:
        field: the network's margins.
        rough: bones extracted from them, at any resolution.
        seen: where the field can be trusted.
        cube: that is reconstructed.
        images: edges of the views, which the outlines of the shape model follow.
        side: of the knee, where it is known otherwise than from how the bones lie.

    Raises:
        InputError: no_shapes, where the shape model is not installed.
    """
    surfaces = drawn_surfaces(field, rough, seen)
    fits, shapes = _fits(surfaces, side or side_of(rough), seen, images)
    bones, rejected, layers = {}, {}, {}
    for bone, fit in fits.items():
        reason = _unfit(fit, seen)
        if reason:
            rejected[bone] = reason

    followed = _with_lines(fits, shapes, rejected, rough, seen, [image.view for image in images])

    def layer_of(bone: Bone) -> tuple[Array, ModelLayer | None]:
        fit, share = followed[bone], model_share(followed[bone])
        return share, model_layer(fit, shapes[bone].faces, share, fit.deviations / _DEVIATION, cube)

    believed = [bone for bone in fits if bone not in rejected]
    for bone, (share, layer) in zip(believed, in_parallel(layer_of, believed), strict=True):
        if layer is None:
            continue
        fit, layers[bone] = followed[bone], layer
        follow = np.where(fit.matched, (1 - share) * fit.residuals, 0.0)
        at = fit.vertices + follow[:, None] * fit.normals
        bones[bone] = RefinedBone(at, shapes[bone].faces, fits[bone], share, fit.matched)
    drawn = np.concatenate([np.empty((0, 3)), *(surface.points for surface in surfaces.values())])
    steepest = max((image.thick.before(drawn) for image in images), default=None)
    mixed = blended(field, layers, cube)
    return Refinement(mixed, dict(sorted(bones.items())), rejected, surfaces, fits, steepest)


def _fits(
    surfaces: Mapping[Bone, Surface], side: Side | None, seen: FieldOfView, images: Sequence[EdgeImage]
) -> tuple[dict[Bone, Fit], dict[Bone, BoneShape]]:
    shapes = left_knee()
    if not surfaces:
        return {}, shapes
    if side == "R":
        shapes = {bone: shape.mirrored() for bone, shape in shapes.items()}
    start = place_knee(shapes, surfaces, seen.depth)

    def laid(bones: Sequence[Bone]) -> dict[Bone, Fit]:
        fits: dict[Bone, Fit] = {}
        for bone in bones:
            if bone is Bone.PATELLA:
                fits[bone] = lay_loose(shapes[bone], surfaces[bone], start, seen.depth, images)
                continue
            # The fibula is round and turns in its place; the tibia says how it stands.
            tied = bone is Bone.FIBULA and Bone.TIBIA in fits
            motion = fits[Bone.TIBIA].motion if tied else start
            fits[bone] = lay_on(shapes[bone], surfaces[bone], motion, seen.depth, tied=tied, images=images)
        return fits

    groups = ((Bone.TIBIA, Bone.FIBULA), (Bone.FEMUR,), (Bone.PATELLA,))
    found = in_parallel(laid, ([bone for bone in group if bone in surfaces] for group in groups))
    return {bone: fit for fits in found for bone, fit in fits.items()}, shapes


def _with_lines(
    fits: Mapping[Bone, Fit],
    shapes: Mapping[Bone, BoneShape],
    rejected: Collection[Bone],
    rough: BoneSet,
    seen: FieldOfView,
    views: Sequence[Pictured],
) -> dict[Bone, Fit]:
    """The fits, of a believed tibia with the top that the lines in the views tell.

    The network drew that without them, so its disagreement there does not speak against the model.
    """
    if Bone.TIBIA not in fits or Bone.TIBIA in rejected or not views:
        return dict(fits)
    tibia, shape = fits[Bone.TIBIA], shapes[Bone.TIBIA]
    others = [
        (np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int64))
        if bone in rejected
        else (fits[bone].vertices, shapes[bone].faces)
        for bone, mesh in rough.items()
        if bone in fits and bone is not Bone.TIBIA
    ]
    shown = (seen.depth(tibia.vertices) > BORDER_MM) & ~tibia.ended
    moved = follow_lines(shape, tibia, others, views, shown)
    if moved is None:
        return dict(fits)
    normals, residuals = vertex_normals(moved, shape.faces), tibia.residuals * (1 - top_share(tibia))
    return {**fits, Bone.TIBIA: replace(tibia, vertices=moved, normals=normals, residuals=residuals)}


def sure_distance(fit: Fit) -> float:
    """Mean distance in mm of the surface from the model, by how sure the network is of it."""
    weight = fit.matched / fit.deviations**2
    return float((weight * np.abs(fit.residuals)).sum() / max(weight.sum(), 1e-9))


def _displacement(fit: Fit) -> Array:
    """(3,) mm by which the surface lies off the model as a whole, by how sure the network is of it."""
    weight = fit.matched / fit.deviations**2
    weighted = fit.normals * weight[:, None]
    return np.asarray(np.linalg.lstsq(weighted.T @ fit.normals, weighted.T @ fit.residuals, rcond=None)[0])


def _placed(fit: Fit) -> Fit:
    """The fit beside a surface that is moved onto it as a whole, where the outlines in the images say so.

    Where views are close, a network can draw a bone of the right form in the wrong place, and be sure of it.
    """
    if fit.misfit is None or fit.misfit > _CONFIRMED_MM:
        return fit
    return replace(fit, residuals=fit.residuals - fit.normals @ _displacement(fit))


def unmatched_share(fit: Fit, seen: FieldOfView) -> float:
    """How much of the model in view, short of where the bone was cut, has no partner on the surface."""
    expected = (seen.depth(fit.vertices) > _IN_VIEW_MM) & ~fit.ended
    return float(1 - fit.matched[expected].mean()) if expected.any() else 1.0


def _unfit(fit: Fit, seen: FieldOfView) -> str | None:
    """Why a fit is not believed; None where it is. Needs no truth: only what the network is sure of."""
    in_view = seen.depth(fit.vertices) > _IN_VIEW_MM
    if not in_view.any() or fit.ended[in_view].mean() > _LONGEST_CUT:
        return "too little of the bone is in view"
    unmatched = unmatched_share(fit, seen)
    if unmatched > 1 - _FEWEST:
        return f"{100 * unmatched:.0f} % of the shape model is not on the surface"
    distance = sure_distance(_placed(fit))
    if distance > _WORST_MM:
        return f"the shape model lies {distance:.1f} mm from what the network is sure of"
    return None


def model_share(fit: Fit) -> Array:
    """(V,) how far to believe the model against the network: the ratio of their variances.

    The model's variance grows where sure places round about lie off it, beyond what their own error explains.
    """
    _, near = cKDTree(fit.vertices).query(fit.vertices, _NEIGHBOURHOOD)
    weight = fit.matched / fit.deviations**4
    excess = np.maximum(fit.residuals**2 - (_EXCESS * fit.deviations) ** 2, 0)
    sure = weight[near].sum(axis=1) + _SURE * _NEIGHBOURHOOD
    local = (weight[near] * excess[near]).sum(axis=1) / sure
    variance = _MODEL_DEVIATION**2 + local
    share = fit.deviations**2 / (fit.deviations**2 + variance)
    return np.asarray(np.where(fit.matched, share, np.where(fit.ended, 0.0, _HIDDEN)))
