"""Which point of a model's outline belongs to which point of a contour, and how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from recon.bones import Bone
from recon.experiments.baselines.contours import Contour, Outline, model_outline
from recon.experiments.baselines.knee_model import KneeModel
from recon.geometry import Camera

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

_FACING = 0.6  # least cosine between the normals of a match
# A distance counts with this deviation per 1 mm of contour: what the model cannot follow is alike over many
# millimetres of contour, so that neighbours are not independent. The best on the validation people of 0.7,
# 1, 1.5 and 2.5.
_DEVIATION_MM = 2.5
_ROBUST_MM = 1.5


@dataclass(frozen=True, eq=False)
class ContourView:
    """One picture with its contour.

    Attributes:
        camera: of the picture.
        usable: (rows, columns), see ``usable_pixels``.
        contour: of the shadow of all bones.
        pixel_mm: size of a pixel in the plane of the isocentre.
    """

    camera: Camera
    usable: npt.NDArray[np.bool_]
    contour: Contour
    pixel_mm: float


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of outline and contour points.

    Attributes:
        view: the picture.
        outline: (N) points, some perhaps several times.
        targets: (N, 2) pixels that they should meet.
        normals: (N, 2) of the contour there.
        weights: (N,) factors from pixels across the contour to residuals.
    """

    view: ContourView
    outline: Outline
    targets: Array
    normals: Array
    weights: Array


def match(knee: KneeModel, view: ContourView, parameters: Array, gate: float) -> Matches:
    """Pairs of outline and contour within ``gate`` mm that face alike, weighted, found both ways."""
    vertices = {bone: knee.vertices(bone, parameters) for bone in knee.bones}
    outline = model_outline(vertices, knee.bones, view.camera, view.usable)
    contour, reach = view.contour, gate / view.pixel_mm
    # Nearest in place and direction at once: turning by 60 degrees counts as much as half the gate.
    lift = 0.5 * reach
    of_model = np.concatenate([outline.pixels, lift * outline.normals], axis=1)
    of_picture = np.concatenate([contour.pixels, lift * contour.normals], axis=1)
    pairs = []
    if len(of_model) and len(of_picture):
        to_model = cKDTree(of_model).query(of_picture)[1]
        to_picture = cKDTree(of_picture).query(of_model)[1]
        # One contour point stands for a pixel of length; the outline's points share that length out.
        share = len(of_picture) / len(of_model)
        pairs = [
            (to_model, np.arange(len(of_picture)), 1.0),
            (np.arange(len(of_model)), to_picture, share),
        ]
    model_index = np.concatenate([np.empty(0, np.int64), *(pair[0] for pair in pairs)])
    picture_index = np.concatenate([np.empty(0, np.int64), *(pair[1] for pair in pairs)])
    length = np.concatenate([np.empty(0), *(np.full(len(pair[0]), pair[2]) for pair in pairs)])
    targets, normals = contour.pixels[picture_index], contour.normals[picture_index]
    across = ((outline.pixels[model_index] - targets) * normals).sum(axis=1) * view.pixel_mm
    apart = np.linalg.norm(outline.pixels[model_index] - targets, axis=1) * view.pixel_mm
    alike = (outline.normals[model_index] * normals).sum(axis=1)
    kept = (apart < gate) & (alike > _FACING)
    # Cauchy weights: a piece of contour that the model does not have pulls little.
    robust = 1 / (1 + (across / max(_ROBUST_MM, gate / 3)) ** 2)
    weights = np.sqrt(0.5 * robust * length * view.pixel_mm) / _DEVIATION_MM
    return Matches(
        view, outline.where(model_index[kept]), targets[kept], normals[kept], weights[kept] * view.pixel_mm
    )


def residuals(knee: KneeModel, matches: Matches, parameters: Array) -> Array:
    """(N,) weighted distances across the contour."""
    pixels = np.empty_like(matches.targets)
    for bone, rows, edge in _by_bone(matches.outline):
        vertices = knee.vertices(bone, parameters)
        first, second, share = edge
        points = (1 - share[:, None]) * vertices[first] + share[:, None] * vertices[second]
        pixels[rows] = matches.view.camera.project(points)[0]
    return np.asarray(((pixels - matches.targets) * matches.normals).sum(axis=1) * matches.weights)


def jacobian(knee: KneeModel, matches: Matches, parameters: Array) -> Array:
    """(N, size) derivative of ``residuals``.

    A point keeps its place on the mesh: to first order an outline moves across itself as that point does.
    """
    result = np.zeros((len(matches.targets), knee.size))
    projection = matches.view.camera.projection
    for bone, rows, edge in _by_bone(matches.outline):
        vertices = knee.vertices(bone, parameters)
        first, second, share = edge
        points = (1 - share[:, None]) * vertices[first] + share[:, None] * vertices[second]
        pixels, depth = matches.view.camera.project(points)
        normals = matches.normals[rows]
        # d(n . pixel) / d(point), from the quotient of the homogeneous coordinates
        slope = normals @ projection[:2, :3] - (normals * pixels).sum(axis=1)[:, None] * projection[2, :3]
        slope *= (matches.weights[rows] / depth)[:, None]
        moves = knee.vertex_jacobian(bone, parameters, edge)
        columns = [0, *range(knee.slices[bone].start, knee.slices[bone].stop)]
        result[np.ix_(rows, columns)] = np.einsum("nc,nck->nk", slope, moves)
    return result


def mean_distance(knee: KneeModel, views: Sequence[ContourView], parameters: Array) -> float:
    """Mean distance in mm, in the plane of the isocentre, from contours to outlines and back.

    Across the contour where the nearest point faces alike, else to that point; infinite without a contour.
    """
    total = []
    for view in views:
        vertices = {bone: knee.vertices(bone, parameters) for bone in knee.bones}
        outline = model_outline(vertices, knee.bones, view.camera, view.usable)
        contour = view.contour
        if not len(outline.pixels) or not len(contour.pixels):
            return float("inf")
        nearest_outline = cKDTree(outline.pixels).query(contour.pixels)[1]
        nearest_contour = cKDTree(contour.pixels).query(outline.pixels)[1]
        means = []
        for model, picture in (
            (nearest_outline, np.arange(len(contour.pixels))),
            (np.arange(len(outline.pixels)), nearest_contour),
        ):
            apart = outline.pixels[model] - contour.pixels[picture]
            alike = (outline.normals[model] * contour.normals[picture]).sum(axis=1) > _FACING
            across = np.abs((apart * contour.normals[picture]).sum(axis=1))
            means.append(np.where(alike, across, np.linalg.norm(apart, axis=1)).mean())
        total.append(float(np.mean(means)) * view.pixel_mm)
    return float(np.mean(total))


def _by_bone(outline: Outline) -> list[tuple[Bone, Index, tuple[Index, Index, Array]]]:
    """For each bone: its rows, and its points as places on mesh edges."""
    result = []
    for label in np.unique(outline.bones):
        rows = np.flatnonzero(outline.bones == label)
        result.append((Bone(label), rows, (outline.first[rows], outline.second[rows], outline.share[rows])))
    return result
